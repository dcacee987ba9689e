"""The check of the capstone's Exercise 5.10: the two safety nets together."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessageChunk

from utils.checks.assistant import LAMP, LONG, LOST, OTHER, SECONDS, stage
from utils.checks.engine import virtual_time as loops
from utils.checks.engine.student_code import LearnersError, told
from utils.checks.engine.wording import shown
from utils.checks.guard import judged
from utils.checks.lesson_5_safety import watched
from utils.checks.listening import Feed, Heard
from utils.checks.observe import kind, names_in, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import ConnectionLost, cut
from utils.checks.watching import (
    AT_ONCE,
    came_out,
    is_empty,
    no_error,
    nothing_late,
    often,
    run_cancelled,
    run_stream,
)
from utils.patience import watched as the_courses_own

_READER = 5.0  # seconds that a slow reader takes for each piece


@judged("steady")
def steady(answer: object) -> str:
    """Nothing that may not happen twice does; silence is a failure."""
    function = the_function(answer, "steady")
    try:
        return _keeps_steady(function)
    except (NotYet, LearnersError):
        on_a_finished_watched(function)
        raise


def on_a_finished_watched(function: object) -> None:
    """Turn down a step 3 that stands on a `watched` of the notebook's that doesn't pass.

    Raises:
        NotYet: If it does.
    """
    own = getattr(function, "__globals__", {}).get("watched")
    if own in (None, the_courses_own) or "watched" not in names_in(function):
        return
    try:
        watched(own)
    except (NotYet, LearnersError):
        raise NotYet(
            "`steady` calls `watched`, and the one that the notebook has now doesn't pass Exercise "
            "5.4. Run the capstone's first cell again, which imports the course's own."
        ) from None


def _keeps_steady(function: Callable[..., Any]) -> str:
    feeds = [_feed(), _feed(OTHER)]
    heard = _steady(function, feeds)
    _no_slip(heard, feeds)
    if is_a_silence(heard.error) and 0 < len(feeds[0].times) < len(feeds[0].steps):
        raise NotYet(
            f"No silence is as long as {SECONDS:g} s, and `{type(heard.error).__name__}` came out "
            f"after {heard.seconds:.1f} s. Does each piece get its own time?"
        )
    no_error(heard)
    _nobody_else(feeds, 1, "The first source answers")
    _passed_on(heard, feeds[0].items)
    nothing_late(heard, feeds[0], loops.BEGIN, "steady", empty_too=False)
    slow = _steady(function, [_feed(), _feed(OTHER)], pause=_READER)
    no_error(slow, f"for a reader who takes {_READER:g} s for each piece")
    for case in _NOTHING_YET:
        _next_is_asked(function, case)
    for case in _COMMITTED:
        _interrupted(function, case)
    last = ConnectionLost("the last source's connection was lost")
    feeds = [Feed(_steps(0), ConnectionLost("the first source's")), Feed(_steps(2), last)]
    heard = _steady(function, feeds)
    if heard.error is None:
        raise NotYet("No source got as far as a text, and the stream ended without an error.")
    if heard.error is not last and heard.error.__cause__ is not last:
        if not came_out(heard.error, ConnectionLost):
            no_error(heard, "when no source got as far as a text")
        raise NotYet(
            f"No source got as far as a text, and the error that came out is "
            f"{shown(repr(heard.error))}; the last one's was {shown(repr(last))}."
        )
    for count, sent in _WITHOUT_TEXT:
        _ends_without_text(function, count, sent)
    _left(function)
    _same_again(function)
    return (
        "Failures and silences before a text or a tool call make room for the next; after it they "
        "come out, and what was shown stays."
    )


def is_a_silence(error: Exception | None) -> bool:
    """Whether it is how a silence that was too long is told."""
    return isinstance(error, TimeoutError) or type(error).__name__ == "Stalled"


def _failed_as_the_source(error: Exception) -> bool:
    """Whether it is what the source came to, and no slip of the learner's code."""
    return is_a_silence(error) or came_out(error, ConnectionLost)


def _status(stage: str, detail: str = "") -> object:
    """A `Status` of the kind that the learner's code has."""
    from utils.widgets import Status  # brings the widgets along: when it is needed

    return Status(stage, detail)


def _steps(count: int, text: str = LAMP) -> list[tuple[float, Any]]:
    """The first pieces of a source: news, an empty chunk, then chunks with text."""
    pieces = [AIMessageChunk(content=piece) for piece in ("", *cut(text, 10))]
    items = [_status("Thinking"), *pieces]
    gaps = [0.0, 0.1, 0.5, *[0.1] * len(items)]
    return list(zip(gaps, items, strict=False))[:count]


def _feed(text: str = LAMP) -> Feed:
    return Feed(_steps(99, text))


