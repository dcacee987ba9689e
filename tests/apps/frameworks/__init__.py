"""Browser tests of the apps, in a package so that their browser is closed after the last test."""
