"""Browser tests of the apps, in a package because the fixture `browser` is package-scoped."""
