"""The base of errors that a learner meets: a notebook shows the sentence, and no traceback.

The errors themselves stand where they are raised.
"""


class Sentence(Exception):  # noqa: N818 (a base; what went wrong is in the names of its kinds)
    """An error whose message says what happened and what to do now.

    The cell still fails, and `try`, logs and terminals see an exception like any other.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback, in lines."""
        return [str(self)]
