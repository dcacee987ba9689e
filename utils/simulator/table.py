"""The table of faults as text: for the terminal and for `FAULTS.md`."""

from __future__ import annotations

from .faults import FAULTS, Fault

_STAGES = {
    "refusal": "An error instead of a reply",
    "wording": "In what is generated, and when",
    "delivery": "On the way to the client",
}
_HEAD = """\
# Faults on request

Made from the code by `python -m utils.simulator --faults`. Don't edit.

A model's name asks for a fault: `sim-chat:drop@40` is the model `sim-chat` with a connection that
breaks after 40 tokens. The numbers may be left out; those shown are the defaults. Several follow
each other: `sim-chat:packed@4:bursts@2`. In a notebook: `chat_model("chat", delivery="drop@40")`.
All times are the profile's, so `COURSE_SPEED` shortens them too.
"""
_FOOT = """\
What every stream has without asking: a first chunk with a role and no text, a finish reason in a
chunk of its own, and, with `stream_options.include_usage`, token counts in a last chunk without
choices. The classes are `openai`'s; `ChatOpenAI` raises them or its own subclasses of them.
*Streams alone* means that a reply that isn't streamed comes as if nothing were wrong.
"""


def markdown() -> str:
    """Return the table as a Markdown document."""
    blocks = [_HEAD]
    for stage, title in _STAGES.items():
        rows = ["| name | what happens | what `ChatOpenAI` makes of it |", "| --- | --- | --- |"]
        rows += [_row(fault) for fault in FAULTS.values() if _stage(fault) == stage]
        blocks.append(f"## {title}\n\n" + "\n".join(rows) + "\n")
    return "\n".join([*blocks, _FOOT])


def _stage(fault: Fault) -> str:
    return "wording" if fault.stage == "asking" else fault.stage


def _row(fault: Fault) -> str:
    names = ", ".join(name for name, _ in fault.numbers)
    suffix = f"`:{fault.example}`" + (f" ({names})" if names else "")
    does = fault.does if fault.whole else f"{fault.does} *Streams alone.*"
    raised = f"Raises `{fault.raises}`" if fault.raises else ""
    if fault.by_responses != fault.raises:
        raised += f" (`{fault.by_responses}` by the Responses API)"
    client = f"{raised}. {fault.client}" if raised else fault.client
    return f"| {suffix} | {does} | {client} |"
