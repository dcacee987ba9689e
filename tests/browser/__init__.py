"""Browser tests, a package so that their shared browser is closed after the last of them."""
