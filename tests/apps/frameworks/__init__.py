"""Apps in a browser: a package, so that its package-scoped browser is closed after its tests."""
