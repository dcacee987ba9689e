"""Browser tests of the apps: a package, since the fixture `browser` is open for one package."""
