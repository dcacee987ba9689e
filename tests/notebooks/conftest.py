"""A fixture for notebook tests. The fixture `kernels` is in the root folder's `conftest.py`."""

import pytest

from tests.notebooks.preloaded import command


@pytest.fixture(scope="session")
def quick_kernel(kernels):
    """Return the command that starts a preloaded kernel, as a list; None if not on Linux."""
    return kernels and command(kernels)
