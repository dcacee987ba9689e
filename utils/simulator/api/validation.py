"""Request validation for both APIs; converts pydantic's errors to OpenAI's format."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .. import errors
from ..errors import ApiError
from ..json_values import Json
from ..model_request import Role, Tool, ToolChoice, Turn

T = TypeVar("T")
_MAX_CONTEXT = 400_000  # tokens
_CHARACTERS_PER_TOKEN = 4  # approximate

ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
ROLES |= {"developer": "system", "function": "tool"}  # aliases
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Lenient(BaseModel):
    """Base class for parts of a request; ignores unknown fields and doesn't convert types."""

    model_config = ConfigDict(strict=True, frozen=True)


class Body(Lenient):
    """Base class for request bodies, with fields common to both APIs; rejects unknown fields."""

    model_config = ConfigDict(extra="forbid")
    ignored: ClassVar[str]  # names of fields that are accepted but have no effect
    model: str
    stream: bool | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)

    @classmethod
    def parse(cls, body: Json) -> Self:
        """Return the validated body; raise `ApiError` for an invalid field."""
        ignored = cls.ignored.split()
        try:
            return cls.model_validate({key: body[key] for key in body if key not in ignored})
        except ValidationError as error:
            raise _api_error(error.errors(include_url=False, include_context=False)) from None


def _api_error(found: Sequence[ErrorDetails]) -> ApiError:
    """Return the most specific error: an unknown field, else an invalid literal, else the first."""
    # an error of one of these types can cause additional errors of other types
    causes = ("extra_forbidden", "literal_error")
    error = next((one for kind in causes for one in found if one["type"] == kind), found[0])
    kind, message = error["type"], error["msg"]
    steps = (f"[{at}]" if isinstance(at, int) else f".{at}" for at in error["loc"])
    param = "".join(steps)[1:]  # such as `messages[0].content`
    if kind == "extra_forbidden":
        return errors.unknown(param)
    if kind == "unsupported":
        return errors.unsupported(param)
    if kind == "missing" or error["input"] is None:
        return errors.missing(param)
    if kind == "model_type":
        return errors.wrong_type(param, "an object")
    expected = re.sub("Input should be |(List|String) should have | after validation", "", message)
    if kind.endswith("_type"):  # convert Python type names to JSON type names
        expected = expected.replace("list", "array").replace("dictionary", "object")
        return errors.wrong_type(param, expected)
    return errors.wrong_value(param, f"expected {expected}" if expected != message else message)


def _reject_if_set(value: object) -> None:
    if value:
        raise PydanticCustomError("unsupported", "Unsupported")


Unsupported = Annotated[None, BeforeValidator(_reject_if_set)]


class Text(Lenient):
    """A part of a message's content; only text is supported."""

    text: str


def _as_parts(content: Any) -> Any:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list | None):
        raise PydanticCustomError("content_type", "Input should be a string or an array of parts")
    return content


AsParts = BeforeValidator(_as_parts)  # converts a string to a list of one part


def text_of(content: Sequence[Text] | None) -> str:
    """Return the text of a message's content as one string."""
    return "".join(part.text for part in content or [])


class Format(Lenient):
    """The format of a reply."""

    type: Literal["text", "json_object", "json_schema"]


class FunctionType(Lenient):
    """A tool of type `function`, the only type that the simulated model supports."""

    type: Literal["function"]


class Function(Lenient):
    """A tool definition."""

    name: str = Field(pattern="^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None

    @property
    def tool(self) -> Tool:
        """The tool in API-independent form."""
        return Tool(self.name, self.description or "", self.parameters or {})


def required(value: T | None, param: str) -> T:
    """Return the value of a field; raise `ApiError` if the field is missing."""
    if value is None:
        raise errors.missing(param)
    return value


def parse_tool_choice(choice: Any, tools: tuple[Tool, ...], named: Any) -> tuple[ToolChoice, str]:
    """Return the tool choice, and the name of the forced tool ("" if none is forced).

    `named` is the part of `choice` that may contain a function's name.
    """
    if choice is None:
        return "auto", ""
    if isinstance(named, dict) and choice.get("type") == "function":
        name = named.get("name")
        if name not in [tool.name for tool in tools]:
            raise errors.wrong_value("tool_choice", f"the tool {name!r} is not among the tools")
        return "required", str(name)
    if choice not in ("auto", "none", "required"):
        reason = "expected 'auto', 'none', 'required' or one named function"
        raise errors.wrong_value("tool_choice", reason)
    return choice, ""


def check_conversation(turns: tuple[Turn, ...], param: str, call: str, result: str) -> None:
    """Reject calls without results, results without calls, and overlong conversations.

    `param` is the field that contains the conversation; `call` and `result` are the API's names
    for tool calls and their results.
    """
    pending: set[str] = set()  # identifiers of calls that have no result yet
    for index, turn in enumerate(turns):
        if turn.role == "tool" and turn.call_id:
            if turn.call_id not in pending:
                reason = f"a result ('{result}') must follow its call ('{call}')"
                raise errors.wrong_value(f"{param}[{index}]", reason)
            pending.discard(turn.call_id)
            continue
        if pending:
            break
        pending = {made.id for made in turn.calls}
    if pending:
        reason = f"each call ('{call}') must be followed by its result ('{result}')"
        raise errors.wrong_value(param, f"{reason}; missing: {', '.join(sorted(pending))}")
    if sum(len(turn.text) for turn in turns) > _MAX_CONTEXT * _CHARACTERS_PER_TOKEN:
        raise errors.too_long(param, _MAX_CONTEXT)


def wants_json(form: Format | None, turns: tuple[Turn, ...], param: str, field: str) -> bool:
    """Return whether the reply must be JSON; without a schema, OpenAI requires the word 'json'."""
    kind = form.type if form else "text"
    if kind == "json_object" and not any("json" in turn.text.lower() for turn in turns):
        reason = f"it must contain the word 'json' to use '{field}' of type 'json_object'"
        raise errors.wrong_value(param, reason)
    return kind != "text"
