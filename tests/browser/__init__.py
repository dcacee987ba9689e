"""Tests in a browser, which they share: as a package, so that it ends with the last of them."""
