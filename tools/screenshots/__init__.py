"""Screenshots for the site and the README, taken in a real browser; for maintainers."""
