"""Programs that learners diagnose in each lesson's clinic.

Their code isn't in the notebooks, where it would give away the diagnosis. The correct diagnoses are
in the lesson solutions; `utils/checks/engine/diagnosis.py` checks learners' diagnoses.
"""

from utils.clinics.lesson_1 import deployments
from utils.clinics.lesson_2 import complaints
from utils.clinics.lesson_3 import received, stores
from utils.clinics.lesson_4 import endpoints, source, visit
from utils.clinics.lesson_5 import retries

__all__ = [
    "complaints",
    "deployments",
    "endpoints",
    "received",
    "retries",
    "source",
    "stores",
    "visit",
]
