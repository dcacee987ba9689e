"""The patients of each lesson's clinic: models with a fault that the learner has to find.

They live here, and not in the notebook's cells, so that reading the cell doesn't spoil the
diagnosis. What each patient has is judged in `utils/checks`.
"""

from langchain_openai import ChatOpenAI

from utils.provider import chat_model


def deployments(exercise: str) -> dict[str, ChatOpenAI]:
    """Return the deployments to diagnose in `exercise`, by the name that the lesson gives them.

    They are always simulated: a real provider can't be asked to misbehave.

    Raises:
        KeyError: No clinic has that number.
    """
    patients = {
        "1.6": {
            "A": {"profile": "laptop"},
            "B": {"profile": "chat", "delivery": "buffered"},
            "C": {"profile": "chat"},
        },
    }
    return {
        name: chat_model(simulated=True, **settings) for name, settings in patients[exercise].items()
    }
