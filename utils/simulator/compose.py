"""Turns a request into a reply: resolves the profile and faults, and schedules the tokens.

`answer` returns the reply's parts: reasoning, text, tool calls. Each part is split into pieces; a
piece is a token and the time at which it is sent.
"""

import hashlib
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from . import errors
from .content.answer import answer
from .faults import FAULTS, ChosenFault, parse
from .model_request import ModelRequest
from .pacing import Piece, plan
from .prefill import Place
from .profiles import PROFILES, SIM, Profile, model_names
from .recording.recordings import Recordings
from .reply import Reply, ReplyInfo, Usage, reasoning_tokens
from .tokens import prompt_tokens, split, split_json

# maps a profile and the prompt's tokens to a place in the queue; None if there is no queue
Admit = Callable[[Profile, Sequence[str]], Place | None]
_NO_RECORDINGS = Recordings()


def choose(
    model: str, default: Profile, recorded: Collection[str]
) -> tuple[Profile, tuple[ChosenFault, ...]]:
    """Return the profile and the faults of a model such as `sim-chat:drop@40`.

    `sim` and `recorded` models use the server's default profile.

    Raises:
        ApiError: If there is no such model or fault.
    """
    name, suffix = _split_name(model, recorded)
    profile = PROFILES.get(name.removeprefix(f"{SIM}-")) if name.startswith(SIM) else None
    if name == SIM or name in recorded:
        profile = default
    chosen = parse(suffix)
    if profile is None or chosen is None:
        examples = [fault.example for fault in FAULTS.values()]
        raise errors.no_such_model(model, model_names(recorded), examples)
    return profile, chosen


def _split_name(model: str, recorded: Collection[str]) -> tuple[str, str]:
    """Separate a model name from the faults after it; a recorded name may contain colons."""
    for name in sorted(recorded, key=len, reverse=True):
        if f"{model}:".startswith(f"{name}:"):
            return name, model[len(name) + 1 :]
    name, _, suffix = model.partition(":")
    return name, suffix


def compose(
    request: ModelRequest,
    default: Profile,
    attempt: int,
    recordings: Recordings = _NO_RECORDINGS,
    *,
    name: str = "",
    admit: Admit = lambda *_: None,
) -> Reply:
    """Return the reply to `request`, or raise `ApiError` if the API or a fault rejects it.

    The same request always gets the same tokens, but the timing depends on `attempt`, the number of
    times that the request has arrived. `default` is the profile of `sim`, and of a recorded model
    whose recordings don't contain the prompt. The reply's identifier is derived from `name`.
    """
    profile, chosen = choose(request.model, default, recordings.models)
    rng = random.Random(f"{profile.name} {request.seed} {attempt} {request.prompt}")
    if rng.random() < profile.refusal_chance:
        raise errors.rate_limited("Rate limit reached.")
    for one in chosen:
        if error := one.refusal(attempt):
            raise error
    if profile.thinks:  # this model always reasons first
        request = replace(request, reasons=True)
    for one in chosen:
        if one.fault.stage == "request":
            request = one.changed(request)
    digest = hashlib.sha256(f"{name} {attempt}".encode()).hexdigest()
    info = ReplyInfo(id=digest[:29], created=int(time.time()), model=request.model)
    model, _ = _split_name(request.model, recordings.models)
    recorded = recordings.reply(request, model, info)
    if recorded is None and model in recordings.models:
        info = replace(info, model=f"{SIM}-{profile.name}")
    reply = recorded or _generated(request, profile, info, rng, admit)
    # `packed` is applied last, since the other faults expect one token per piece
    for one in sorted(chosen, key=lambda one: one.fault.name == "packed"):
        if one.fault.stage == "generation":
            reply = one.changed(reply)
    delivery = [one.delivery() for one in chosen if one.delivers(streamed=request.stream)]
    return replace(reply, delivery=tuple(delivery))


def _generated(
    request: ModelRequest, profile: Profile, info: ReplyInfo, rng: random.Random, admit: Admit
) -> Reply:
    parts = answer(request)
    tokens_by_part = [split_json(part.text) if part.json else split(part.text) for part in parts]
    flat: list[tuple[int, str]] = []  # the tokens to send, each with its part's index
    reasoning = 0
    for index, (part, tokens) in enumerate(zip(parts, tokens_by_part, strict=True)):
        kept = until_stop(tokens, request.stop) if part.kind == "text" else tokens
        flat += [(index, token) for token in kept]
        if part.kind == "thought":
            reasoning += len(tokens)
    finish = "tool_calls" if parts[-1].kind == "call" and not request.forced_tool else "stop"
    if request.max_tokens is not None and len(flat) > request.max_tokens:
        flat, finish = flat[: request.max_tokens], "length"
    total = sum(map(len, tokens_by_part))
    # schedule the complete reply, so that a length limit doesn't change the timing
    opening, times, end = plan(profile, total, rng, reasoning)
    pieces = tuple(Piece(at, index, token) for at, (index, token) in zip(times, flat, strict=False))
    if len(flat) < total:
        end = pieces[-1].at if pieces else times[0]
    prompt = prompt_tokens(request)
    place = admit(profile, prompt)
    cached = place.cached if place else 0
    reply = Reply(
        request=request,
        info=info,
        parts=parts,
        pieces=pieces,
        finish=finish,
        usage=Usage(len(prompt), len(pieces), reasoning_tokens(pieces, parts), cached),
        opening=opening,
        end=end,
        gap=profile.gap(total),
        place=place,
    )
    return reply.later(place.wait + place.prefill) if place else reply


def until_stop(tokens: tuple[str, ...], stop: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tokens before the first stop sequence; the last token may be shortened."""
    text = "".join(tokens)
    room = min((text.index(sequence) for sequence in stop if sequence in text), default=len(text))
    kept: list[str] = []
    for token in tokens:
        kept.append(token[: max(room, 0)])
        room -= len(token)
    return tuple(filter(None, kept))
