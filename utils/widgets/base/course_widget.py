"""Base classes for the course's widgets."""

from typing import Any, Self

from anywidget import AnyWidget
from IPython.display import display

from utils.unicode import well_formed, well_formed_parts


class CourseWidget(AnyWidget):
    """Widget that replaces lone surrogates in the strings it sends: UTF-8 can't encode them."""

    def get_state(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the state, with all strings well-formed."""
        state: dict[str, Any] = well_formed_parts(super().get_state(*args, **kwargs))
        return state

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a custom message, with all strings well-formed."""
        super().send(well_formed_parts(content), buffers)


class Showable:
    """Mixin for widgets that are created and displayed in one line: `widget = Widget(…).show()`."""

    _shown = False

    def show(self) -> Self:
        """Display the widget and return it."""
        self._shown = True
        display(self)  # type: ignore[no-untyped-call]
        return self

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._shown = True
        return super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]


def as_text(value: object, name: str) -> str:
    """Make a string well-formed; for any other type, raise an error that mentions `name`."""
    if not isinstance(value, str):
        raise TypeError(f"The {name} must be a string, not {value!r}.")
    return well_formed(value)
