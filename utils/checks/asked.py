"""What lesson 4's answers ask, and how: with the right prompt, and holding nobody up meanwhile.

For use inside `loops.run`, whose clock tells for how long the loop stood still.
"""

from utils.checks.async_streams import LiveProbe
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.wording import shown
from utils.checks.outcome import NotYet

_BLOCKING = ("batch", "stream", "invoke")


def blocks_nothing(name: str, *probes: LiveProbe) -> None:
    """Turn down code that has held the loop up.

    Raises:
        NotYet: If it called a blocking method of its model, or slept without `await`.
    """
    called = [method for probe in probes for method in probe.called if probe.blocking]
    if any(probe.blocking for probe in probes):
        method = next((method for method in _BLOCKING if method in called), "stream")
        raise NotYet(
            f"While `{name}` waited for the model, nothing else on the event loop could run: it "
            f"stood still for {loops.blocked():.1f} s in `.{method}(…)`."
        )
    if loops.blocked():
        raise NotYet(
            f"`{name}` held the event loop up for {loops.blocked():.1f} s with a `sleep` that "
            "isn't asyncio's. Nothing else could run meanwhile."
        )


def asked_the_prompt(prompt: str, *others: LiveProbe) -> None:
    """Turn down code that asked something else.

    Args:
        prompt: What it was given.
        others: What the model answers to other questions.

    Raises:
        NotYet: If one of those was asked for.
    """
    for other in others:
        if other.requests:
            raise NotYet(
                f"The prompt was {shown(prompt)}, and the model was asked "
                f"{shown(other.seen[0][-1].text)}."
            )
