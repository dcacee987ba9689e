"""The reasoning that precedes an answer: a summary in a few short paragraphs."""

from ..model_request import ModelRequest

_LONGEST_QUOTE = 100  # characters


def about(request: ModelRequest, calls: list[str]) -> list[str]:
    """Return reasoning as paragraphs with headings; `calls` names the tools the reply calls."""
    quoted = " ".join(request.prompt.split()) or "nothing at all"
    if len(quoted) > _LONGEST_QUOTE:
        quoted = quoted[: _LONGEST_QUOTE - 1] + "…"
    paragraphs = [f"**Reading the question**\n\nThe message says “{quoted}”. What does it want?"]
    if request.turns[-1].role == "tool":
        paragraphs.append(
            "**Looking at the results**\n\nThe tools have answered. I should say what they found, "
            "each with what it is about, and add nothing that they did not say."
        )
    elif calls:
        names = " and ".join(dict.fromkeys(calls))
        paragraphs.append(
            f"**Choosing a tool**\n\nI can't know this by heart, but {names} can tell. I need its "
            f"arguments from the question, and {len(calls)} call{'s' if len(calls) > 1 else ''}."
        )
    else:
        paragraphs.append(
            "**Planning the answer**\n\nNo tool is needed here. I will begin with what matters "
            "most, keep it short, and stop when it is said."
        )
    return paragraphs
