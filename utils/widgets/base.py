"""What every widget of the course is: an anywidget whose messages can always be encoded."""

from __future__ import annotations

from typing import Any

from anywidget import AnyWidget

from utils.unicode import well_formed, well_formed_parts


class CourseWidget(AnyWidget):
    """A widget that makes every string well-formed on its way to the page.

    All that a widget sends is either state or a custom message, and both pass here.
    """

    def get_state(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The state as it is sent when the widget opens, changes, or is asked for it."""
        state: dict[str, Any] = well_formed_parts(super().get_state(*args, **kwargs))
        return state

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a custom message."""
        super().send(well_formed_parts(content), buffers)


def as_text(value: object, name: str) -> str:
    """A well-formed string for a widget to show.

    Args:
        value: What was passed in.
        name: What it is, for the error.

    Raises:
        TypeError: If it isn't a string.
    """
    if not isinstance(value, str):
        raise TypeError(f"The {name} must be a string, not {value!r}.")
    return well_formed(value)
