"""Check for 5.diagnosis: what is wrong with each program of `utils/clinics/lesson_5.py`."""

from utils.checks.engine.diagnosis import clinic

# the diagnoses to choose from; `clinic` finds the right ones in the lesson's solution
check = clinic("5.diagnosis", ("healthy", "doubled", "lost", "truncated"))
