"""What an asynchronous exercise's function is to hand back, and how else it may be told.

For use inside `loops.run`, since a coroutine is awaited to see what comes of it.
"""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import GeneratorType
from typing import Any

from utils.checks.engine.student_code import learners_code, learners_own
from utils.checks.observe import kind, names_in
from utils.checks.outcome import NotYet


class ForeignLoop(NotYet):
    """The learner's code waits at something that belongs to another event loop.

    Attributes:
        thing: What it is, such as "Semaphore".
    """

    def __init__(self, thing: str) -> None:
        super().__init__(
            f"Your code waits at a `{thing}` that was made outside of it, and belongs to another "
            "event loop. Make one inside of the function."
        )
        self.thing = thing


@contextmanager
def learners_tasks(when: str = "") -> Iterator[None]:
    """As `learners_code`, and of a group of errors it tells the first; see there.

    Raises:
        ForeignLoop: If the code waits at something of another event loop.
    """
    with learners_code(when):
        try:
            yield
        except BaseExceptionGroup as group:
            raise told_apart(leaves(group)[0]) from None
        except RuntimeError as error:
            raise told_apart(error)  # noqa: B904 (it is the same one, or says all of it)
        except asyncio.CancelledError:
            raise NotYet(
                "Nobody cancelled your code, and it ended as if somebody had: a `CancelledError` "
                "came out of it."
            ) from None


def told_apart(error: BaseException) -> BaseException:
    """The same error, or a `ForeignLoop` in place of asyncio's."""
    of_another = re.match(
        r"<(?:\w+\.)*(\w+) object .*> is bound to a different event loop", str(error)
    )
    return ForeignLoop(of_another[1]) if of_another else error


def leaves(error: BaseException) -> list[BaseException]:
    """The errors in a group of groups, or the one itself."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]


def tasks_at_work() -> list[str]:
    """The names of the learner's coroutines that tasks run at this moment."""
    running = [task.get_coro() for task in asyncio.all_tasks()]
    coroutines = [each for each in running if inspect.iscoroutine(each)]
    return [each.__name__ for each in coroutines if learners_own(each.cr_code.co_filename)]


async def the_stream(returned: object, name: str) -> AsyncIterator[Any]:
    """What came back from a function that is to be read by `async for`.

    Raises:
        NotYet: If it can't be.
    """
    if hasattr(returned, "__aiter__"):
        items: AsyncIterator[Any] = aiter(returned)
        return items
    if inspect.iscoroutine(returned):
        prints = "print" in names_in(returned.cr_code)
        with learners_tasks():
            result = await returned
        if hasattr(result, "__aiter__"):
            raise NotYet(
                f"Calling `{name}` gives a coroutine, and the stream is what comes of awaiting it. "
                f"Whoever writes `async for … in {name}(…)` gets an error."
            )
        if result is None:
            printed = " What is printed, other code can't read." if prints else ""
            raise NotYet(
                f"`{name}` hands over nothing: there is no `yield` in it.{printed} The exercise "
                "asks for something to read by `async for`, piece by piece."
            )
        raise NotYet(
            f"`{name}` hands over {kind(result)}, once, when all is over. The exercise asks for "
            "something to read by `async for`, piece by piece."
        )
    if isinstance(returned, GeneratorType):
        returned.close()
        raise NotYet(
            f"`{name}` is a plain generator, for `for`. Reading it by `async for` is an error, and "
            "nothing in it can wait without holding everything else up."
        )
    raise NotYet(
        f"Calling `{name}` gave {kind(returned) if returned is not None else '`None`'}. The "
        "exercise asks for something to read by `async for`, piece by piece."
    )


async def the_result(returned: object, name: str, when: str = "") -> Any:
    """What comes of awaiting what a function returned.

    Args:
        returned: What calling it gave.
        name: The function's.
        when: What it was given, such as "for no prompts", if that explains an error.

    Raises:
        NotYet: If it can't be awaited.
    """
    if inspect.isawaitable(returned):
        with learners_tasks(when):
            return await returned
    if hasattr(returned, "__aiter__"):
        raise NotYet(
            f"Calling `{name}` gives an async generator, none of whose lines runs until somebody "
            "reads it. The exercise asks for something to await."
        )
    if isinstance(returned, GeneratorType):
        returned.close()
        raise NotYet(
            f"There is a `yield` in `{name}`, so calling it only makes a generator and runs none "
            "of its lines."
        )
    raise NotYet(
        f"Calling `{name}` gave {kind(returned) if returned is not None else '`None`'} at once, "
        "and that can't be awaited. The exercise asks for a coroutine function."
    )
