"""Browser tests. A package, so that the shared browser closes after the last of them."""
