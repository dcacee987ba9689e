"""Check for 2.diagnosis: which program has a healthy handler, and what is wrong with the others.

`clinic` compares the learner's dict with the one in the lesson's solution.
"""

from utils.checks.engine.diagnosis import clinic

check = clinic("2.diagnosis", ("healthy", "not streaming", "attached twice", "fails silently"))
