"""The building blocks of checks: fakes to run an answer against, and common mistakes."""
