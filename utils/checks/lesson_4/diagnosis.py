"""Exercise 4.8: which endpoint is healthy, and what is wrong with the others."""

from utils.checks.engine.clinic import clinic

check = clinic("4.8", ("healthy", "blocks the loop", "buffered", "keeps generating"))
