"""Browser tests, in a package so that the package-scoped browser is closed after the last test."""
