"""Browser tests of the apps, in a package so that the browser is closed after the last test."""
