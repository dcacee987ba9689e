"""The simulator process. Notebooks import this package, which needs only the standard library."""
