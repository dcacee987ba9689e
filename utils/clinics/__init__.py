"""The patients of each lesson's clinic: models and programs with a fault for the learner to find.

They live here, and not in the notebook's cells, so that reading the cell doesn't spoil the
diagnosis. What each patient has is judged in `utils/checks`.
"""

from utils.clinics.lesson_1 import deployments
from utils.clinics.lesson_2 import complaints
from utils.clinics.lesson_3 import received
from utils.clinics.lesson_4 import endpoints, visit
from utils.clinics.lesson_5 import retries

__all__ = ["complaints", "deployments", "endpoints", "received", "retries", "visit"]
