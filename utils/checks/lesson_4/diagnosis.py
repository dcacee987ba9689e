"""Check for 4.diagnosis: what is wrong with each endpoint of `utils/clinics/lesson_4.py`."""

from utils.checks.engine.diagnosis import clinic

check = clinic("4.diagnosis", ("healthy", "blocks the loop", "buffered", "keeps generating"))