def _call(*after: tuple[float, str]) -> list[tuple[float, Any]]:
    """The pieces of a source that calls a tool without a word, and more news."""
    news = [(seconds, _status(stage)) for seconds, stage in after]
    return [*_steps(2), (0.5, _status("Tool call", "refund")), *news]


@dataclass(frozen=True)
class _Case:
    """What the first source does.

    Attributes:
        steps: Makes its pieces.
        what: What it does, in words.
        error: How it fails; without one it is silent for long after the pieces.
        since: What has happened that may not happen twice.
    """

    steps: Callable[[], list[tuple[float, Any]]]
    what: str
    error: Exception | None = LOST
    since: str = ""

    @property
    def when(self) -> str:
        """The same at the end of a sentence."""
        return f"when {self.what[0].lower()}{self.what[1:]}"

    def feed(self) -> Feed:
        """The source."""
        late = [] if self.error else [(LONG, AIMessageChunk(content="late"))]
        return Feed([*self.steps(), *late], self.error)


_NOTHING_YET = (
    _Case(lambda: _steps(0), "The first source failed at once"),
    _Case(lambda: _steps(1), "The first source yielded a `Status` and failed"),
    _Case(lambda: _steps(2), "The first source yielded an empty chunk and failed"),
    _Case(lambda: _steps(0), "The first source was silent", None),
    _Case(lambda: _steps(2), "The first source was silent after an empty chunk", None),
)
_COMMITTED = (
    _Case(lambda: _steps(5), "The first source failed in mid-reply", since="text"),
    _Case(lambda: _steps(5), "The first source fell silent in mid-reply", None, since="text"),
    _Case(_call, "The first source announced a tool call and failed", since="tool"),
    _Case(
        lambda: _call((1.0, "Thinking")),
        "The first source called a tool and failed when the model was asked again",
        since="tool",
    ),
    _Case(_call, "The first source announced a tool call and fell silent", None, since="tool"),
)
_WITHOUT_TEXT = (
    (2, "with no text"),
    (1, "with a `Status` alone"),
)


def _steady(function: Callable[..., Any], feeds: Sequence[Feed], **how: Any) -> Heard:
    return run_stream(function, (list(feeds), SECONDS), "steady", *feeds, **how)


def _passed_on(
    heard: Heard, right: Sequence[Any], what: str = "", at_least: Sequence[Any] | None = None
) -> None:
    """Turn down other pieces than those that the sources made, or than the fewer `at_least`."""
    begins = f"{what}. " if what else ""
    for item in heard.items:
        if isinstance(item, str):
            raise NotYet("`steady` yields text where a chunk came; pass on what comes.")
        if item not in right:
            raise NotYet(f"{begins}`steady` yields {kind(item)} that no source made.")
    if heard.items == list(right) or heard.items == list(at_least or right):
        return
    for wanted in (at_least or right, right):
        _nothing_missing(heard.items, wanted, begins)
    counted = f"{begins}{len(right)} pieces came, and {len(heard.items)} were passed on"
    if len(heard.items) == len(right):
        raise NotYet(f"{counted}, in another order.")
    raise NotYet(f"{counted}: some twice, or your own?")


def _nothing_missing(items: Sequence[Any], wanted: Sequence[Any], begins: str) -> None:
    """Turn down pieces of which one is missing; two sources may have yielded the same."""
    for item in wanted:
        came, passed_on = wanted.count(item), items.count(item)
        if passed_on == 0:
            what = kind(item)
            raise NotYet(f"{begins}{what[0].upper()}{what[1:]} that came was not passed on.")
        if passed_on < came:
            what = shown(repr(getattr(item, "content", item)))
            raise NotYet(
                f"{begins}{what} came {often(came)}, and was passed on {often(passed_on)}: one is "
                "missing."
            )


def _nobody_else(feeds: Sequence[Feed], asked: int, what: str, so: str = "") -> None:
    for number, feed in enumerate(feeds[asked:], start=asked + 1):
        if feed.made:
            raise NotYet(f"{what}, and source {number} was called all the same{so}.")


def _no_slip(heard: Heard, feeds: Sequence[Feed]) -> None:
    """Tell what Python says of a source, or of a `Status`, in the exercise's words."""
    error = heard.error
    about_a_feed = isinstance(error, TypeError | AttributeError) and "Feed" in str(error)
    if (error is None or about_a_feed) and not any(feed.made for feed in feeds):
        raise NotYet("Nobody called a source. A source is a function: call it.")
    if isinstance(error, AttributeError) and stage(error.obj) is not None:
        raise NotYet(f"A `Status` has no `{error.name}`. {told(error)}")


