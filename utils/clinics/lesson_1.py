"""Lesson 1's clinic: it streams on my laptop but not in production."""

from langchain_openai import ChatOpenAI

from utils.provider import chat_model


def deployments(_: str = "") -> dict[str, ChatOpenAI]:
    """Return the deployments to diagnose, by their names in the lesson.

    They are always simulated, since a real provider can't be told to misbehave.

    Learners' old notebooks pass the number of the exercise.
    """
    return {
        "A": chat_model("laptop", simulated=True),
        "B": chat_model("chat", delivery="buffered", simulated=True),
        "C": chat_model("chat", simulated=True),
    }
