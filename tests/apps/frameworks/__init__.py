"""Browser tests of the apps, in a package so that its browser is closed after the last one."""
