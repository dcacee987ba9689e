"""Latency profiles of the simulated models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .prefill import Capacity


@dataclass(frozen=True)
class Profile:
    """The latencies of one kind of model. The values are illustrative and date from 2026."""

    name: str  # the model name without the `sim-` prefix
    ttft: float  # median time to the first token of text, in seconds
    rate: float  # tokens per second after the first token; unused if `total` is set
    about: str  # the kind of model or server
    total: float | None = None  # seconds for the whole reply, regardless of its length
    spread: float = 0.0  # standard deviation of ln(TTFT): 0.2 is typical, 0.8 gives a heavy tail
    opening: float = 0.6  # time of the empty first chunk, as a fraction of the TTFT
    stall_chance: float = 0.0  # probability of a stall before a token
    stall: float = 0.0  # length of a stall in seconds
    thinks: bool = False  # whether reasoning precedes the answer
    refusal_chance: float = 0.0  # probability of a 429 response, as from a saturated server
    # server capacity; None if unlimited. Queueing and prefill times are added to `ttft`.
    capacity: Capacity | None = None

    def gap(self, tokens: int) -> float:
        """Return the number of seconds between the tokens in a reply of `tokens` tokens."""
        if self.total is not None:
            return (self.total - self.ttft) / max(1, tokens - 1)
        return 1 / self.rate


_ALL = (  # the positional numbers are `ttft` and `rate`
    Profile("seed", 0.2, 30.0, "the lessons' example, without random variation", total=10.0),
    Profile("fast", 0.35, 200.0, "small hosted models", spread=0.15),
    Profile("chat", 0.5, 130.0, "mid-size hosted models", spread=0.2),
    Profile("frontier", 0.9, 90.0, "frontier models", spread=0.25),
    Profile(
        "reasoning", 12.5, 91.0, "models that think first", spread=0.2, opening=0.05, thinks=True
    ),
    Profile("laptop", 4.5, 14.0, "a 9B model in 4 bit on a small desktop", spread=0.05),
    Profile(
        "overloaded",
        19.0,
        29.0,
        "a saturated server: long waits, stalls, refusals",
        spread=0.8,
        stall_chance=0.02,
        stall=1.5,
        refusal_chance=0.2,
    ),
    Profile(
        "prefill",
        0.2,
        50.0,
        "a server whose TTFT depends on prompt, cache and queue",
        spread=0.05,
        capacity=Capacity(rate=10_000.0, slots=4),
    ),
)
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})
SIM = "sim"  # the model with the server's default profile; also the prefix of the other names


def model_names(recorded: Iterable[str]) -> list[str]:
    """Return the names that `/v1/models` lists."""
    return list(dict.fromkeys([*recorded, *(f"{SIM}-{name}" for name in PROFILES)]))
