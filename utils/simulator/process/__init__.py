"""The simulator process; standard library only, since every notebook imports this package."""
