"""Which of four programs stores only complete replies, and what the others wrongly check."""

from utils.checks.engine.diagnosis import clinic

check = clinic("3.diagnosis", ("healthy", "any reason", "judges the text", "no exception"))
