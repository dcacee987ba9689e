"""Browser tests of the apps. A package, so that its package-scoped browser closes after them."""
