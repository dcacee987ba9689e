"""Recordings of replies, and the definitions of all latency metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from utils.formatting import counted, in_milliseconds, in_seconds
from utils.timing.chunks import mapping_of
from utils.timing.token_counts import is_plausible, whole_number, words_in
from utils.unicode import well_formed

Outcome = Literal["finished", "left", "failed", "streaming"]

_ENDINGS: Mapping[Outcome, str] = {  # how `summary` describes each outcome
    "finished": "finished",
    "left": "left early",
    "failed": "failed",
    "streaming": "still streaming",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """The content of one stream item.

    Attributes:
        at: Seconds between sending the request and receiving the item.
        text: Text of the answer; empty for an item without text, such as a role-only first chunk.
        reasoning: The model's reasoning, if the provider shows it.
    """

    at: float
    text: str
    reasoning: str = ""

    @property
    def empty(self) -> bool:
        """Whether the piece has neither text nor reasoning."""
        return not (self.text or self.reasoning)


@dataclass(frozen=True)
class Recording:
    """Immutable snapshot of one reply as it arrived.

    In the formulas, `a_k` is the arrival time of token k, and `n` is the number of tokens. Where
    providers and benchmarks disagree about a metric, its docstring states the definition used.

    Attributes:
        label: A name for charts and tables.
        pieces: All items in order of arrival, including empty items.
        e2e: End-to-end latency, in seconds: from sending the request until the stream ended, failed
            or was closed; if it is still streaming, until the snapshot.
        outcome: "finished", "left" (the reader closed the stream), "failed", or "streaming".
        error: Type and message of the exception, if the stream failed.
        finish_reason: Why the model stopped ("stop", "length", …). Without one, the reply may be
            truncated, even if no exception was raised.
        usage: Token counts from the provider, if any were sent.
        sent: Clock reading, in seconds, when the request was sent; used to align recordings
            that share a clock.
    """

    label: str
    pieces: tuple[Piece, ...]
    e2e: float
    outcome: Outcome = "finished"
    error: str | None = None
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = field(default=None, hash=False)
    sent: float = 0.0

    @property
    def arrivals(self) -> list[float]:
        """The arrival times of the non-empty pieces, in seconds since the request was sent."""
        return [piece.at for piece in self.pieces if not piece.empty]

    @property
    def ttfb(self) -> float | None:
        """Time to first byte, in seconds: until the first item of any kind, even an empty one."""
        return self.pieces[0].at if self.pieces else None

    @property
    def ttft(self) -> float | None:
        """Time to first token, in seconds: until the first non-empty content, including reasoning.

        An empty role-only chunk doesn't count (as in AIPerf; the vLLM benchmark counts it).
        """
        return next(iter(self.arrivals), None)

    @property
    def ttfat(self) -> float | None:
        """Time to first answer token, in seconds: until the first text that isn't reasoning."""
        return next((piece.at for piece in self.pieces if piece.text), None)

    @property
    def tpot(self) -> float | None:
        """Time per output token, in seconds: (a_n - a_1) / (n - 1).

        n is `shown_tokens` or, if that is None, the number of non-empty pieces. TPOT is None if n
        is less than two, or if all tokens arrived together, in one piece.
        """
        arrivals = self.arrivals
        tokens = self.shown_tokens or len(arrivals)
        if len(arrivals) < 2 or tokens < 2:
            return None
        return (arrivals[-1] - arrivals[0]) / (tokens - 1)

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds between one non-empty piece and the next.

        This is inter-chunk latency; it equals inter-token latency only if each chunk is one token.
        """
        return tuple(b - a for a, b in pairwise(self.arrivals))

    @cached_property
    def text(self) -> str:
        """The answer so far, with lone surrogates replaced, so that it can be printed and sent."""
        return well_formed("".join(piece.text for piece in self.pieces))

    @property
    def tokens(self) -> int | None:
        """The provider's count of output tokens, which may include reasoning; None if unknown."""
        return whole_number((self.usage or {}).get("output_tokens"))

    @cached_property
    def answer_tokens(self) -> int | None:
        """The provider's token count for the answer, without reasoning.

        None if there is no count, if it is implausible (see `count_doubt`), or if it can't be
        separated from the reasoning tokens.
        """
        thought = whole_number(mapping_of(self.usage, "output_token_details").get("reasoning"))
        if self.tokens is None or (thought is None and self._has_reasoning):
            return None
        # Some providers exclude the reasoning from the count but still report it in the details.
        counts = (self.tokens - (thought or 0), self.tokens)
        pieces = [piece.text for piece in self.pieces]
        return next((count for count in counts if is_plausible(count, pieces)), None)

    @cached_property
    def shown_tokens(self) -> int | None:
        """The provider's token count for the visible output, including any visible reasoning.

        None if there is no count or if it is implausible.
        """
        if not self._has_reasoning:
            return self.answer_tokens
        pieces = [piece.reasoning + piece.text for piece in self.pieces]
        count = self.tokens
        return count if count is not None and is_plausible(count, pieces) else None

    @property
    def count_doubt(self) -> str:
        """Why the provider's token count isn't used; empty if it is used or missing.

        An unused count often includes hidden reasoning, tool calls or a failed attempt.
        """
        count = (self.usage or {}).get("output_tokens")
        if count is None or self.ttft is None or self.shown_tokens is not None:
            return ""
        if self.tokens is None:
            doubt = f"The provider's token count, {count!r:.20}, isn't a number of tokens."
        else:
            doubt = (
                f"The provider counts {counted(self.tokens, 'token')}, which can't be the text "
                "that arrived: it may include hidden reasoning, a tool call or another attempt, or "
                "cover only a part."
            )
        return f"{doubt} TPOT and reading time use what arrived instead."

    def summary(self) -> str:
        """Return one line: `TTFT 0.21 s · TPOT 40 ms · total 10.0 s · 248 tokens · finished`."""
        size = counted(words_in(self.text), "word")
        if self.count_doubt:
            size += f" (implausible token count: {(self.usage or {}).get('output_tokens')!r:.20})"
        elif self.tokens is not None:
            size = counted(self.tokens, "token")
        ending = _ENDINGS[self.outcome]
        if self.error:
            ending += f" ({self.error.partition(':')[0]})"
        elif self.outcome == "finished" and self.finish_reason not in (None, "stop"):
            ending += f" ({self.finish_reason})"
        parts = [
            "no text" if self.ttft is None else f"TTFT {in_seconds(self.ttft)}",
            "" if self.tpot is None else f"TPOT {in_milliseconds(self.tpot)}",
            f"total {in_seconds(self.e2e)}",
            size,
            ending,
        ]
        return " · ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return f"<Recording {self.label!r}: {self.summary()}>"

    @property
    def _has_reasoning(self) -> bool:
        return any(piece.reasoning for piece in self.pieces)
