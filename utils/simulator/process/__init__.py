"""The simulator process; no third-party imports, since every notebook imports this package."""
