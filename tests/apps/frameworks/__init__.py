"""Browser tests of the apps. They form a package, so the browser is closed after the last test."""
