"""What tests of notebooks share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.notebooks.preloaded import preloaded


@pytest.fixture(scope="session")
def quick_kernel() -> Iterator[Sequence[str] | None]:
    """The command of a fresh kernel whose slow imports are done; see `preloaded`."""
    with preloaded() as command:
        yield command
