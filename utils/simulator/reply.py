"""Turning a request into a reply: which tokens, how they end, when each one leaves."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from . import errors
from .ask import Ask
from .content.answer import Kind, Part, answer
from .faults import FAULTS, Chosen, parse
from .pacing import Piece, Plan, TimedBytes, plan
from .profiles import PREFIX, PROFILES, Profile, model_names
from .tokens import split, split_json
from .wire import ReplyInfo, Usage, Wire

_PER_MESSAGE = 3  # tokens that each message costs besides its text
_RETRY_AFTER = 1.0  # s


@dataclass(frozen=True)
class Reply:
    """Everything about a reply, settled before its first byte leaves.

    Attributes:
        ask: What it answers.
        head: What its objects repeat.
        parts: What it consists of, as it was meant; the end may be cut off.
        pieces: What is really sent, in order.
        finish: Why it ends: "stop", "length", "tool_calls", "content_filter", or what a recorded
            reply's provider said.
        usage: Token counts.
        plan: When each token is generated.
        gap: Seconds between two tokens, stalls aside.
        faults: What happens to its bytes.
    """

    ask: Ask
    head: ReplyInfo
    parts: tuple[Part, ...]
    pieces: tuple[Piece, ...]
    finish: str
    usage: Usage
    plan: Plan
    gap: float
    faults: tuple[Chosen, ...] = ()

    def text_of(self, part: int) -> str | None:
        """Return what is sent of a part; None if it is never reached."""
        return self._texts.get(part)

    @cached_property
    def _texts(self) -> dict[int, str]:
        texts: dict[int, list[str]] = {}
        for piece in self.pieces:
            texts.setdefault(piece.part, []).append(piece.text)
        return {part: "".join(said) for part, said in texts.items()}

    def said(self, kind: Kind) -> str | None:
        """Return what is sent of all parts of a kind; None if there is none."""
        indexes = [index for index, part in enumerate(self.parts) if part.kind == kind]
        texts = [text for index in indexes if (text := self.text_of(index)) is not None]
        return ("\n\n" if kind == "thought" else "").join(texts) if indexes else None

    def id_of(self, part: int, prefix: str) -> str:
        """Return the identifier of a part."""
        digest = hashlib.sha256(f"{self.head.id} {prefix} {part}".encode()).hexdigest()
        return f"{prefix}_{digest[:24]}"

    def first_shown(self) -> float | None:
        """Return when the first token leaves; None if none does."""
        shown = (
            piece.at
            for piece in self.pieces
            if piece.text and (self.ask.shows_thoughts or self.parts[piece.part].kind != "thought")
        )
        return next(shown, None)

    def part_by_part(self) -> Reply:
        """Return the same reply with each part in one go, and reasoning first.

        Only recorded replies mix their parts, which chat completions can say and responses can't.
        """
        order = [index for index, part in enumerate(self.parts) if part.kind != "other"]
        order.sort(key=lambda index: self.parts[index].kind != "thought")
        place = {index: number for number, index in enumerate(order)}
        kept = [piece for piece in self.pieces if piece.part in place]
        pieces = sorted(kept, key=lambda piece: place[piece.part])
        return replace(
            self,
            parts=tuple(self.parts[index] for index in order),
            pieces=tuple(
                piece._replace(at=due.at, part=place[piece.part])
                for due, piece in zip(kept, pieces, strict=True)
            ),
        )

    def ended_after(self, tokens: int, finish: str) -> Reply:
        """Return the same reply, ended after `tokens` tokens if it is longer."""
        if tokens >= len(self.pieces):
            return replace(self, finish=finish)
        pieces = self.pieces[:tokens]
        return replace(
            self,
            pieces=pieces,
            finish=finish,
            usage=replace(self.usage, completion=tokens, reasoning=_thoughts(pieces, self.parts)),
            plan=self.plan.cut(tokens),
        )

    def delayed(self, after: int, seconds: float) -> Reply:
        """Return the same reply with a silence after `after` tokens."""
        pieces = [
            piece._replace(at=piece.at + seconds) if index >= after else piece
            for index, piece in enumerate(self.pieces)
        ]
        return replace(self, pieces=tuple(pieces), plan=self.plan.delayed(after, seconds))

    def parcels(self, wire: Wire) -> Iterator[TimedBytes]:
        """Yield what is sent, as a stream or whole, after what happens to it on its way."""
        stream = self.ask.stream
        parcels = wire.events() if stream else iter([self._whole(wire)])
        for chosen in self.faults:
            if stream or chosen.fault.whole:
                parcels = _delivered(chosen, parcels, wire)
        return parcels

    def _whole(self, wire: Wire) -> TimedBytes:
        return TimedBytes(self.plan.end, wire.whole(), tokens=len(self.plan.tokens))


def _delivered(chosen: Chosen, parcels: Iterable[TimedBytes], wire: Wire) -> Iterator[TimedBytes]:
    delivered = chosen.fault.act(parcels, chosen.numbers, wire)
    assert isinstance(delivered, Iterator)
    return delivered


def choose(
    model: str, default: Profile, recorded: Collection[str] = ()
) -> tuple[Profile, tuple[Chosen, ...]]:
    """Return the profile and the faults that a model's name stands for.

    `sim-chat` is a profile, `sim-chat:drop@40` the same with a fault, `sim` the server's default
    profile, which also stands in for the names of `recorded` models.

    Raises:
        ApiError: 404 if there is no such model.
    """
    name, ending = _parted(model, recorded)
    profile = PROFILES.get(name.removeprefix(f"{PREFIX}-")) if name.startswith(PREFIX) else None
    if name == PREFIX or name in recorded:
        profile = default
    chosen = parse(ending)
    if profile is None or chosen is None:
        examples = [fault.example for fault in FAULTS.values()]
        known = list(dict.fromkeys([*recorded, *model_names()]))
        raise errors.no_such_model(model, known, examples)
    return profile, chosen


def _parted(model: str, recorded: Collection[str]) -> tuple[str, str]:
    """Part a model's name from the faults after it; names of real models may hold colons."""
    for name in sorted(recorded, key=len, reverse=True):
        if f"{model}:".startswith(f"{name}:"):
            return name, model[len(name) + 1 :]
    name, _, ending = model.partition(":")
    return name, ending


