"""Formats durations and counts the same way for charts, widgets and tables."""


def in_seconds(duration: float) -> str:
    """Format a duration in seconds with one decimal, or two if it is short: `10.0 s`, `0.21 s`."""
    return f"{duration:.2f} s" if duration < 0.995 else f"{duration:.1f} s"


def in_milliseconds(duration: float) -> str:
    """Format a short duration, given in seconds: `40 ms`, `1.6 ms`."""
    milliseconds = duration * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 9.95 else f"{milliseconds:.0f} ms"


def counted(count: int, noun: str) -> str:
    """Format a count with its noun: `1 token`, `248 tokens`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
