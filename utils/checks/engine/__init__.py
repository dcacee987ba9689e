"""The building blocks of checks: fakes for running an answer, and common mistakes."""
