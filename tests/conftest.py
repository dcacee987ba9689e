"""What holds for every test: the simulator alone answers, faster than real, on a direct line."""

import os

import pytest

from tools.suite import suite_environ


def pytest_configure(config: pytest.Config) -> None:
    """Give tests the variables of `course.py test`, however pytest was started.

    Before anything is imported, so that no developer's key or proxy reaches a test by an import.
    """
    environ = suite_environ()
    for name in set(os.environ) - set(environ):
        del os.environ[name]
    os.environ.update(environ)
