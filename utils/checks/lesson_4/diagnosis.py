"""Check for 4.diagnosis: which endpoint is healthy, and what is wrong with the others."""

from utils.checks.engine.diagnosis import clinic

check = clinic("4.diagnosis", ("healthy", "blocks the loop", "buffered", "keeps generating"))
