"""Check for 3.diagnosis: how each of four programs decides whether to store a reply as complete."""

from utils.checks.engine.diagnosis import clinic

check = clinic("3.diagnosis", ("healthy", "any reason", "judges the text", "no exception"))
