"""Check for 2.diagnosis: which program has a healthy handler, and what is wrong with the others."""

from utils.checks.engine.diagnosis import clinic

check = clinic("2.diagnosis", ("healthy", "not streaming", "attached twice", "fails silently"))
