"""The check of exercise 2.1: a handler whose `.text` grows with each token."""

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler

from utils.checks.engine.wording import shown
from utils.checks.handlers import listening, never_called, the_class
from utils.checks.lesson_2_heard import attached, in_turns, streamed
from utils.checks.observe import first_difference, kind
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, ProbeModel, cut
from utils.checks.texts import DANUBE, PROMPT, TIDE


def collector(answer: object) -> str:
    """A handler whose `.text` grows with each token, one reply in each."""
    make = the_class(answer, "Collector")
    _grows(make(), Probe(cut(DANUBE, 61)))
    _two_at_once(make(), make())
    _grows(make(), Probe(cut(TIDE, 62)))
    _hears_invoke(make(), Probe(cut(DANUBE, 63)))
    return (
        "After each token `.text` held all that had come, and two collectors at once kept their "
        "replies apart."
    )


def _grows(handler: BaseCallbackHandler, probe: Probe) -> None:
    looks: list[tuple[str, object]] = []  # what had come, and what `.text` held
    last_alone: list[bool] = []
    heard = ""
    with listening(handler):
        for chunk in streamed(probe, handler):
            heard += chunk.text
            looks.append((heard, _text_of(handler)))
            last_alone.append(_text_of(handler) == chunk.text)
    if all(last_alone):
        raise NotYet(
            "While the reply came, `.text` held the last piece alone, as if nothing had come "
            f"before: {shown(probe.pieces[-1])} near the end, and then an empty one."
        )
    if not _text_of(handler) and any(held for _, held in looks):
        best = max((str(held) for _, held in looks if held), key=len)
        raise NotYet(
            f"On the way `.text` held {shown(best)}. When the reply is over, it is empty again."
        )
    _right_text(handler, probe)
    late = [(came, held) for came, held in looks if held != came]
    if not late:
        return
    if all(not held for _, held in looks):
        raise NotYet(
            f"The text is right when the reply is over. While the {len(probe.pieces)} pieces came, "
            "`.text` was empty."
        )
    came, held = late[0]
    raise NotYet(
        f"The text is right at the end, and behind on the way: {shown(came)} had come, and "
        f"`.text` was {shown(str(held) or '(empty)')}."
    )


def _text_of(handler: BaseCallbackHandler) -> Any:
    return getattr(handler, "text", None)


def _right_text(handler: BaseCallbackHandler, probe: Probe) -> None:
    held = _text_of(handler)
    if held == probe.text:
        return
    if held is None:
        raise NotYet(
            f"When the reply is over, the collector has no `.text`{never_called(handler)}."
        )
    if not isinstance(held, str):
        raise NotYet(f"`.text` is {kind(held)}; the exercise asks for one text.")
    if not held:
        raise NotYet(f"A whole reply went by, and `.text` is still empty{never_called(handler)}.")
    if held == probe.pieces[-1]:
        raise NotYet(
            f"At the end `.text` is {shown(held)}, the last piece alone. What became of the "
            f"{len(probe.pieces) - 1} before it?"
        )
    if "content=" in held:
        raise NotYet(f"`.text` holds whole chunks with all their fields: {shown(held)}.")
    if "".join(held.split()) == "".join(probe.text.split()):
        raise NotYet(
            f"The letters are right and the white space isn't: `.text` is {shown(held)}. The "
            "pieces bring their own."
        )
    raise NotYet(f"`.text` differs from the reply. {first_difference(held, probe.text)}")


def _hears_invoke(handler: BaseCallbackHandler, probe: Probe) -> None:
    """A model that streams by itself pushes its tokens while `invoke` waits for the reply."""
    with listening(handler, "for `invoke` on a streaming model"):
        ProbeModel(probe=probe, streaming=True).invoke(PROMPT, attached(handler))
    if _text_of(handler) != probe.text:
        raise NotYet(
            "With `.stream()` the text is right. With `invoke` on a model with `streaming=True` "
            f"`.text` is {shown(str(_text_of(handler)) or '(empty)')}."
        )


def _two_at_once(one: BaseCallbackHandler, other: BaseCallbackHandler) -> None:
    probes = Probe(cut(DANUBE, 64)), Probe(cut(TIDE, 65))
    with listening(one), listening(other):
        in_turns(streamed(probes[0], one), streamed(probes[1], other))
    for handler, probe in zip((one, other), probes, strict=True):
        if _text_of(handler) != probe.text:
            raise NotYet(
                "One collector is right. With two of them, each on a reply of its own, one holds "
                f"{shown(str(_text_of(handler)))}. What do they share?"
            )
