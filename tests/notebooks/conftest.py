"""Fixtures for notebook tests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.notebooks.preloaded import command


@pytest.fixture(scope="session")
def quick_kernel(kernels: str | None) -> Sequence[str] | None:
    """Return the command that starts a kernel with slow imports preloaded; see `preloaded`."""
    return kernels and command(kernels)
