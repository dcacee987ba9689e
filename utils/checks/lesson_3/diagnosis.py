"""Check for 3.diagnosis: how each program in `utils/clinics/lesson_3.py` decides what to store."""

from utils.checks.engine.diagnosis import clinic

check = clinic("3.diagnosis", ("healthy", "any reason", "judges the text", "no exception"))
