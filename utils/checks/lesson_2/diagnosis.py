"""Check for 2.diagnosis: which program has a healthy handler, and what is wrong with the others."""

from utils.checks.engine.diagnosis import clinic

# the diagnoses to choose from; `clinic` finds the right ones in the lesson's solution
check = clinic("2.diagnosis", ("healthy", "not streaming", "attached twice", "fails silently"))
