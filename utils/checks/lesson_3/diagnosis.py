"""Which of four replies is complete, and what ended the others."""

from utils.checks.clinic import clinic

check = clinic("3.diagnosis", ("complete", "limit", "filtered", "truncated"))
