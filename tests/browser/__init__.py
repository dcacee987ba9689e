"""Browser tests, in a package, so that the package-scoped browser closes after the last one."""
