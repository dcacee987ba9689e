"""Browser tests, in a package so that its package-scoped browser is closed after the last one."""
