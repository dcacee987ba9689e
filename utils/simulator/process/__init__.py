"""The simulator's process. Standard library only, since every notebook imports this."""
