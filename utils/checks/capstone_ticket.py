"""The check of the capstone's Exercise 5.9: a form that fills in."""

from collections.abc import Callable, Sequence
from typing import Any

from utils.checks.assistant import UNFINISHED, TurnsModel
from utils.checks.async_streams import LiveModel, LiveProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.listening import Heard
from utils.checks.observe import kind, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import cut
from utils.checks.watching import asked_well, left_open, no_error, run_stream

_TICKET: dict[str, Any] = {
    "name": "Ada Byron",
    "order": 4711,
    "problem": "The lamp flickers at night.",
}
_JSON = '{"name": "Ada Byron", "order": 4711, "problem": "The lamp flickers at night."}'
_CUT = _JSON[: _JSON.index("ckers")]
_WISH = "I am Ada Byron. My lamp, order 4711, flickers at night."


@judged("ticket")
def ticket(answer: object) -> str:
    """A ticket that fills in while it streams, and is one only when the model finished it."""
    function = the_function(answer, "ticket")
    probe = LiveProbe(cut(_JSON, 11))
    model = TurnsModel.of(probe)
    heard = run_stream(function, (model, _WISH), "ticket", probe)
    _nothing_to_read(heard)
    no_error(heard, "for a reply that the model finished")
    if any(model.offered):
        raise NotYet(
            "The model was asked to call a tool. This one writes its JSON as text, as the request "
            "in the exercise says."
        )
    if probe.requests and not any(_WISH in message.text for message in probe.seen[0]):
        raise NotYet("The model was asked, and the conversation isn't in what it saw.")
    asked_well(probe, "ticket")
    _asked_for_json(probe)
    _fills_in(heard, probe)
    _ends_in_a_ticket(heard)
    for finish, what in UNFINISHED[:2]:
        heard = _ticket(function, LiveProbe(cut(_CUT, 12), finish=finish))
        _no_ticket(heard, f"The reply was {what}, inside of its last field", half=True)
    for finish, what in UNFINISHED[:2]:
        heard = _ticket(function, LiveProbe(cut(_JSON, 16), finish=finish))
        _no_ticket(heard, f"The JSON is complete, but the reply was {what}", half=True)
    soon = _JSON.replace("4711", '"soon"')
    heard = _ticket(function, LiveProbe(cut(soon, 13)))
    _no_ticket(heard, 'The reply has `"soon"` for the number of the order')
    heard = _ticket(function, LiveProbe(cut(_JSON, 14), fails_after=4))
    _no_ticket(heard, "The connection was lost in mid-reply")
    heard = _ticket(function, LiveProbe(cut(_JSON, 15)), leave_after=2)
    no_error(heard, "when the reader left")
    left_open(heard)
    return (
        "The fields as they come, a validated `Ticket` at the end, and none where the reply was "
        "cut off, broken or wrong."
    )


def _nothing_to_read(heard: Heard) -> None:
    """Tell what Python says of JSON that hasn't begun in the exercise's words."""
    if isinstance(heard.error, ValueError) and "EOF" in str(heard.error) and not heard.items:
        raise NotYet(
            "The first chunk is empty, so there was no text yet that could be read as JSON, and "
            f"`{type(heard.error).__name__}: {heard.error}` came out."
        )


def _asked_for_json(probe: LiveProbe) -> None:
    """Turn down a model that was handed the conversation and not asked for a ticket."""
    seen = " ".join(str(message.text) for message in probe.seen[0])
    if "json" not in seen.replace(_WISH, "").lower():
        raise NotYet(
            "The model saw the conversation, and nobody asked it for a ticket in JSON: send it "
            "the `request`."
        )


def _ticket(function: Callable[..., Any], probe: LiveProbe, **how: Any) -> Heard:
    return run_stream(function, (LiveModel(probe=probe), _WISH), "ticket", probe, **how)


def _is_ticket(item: object) -> bool:
    return type(item).__name__ == "Ticket"


def _fills_in(heard: Heard, probe: LiveProbe) -> None:
    """Turn down what isn't a dict, says what isn't so, or comes late."""
    if not heard.items:
        raise NotYet("`ticket` yields nothing.")
    tickets = [at for item, at in zip(heard.items, heard.times, strict=True) if _is_ticket(item)]
    if tickets and tickets[0] < probe.lasts - loops.SOON:
        raise NotYet(
            f"A `Ticket` came after {tickets[0]:.1f} s, and the reply ended after "
            f"{probe.lasts:.1f}. Until then nobody knows whether it is one."
        )
    partial = [
        (item, at)
        for item, at in zip(heard.items, heard.times, strict=True)
        if not _is_ticket(item)
    ]
    for item, _ in partial:
        if not isinstance(item, dict):
            raise NotYet(
                f"`ticket` yields {kind(item)}, {shown(repr(item))}; before the end the exercise "
                "asks for dicts."
            )
        for name, value in item.items():
            right = str(_TICKET.get(name, ""))
            if value is not None and not right.startswith(str(value)):
                raise NotYet(
                    f"`ticket` yields {shown(repr(item), 90)}, which the reply doesn't say."
                )
    for name in ("name", "order"):
        _known_in_time(name, partial, probe)


def _known_in_time(name: str, partial: Sequence[tuple[Any, float]], probe: LiveProbe) -> None:
    """Turn down a field that comes later than the piece behind its value."""
    value = str(_TICKET[name])
    end = _JSON.index(value) + len(value) + 1  # the quote or comma that closes it
    whole = next(n for n in range(99) if len("".join(probe.pieces[: n + 1])) >= end)
    due = probe.arrives(whole)
    at = next((when for item, when in partial if str(item.get(name)) == value), None)
    if at is None or at >= probe.lasts - loops.SOON:
        raise NotYet(
            f"`{name}` was known after {due:.1f} s of {probe.lasts:.1f}, and no dict says it "
            "before the reply is over."
        )
    if at > due + loops.SOON:
        raise NotYet(
            f"`{name}` was known after {due:.1f} s, and was first yielded after {at:.1f} s."
        )


def _ends_in_a_ticket(heard: Heard) -> None:
    last = heard.items[-1]
    if not _is_ticket(last):
        raise NotYet(f"The last that comes is {kind(last)}; the exercise asks for a `Ticket`.")
    if sum(map(_is_ticket, heard.items)) > 1:
        raise NotYet("More than one `Ticket` comes for one conversation.")
    values = {name: getattr(last, name, None) for name in _TICKET}
    if values != _TICKET:
        raise NotYet(f"The ticket at the end says {shown(repr(values), 120)}.")


def _no_ticket(heard: Heard, what: str, *, half: bool = False) -> None:
    """Turn down a ticket, or a quiet end, of a reply that wasn't finished or isn't right."""
    tickets = [item for item in heard.items if _is_ticket(item)]
    if tickets:
        raise NotYet(f"{what}, and a `Ticket` came: {shown(str(tickets[0]), 90)}.")
    if heard.error is None and half:
        raise NotYet(f"{what}. Half a ticket must end in an error; `ticket` ended quietly.")
    if heard.error is None:
        raise NotYet(f"{what}, and `ticket` ended as if all were well.")