class Recordings(Protocol):
    """Replies of real models that were recorded."""

    @property
    def models(self) -> list[str]:
        """The names of the models."""

    def reply(self, ask: Ask, model: str, head: ReplyInfo) -> Reply | None:
        """Return the recorded reply of a model to a prompt; None if there is none."""


def compose(
    ask: Ask,
    default: Profile,
    times_asked: int,
    recordings: Recordings | None = None,
    *,
    name: str = "",
) -> Reply:
    """Settle the reply to `ask`.

    The tokens follow from conversation and seed alone. The timing is drawn anew each time the same
    is asked: `times_asked` counts that, from 1. The reply's identifier is made from `name`. What
    a recorded model was never asked is answered at the pace of `default`, by its name.

    Raises:
        ApiError: 404 for an unknown model; what the profile or a fault refuses this request with.
    """
    models = recordings.models if recordings else []
    profile, chosen = choose(ask.model, default, models)
    rng = random.Random(f"{profile.name} {ask.seed} {times_asked} {ask.prompt}")
    if rng.random() < profile.refusal_chance:
        raise errors.too_busy(_RETRY_AFTER)
    _refuse(chosen, times_asked)
    if profile.thinks:
        ask = replace(ask, thinks=True)
    for one in chosen:
        if one.fault.stage == "asking":
            changed = one.fault.act(ask, one.numbers)
            assert isinstance(changed, Ask)
            ask = changed
    digest = hashlib.sha256(f"{name} {times_asked}".encode()).hexdigest()
    head = ReplyInfo(digest[:29], int(time.time()), ask.model)
    model, _ = _parted(ask.model, models)
    recorded = recordings.reply(ask, model, head) if recordings else None
    if recorded is None and model in models:
        head = replace(head, model=f"{PREFIX}-{profile.name}")
    reply = recorded or _reply(ask, profile, head, rng)
    for one in chosen:
        if one.fault.stage == "wording":
            worded = one.fault.act(reply, one.numbers)
            assert isinstance(worded, Reply)
            reply = worded
    return replace(reply, faults=tuple(one for one in chosen if one.fault.stage == "delivery"))


def _refuse(chosen: tuple[Chosen, ...], times_asked: int) -> None:
    for one in chosen:
        if one.fault.stage == "refusal":
            tries = int(one.numbers[0])
            if not tries or times_asked % (tries + 1):
                refusal = one.fault.act(one.numbers)
                assert isinstance(refusal, errors.ApiError)
                raise refusal


def _reply(ask: Ask, profile: Profile, head: ReplyInfo, rng: random.Random) -> Reply:
    parts = answer(ask)
    full = [(split_json if part.json else split)(part.text) for part in parts]
    kept = [
        cut(tokens, ask.stop, None)[0] if part.kind == "text" else tokens
        for part, tokens in zip(parts, full, strict=True)
    ]
    flat = [(index, token) for index, tokens in enumerate(kept) for token in tokens]
    finish = "tool_calls" if parts[-1].kind == "call" and not ask.only else "stop"
    if ask.limit is not None and len(flat) > ask.limit:
        flat, finish = flat[: ask.limit], "length"
    thoughts = sum(
        len(tokens) for part, tokens in zip(parts, kept, strict=True) if part.kind == "thought"
    )
    schedule = plan(profile, sum(map(len, full)), rng, thoughts).cut(len(flat))
    pieces = tuple(
        Piece(at, index, token) for at, (index, token) in zip(schedule.tokens, flat, strict=True)
    )
    return Reply(
        ask=ask,
        head=head,
        parts=parts,
        pieces=pieces,
        finish=finish,
        usage=Usage(_cost(ask), len(pieces), _thoughts(pieces, parts)),
        plan=schedule,
        gap=profile.gap(sum(map(len, full)) - thoughts),
    )


def _thoughts(pieces: Iterable[Piece], parts: tuple[Part, ...]) -> int:
    return sum(piece.tokens for piece in pieces if parts[piece.part].kind == "thought")


def _cost(ask: Ask) -> int:
    """Return the tokens of the conversation and of what the tools are described by."""
    texts = [turn.text for turn in ask.turns]
    texts += [call.arguments for turn in ask.turns for call in turn.calls]
    texts += [f"{tool.name} {tool.about} {json.dumps(tool.parameters)}" for tool in ask.tools]
    return _PER_MESSAGE * (len(ask.turns) + 1) + sum(len(split(text)) for text in texts)


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
