"""Turning a request into a reply: which tokens, how they end, when each one leaves."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from . import errors, library
from .ask import Ask
from .delivery import DELIVERIES, Delivery
from .pacing import Parcel, Plan, plan
from .profiles import PREFIX, PROFILES, Profile, model_names
from .tokens import split
from .wire import Chunks, Head, Usage, completion

_PER_MESSAGE = 3  # tokens that each message costs besides its text
_RETRY_AFTER = 1.0  # s


@dataclass(frozen=True)
class Reply:
    """Everything about a reply, settled before its first byte leaves.

    Attributes:
        head: What its objects repeat.
        tokens: The tokens of the text.
        finish: The finish reason: "stop" or "length".
        usage: Token counts.
        plan: When each token is generated.
        gap: Seconds between two tokens, stalls aside.
        delivery: How the chunks travel.
    """

    head: Head
    tokens: tuple[str, ...]
    finish: str
    usage: Usage
    plan: Plan
    gap: float
    delivery: Delivery

    def streamed(self, include_usage: bool) -> Iterator[Parcel]:
        """Yield the reply as events."""
        return self.delivery(self._events(Chunks(self.head, include_usage)))

    def _events(self, chunks: Chunks) -> Iterator[Parcel]:
        yield Parcel(self.plan.opening, chunks.role())
        for at, token in zip(self.plan.tokens, self.tokens, strict=True):
            yield Parcel(at, chunks.text(token), tokens=1)
        yield Parcel(self.plan.end, chunks.end(self.finish, self.usage))

    def whole(self) -> Iterator[Parcel]:
        """Yield the reply as one object, which takes as long as the stream would."""
        body = completion(self.head, "".join(self.tokens), self.finish, self.usage)
        yield Parcel(self.plan.end, body, tokens=len(self.tokens))


def choose(model: str, default: Profile) -> tuple[Profile, Delivery]:
    """Return the profile and the delivery that a model's name stands for.

    `sim-chat` is a profile, `sim-chat:buffered` the same with a delivery, `sim` the server's
    default profile.

    Raises:
        ApiError: 404 if there is no such model.
    """
    name, _, ending = model.partition(":")
    profile = default if name == PREFIX else PROFILES.get(name.removeprefix(f"{PREFIX}-"))
    delivery = DELIVERIES.get(ending)
    if profile is None or delivery is None or not name.startswith(PREFIX):
        raise errors.no_such_model(model, model_names(), [way for way in DELIVERIES if way])
    return profile, delivery


def compose(ask: Ask, default: Profile, times_asked: int) -> Reply:
    """Settle the reply to `ask`.

    The tokens follow from prompt and seed alone. The timing is drawn anew each time the same is
    asked: `times_asked` counts that.

    Raises:
        ApiError: 404 for an unknown model; 429 if the profile refuses this request.
    """
    profile, delivery = choose(ask.model, default)
    rng = random.Random(f"{profile.name} {ask.seed} {times_asked} {ask.prompt}")
    if rng.random() < profile.refusal_chance:
        raise errors.too_busy(_RETRY_AFTER)
    full = split(library.answer(ask.prompt, ask.seed))
    tokens, finish = cut(full, ask.stop, ask.limit)
    whole = plan(profile, len(full), rng)
    prompt_tokens = sum(_PER_MESSAGE + len(split(text)) for text in ask.history) + _PER_MESSAGE
    name = hashlib.sha256(f"{ask} {times_asked}".encode()).hexdigest()
    return Reply(
        head=Head(f"chatcmpl-{name[:29]}", int(time.time()), ask.model),
        tokens=tokens,
        finish=finish,
        usage=Usage(prompt_tokens, len(tokens)),
        plan=whole.cut(len(tokens)) if len(tokens) < len(full) else whole,
        gap=profile.gap(len(full)),
        delivery=delivery,
    )


def cut(
    tokens: tuple[str, ...], stop: tuple[str, ...], limit: int | None
) -> tuple[tuple[str, ...], str]:
    """End a reply before the first stop sequence or after `limit` tokens, whichever comes first.

    Returns:
        The tokens that remain, and the finish reason.
    """
    text = "".join(tokens)
    end = min((at for at in map(text.find, stop) if at >= 0), default=len(text))
    kept = tokens if end == len(text) else _until(end, tokens)
    if limit is not None and len(kept) > limit:
        return kept[:limit], "length"
    return kept, "stop"


def _until(end: int, tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tokens of the first `end` characters."""
    kept: list[str] = []
    for token, reached in zip(tokens, accumulate(map(len, tokens)), strict=True):
        start = reached - len(token)
        if start >= end:
            break
        kept.append(token[: end - start])
    return tuple(kept)
