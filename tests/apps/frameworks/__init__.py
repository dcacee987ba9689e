"""Tests that only `test --apps` runs; a package because the fixture `browser` is package-scoped."""
