"""What a lost connection and a second request did to four programs' replies."""

from utils.checks.engine.diagnosis import clinic

check = clinic("5.diagnosis", ("healthy", "doubled", "lost", "truncated"))
