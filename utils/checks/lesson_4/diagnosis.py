"""Check for 4.diagnosis: what is wrong with each endpoint of `utils/clinics/lesson_4.py`."""

from utils.checks.engine.diagnosis import clinic

# the diagnoses to choose from; `clinic` finds the right ones in the lesson's solution
check = clinic("4.diagnosis", ("healthy", "blocks the loop", "buffered", "keeps generating"))
