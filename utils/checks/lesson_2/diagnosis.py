"""Which program's handler is healthy, and what is wrong with the others."""

from utils.checks.clinic import clinic

check = clinic("2.diagnosis", ("healthy", "not streaming", "attached twice", "fails silently"))
