"""How a notebook tells errors that a learner meets: in a sentence, and without a traceback.

The errors themselves stand where they are raised.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any


class Sentence(Exception):  # noqa: N818 (a base; what went wrong is in the names of its kinds)
    """An error whose message says what happened and what to do now.

    The cell still fails, and `try`, logs and terminals see an exception like any other.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback, in lines."""
        return [str(self)]


def tell(kinds: tuple[type[Exception], ...], explain: Callable[[BaseException], str]) -> None:
    """Let a notebook show other people's errors in a sentence; elsewhere this does nothing.

    The cell still fails. What was raised is named, since a learner may want to catch it, and `%tb`
    shows its traceback.

    Args:
        kinds: The errors that are shown so where nobody catches them.
        explain: Makes the sentence.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc(kinds, _show(explain))


def _show(explain: Callable[[BaseException], str]) -> Callable[..., None]:
    def show(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        del tb_offset
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace  # for `%tb`
        sys.last_exc = error  # type: ignore[attr-defined, unused-ignore]  # from Python 3.12 on
        more = f"({kind.__name__}; `%tb` in a new cell shows all of it.)"
        shell._showtraceback(kind, error, [f"{explain(error)} {more}"])

    return show
