"""Which of four programs stores complete replies alone, and what the others go by."""

from utils.checks.engine.diagnosis import clinic

check = clinic("3.diagnosis", ("healthy", "any reason", "judges the text", "no exception"))
