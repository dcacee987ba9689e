"""Which of four replies is complete, and what ended the others."""

from utils.checks.engine.clinic import clinic

check = clinic("3.diagnosis", ("complete", "limit", "filtered", "truncated"))
