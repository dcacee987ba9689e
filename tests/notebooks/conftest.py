"""What tests of notebooks share."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.notebooks.preloaded import command


@pytest.fixture(scope="session")
def quick_kernel(kernels: str | None) -> Sequence[str] | None:
    """The command of a fresh kernel whose slow imports are done; see `preloaded`."""
    return kernels and command(kernels)