def _next_is_asked(function: Callable[..., Any], case: _Case) -> None:
    what = case.what
    feeds = [case.feed(), _feed(OTHER), _feed()]
    heard = _steady(function, feeds)
    if heard.error is not None and not feeds[1].made:
        if not _failed_as_the_source(heard.error):
            no_error(heard, case.when)
        raise NotYet(f"{what}, and `{type(heard.error).__name__}` came out: nobody else was asked.")
    no_error(heard, case.when)
    if not feeds[1].made:
        took = "" if case.error else f" for {LONG:g} s"
        raise NotYet(f"{what}{took}, and nobody else was asked.")
    if feeds[0].made > 1:
        raise NotYet(f"{what}, and was called {often(feeds[0].made)}. Call the next one.")
    _nobody_else(feeds, 2, f"{what}, the second answered")
    sent = [item for _, item in feeds[0].steps[: len(feeds[0].times)]]
    # Who hands an empty chunk over with the text after it has none to go with here.
    at_least = [*(item for item in sent if not is_empty(item)), *feeds[1].items]
    _passed_on(heard, [*sent, *feeds[1].items], what, at_least)
    if case.error is None:
        quiet_since = feeds[0].times[-1] if feeds[0].times else loops.BEGIN
        waited = feeds[1].times[0] - quiet_since
        if waited > SECONDS + AT_ONCE:
            raise NotYet(f"{what}, and the next one was asked after {waited:.1f} s.")
        if waited < SECONDS - AT_ONCE:
            raise NotYet(f"{what}, and the next one was asked after {waited:.1f} s already.")
    if not heard.let_go:
        raise NotYet(f"{what}, the next one answered, and the first one's stream is still open.")


def _interrupted(function: Callable[..., Any], case: _Case) -> None:
    what = case.what
    feeds = [case.feed(), _feed(OTHER)]
    heard = _steady(function, feeds)
    if case.since == "tool":
        _nobody_else(feeds, 1, what, ": the tool may run twice")
    _nobody_else(feeds, 1, f"{what}, when some text had been shown")
    if heard.error is None:
        how = "waited for it" if "late" in heard.text else "ended as if the reply were complete"
        raise NotYet(f"{what}, and `steady` {how}.")
    if case.error is not None and not came_out(heard.error, ConnectionLost):
        no_error(heard, case.when)
    sent = feeds[0].items[: len(feeds[0].items) - (case.error is None)]
    _passed_on(heard, sent, what, [item for item in sent if not is_empty(item)])


def _ends_without_text(function: Callable[..., Any], count: int, sent: str) -> None:
    """Whoever ends without an error is through, and nobody else is asked."""
    feeds = [Feed(_steps(count)), _feed(OTHER)]
    heard = _steady(function, feeds)
    ended = f"The first source ended without an error, and {sent}"
    _nobody_else(feeds, 1, ended, ": the first had not failed")
    no_error(heard, f"when {ended[0].lower()}{ended[1:]}")


def _same_again(function: Callable[..., Any]) -> None:
    """One source, twice in the list: it has two chances, and the second is the last."""
    twice = "One source stood in the list twice, so that it is asked again when it fails"
    feeds = [Feed(_steps(2), LOST), _feed()]
    heard = run_stream(function, (_two_of(feeds), SECONDS), "steady", *feeds)
    if heard.error is not None and _failed_as_the_source(heard.error) and not feeds[1].made:
        raise NotYet(
            f"{twice}. It failed once, and its error came out. How does your code know which "
            "source is the last one?"
        )
    no_error(heard, "when one source stood in the list twice")
    if not feeds[1].made:
        raise NotYet(f"{twice}. It failed once, and nobody asked it again.")

    feeds = [Feed(_steps(2), LOST), Feed(_steps(2), LOST)]
    heard = run_stream(function, (_two_of(feeds), SECONDS), "steady", *feeds)
    if heard.error is None:
        raise NotYet(f"{twice}. It failed both times, and the stream ended without an error.")


def _two_of(feeds: Sequence[Feed]) -> list[Callable[[], AsyncGenerator[Any]]]:
    """A list with one source twice, which is the first feed and then the second."""

    def source() -> AsyncGenerator[Any]:
        feed = next((feed for feed in feeds if not feed.made), feeds[-1])
        return feed()

    return [source] * 2


def _left(function: Callable[..., Any]) -> None:
    feeds = [_feed(), _feed(OTHER)]
    heard = _steady(function, feeds, leave_after=4)
    no_error(heard, "when the reader left")
    _nobody_else(feeds, 1, "The reader left")
    if not heard.let_go:
        raise NotYet("The reader has left, and the source's stream is still open.")
    feeds = [_Case(lambda: _steps(2), "", None).feed(), _feed(OTHER)]
    try:
        run_cancelled(function, (feeds, SECONDS), "steady", *feeds, after=1.0)
    finally:  # another source is the more telling thing to say
        _nobody_else(feeds, 1, "The reader's task was cancelled in a silence")
