"""The simulator process. Uses only the standard library, since every notebook imports it."""
