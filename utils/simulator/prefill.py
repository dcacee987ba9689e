"""A model of the time to first token (TTFT) for `sim-prefill`: queueing, base latency, prefill.

    TTFT = wait + first + (prompt - cached) / rate

wait: Seconds until a slot is free. A reply occupies one of `slots` slots from the start of its
    prefill to its last token, and requests get slots in order of arrival. The llama.cpp server
    queues requests in the same way (`--parallel`).
first: The profile's TTFT in seconds, which covers the network, scheduling and the first token.
    It varies randomly by the profile's `spread`, with a seed derived from the request.
prompt, cached: Token counts. The cached tokens are the longest prefix shared with an earlier
    prompt, rounded down to whole blocks of 128 tokens; fewer than 1,024 tokens aren't cached. At
    least one token is always prefilled. A block can be reused once its prompt has been prefilled.
    OpenAI uses this block size and minimum (developers.openai.com/api/docs/guides/prompt-caching);
    vLLM hashes blocks the way this module does (docs.vllm.ai, "Automatic Prefix Caching").
rate: Prompt tokens per second. With Llama 3.3 70B on two H100s, NVIDIA measured TTFTs of 48 ms for
    500 tokens and 407 ms for 5,000, which implies about 12,500 tokens per second
    (docs.nvidia.com/nim/benchmarking/llm/1.0.0/performance).

The values are illustrative and date from 2026. The model ignores several effects: prefill time
grows faster than linearly with very long prompts, a busy server also generates more slowly, caches
expire, and a provider has many servers. Each learner gets a separate server for each model, so that
learners who share a simulator don't wait for each other.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

BLOCK = 128  # tokens
MIN_CACHED = 1024  # tokens


@dataclass(frozen=True)
class Capacity:
    """A server's capacity."""

    rate: float  # prompt tokens prefilled per second
    slots: int  # maximum number of replies in progress


class ModelServer:
    """The slots and prompt cache of one model. Times are in seconds at speed 1."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._free = [0.0] * capacity.slots  # when each slot becomes free
        self._ready: dict[int, float] = {}  # when each block can be reused

    def admit(self, prompt: Sequence[Hashable], now: float) -> Place:
        """Return the place in the queue for a request that arrives at `now`.

        The caller must call `hold` on the result before the next call to `admit`.
        """
        slot = self._free.index(min(self._free))
        start = max(now, self._free[slot])
        blocks = list(_blocks(prompt))
        cached = self._cached(blocks, start)
        prefill = (len(prompt) - cached) / self._capacity.rate
        for block in blocks:
            self._ready[block] = min(self._ready.get(block, math.inf), start + prefill)
        return Place(self._free, slot, now, wait=start - now, prefill=prefill, cached=cached)

    def _cached(self, blocks: Sequence[int], at: float) -> int:
        """Return how many tokens at the beginning of the prompt are cached at time `at`."""
        count = 0
        while count < len(blocks) and self._ready.get(blocks[count], math.inf) <= at:
            count += 1
        return count * BLOCK if count * BLOCK >= MIN_CACHED else 0


def _blocks(prompt: Sequence[Hashable]) -> Iterator[int]:
    """For each whole block, yield a hash of that block and all earlier blocks.

    The last token of the prompt is excluded, so that at least one token is prefilled.
    """
    block = 0
    for start in range(0, len(prompt) - BLOCK, BLOCK):
        block = hash((block, *prompt[start : start + BLOCK]))
        yield block


@dataclass
class Place:
    """A request's place in the queue."""

    _free: list[float]  # when each slot becomes free: the server's own list, not a copy
    _slot: int  # index in `_free`
    _arrived: float
    wait: float  # seconds until the slot is free
    prefill: float  # duration of the prefill in seconds
    cached: int  # number of cached prompt tokens
    _end: float = 0.0  # when the slot becomes free; set by `hold`

    def hold(self, seconds: float) -> None:
        """Occupy the slot until `seconds` after the request arrived."""
        self._end = self._free[self._slot] = self._arrived + seconds

    def leave(self, now: float) -> None:
        """Free the slot when a reply ends early. Waiting requests keep their start times."""
        if self._free[self._slot] == self._end:  # no later request has taken the slot
            self._free[self._slot] = max(now, self._arrived + self.wait)
