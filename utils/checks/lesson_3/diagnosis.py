"""Which of four replies is complete, and why the others ended."""

from utils.checks.clinic import clinic

check = clinic("3.diagnosis", ("complete", "limit", "filtered", "truncated"))
