"""Fixtures for notebook tests."""

from collections.abc import Sequence

import pytest

from tests.notebooks.preloaded import command


@pytest.fixture(scope="session")
def quick_kernel(kernels) -> Sequence[str] | None:
    """Return the command for a kernel with preloaded imports, or None if not on Linux."""
    return kernels and command(kernels)
