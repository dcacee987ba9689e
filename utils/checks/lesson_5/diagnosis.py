"""Check for 5.diagnosis: which program retries correctly, and what is wrong with the others."""

from utils.checks.engine.diagnosis import clinic

check = clinic("5.diagnosis", ("healthy", "doubled", "lost", "truncated"))
