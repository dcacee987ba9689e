"""Browser tests of the apps. They form a package, after whose last test the browser is closed."""
