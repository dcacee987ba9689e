"""Check for 5.diagnosis: what is wrong with each program of `utils/clinics/lesson_5.py`."""

from utils.checks.engine.diagnosis import clinic

check = clinic("5.diagnosis", ("healthy", "doubled", "lost", "truncated"))
