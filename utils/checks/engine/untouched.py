"""Detects answers that are still the exercise's placeholder."""

import ast
import dis
from collections.abc import Mapping
from types import CodeType, FunctionType

from utils import lesson_source

UNTOUCHED = "Write your answer where it says `your code here`, and run the cell again."


def untouched(answer: object, number: str) -> bool:
    """Whether `answer` is still the exercise's placeholder.

    A placeholder is `...`, a tuple that contains one, a non-empty dict or list of placeholders, a
    function that is empty or has the same code as one in the unsolved notebook, or a class that
    contains only placeholders and doesn't inherit from another of the learner's classes.
    """
    if answer is ...:
        return True
    if isinstance(answer, tuple):
        return any(untouched(part, number) for part in answer)
    if isinstance(answer, Mapping | list):
        parts = answer.values() if isinstance(answer, Mapping) else answer
        return bool(answer) and all(untouched(part, number) for part in parts)
    if isinstance(answer, FunctionType):
        code = _essence(answer.__code__)
        return code in _EMPTY or code in map(_essence, _compiled(lesson_source.stub(number)))
    if isinstance(answer, type):
        inherits_own = any(base.__module__ == answer.__module__ for base in answer.__mro__[1:-1])
        return not inherits_own and all(
            untouched(value, number)
            for name, value in vars(answer).items()
            if callable(value) or not name.startswith("__")
        )
    return False


def _essence(code: CodeType) -> tuple[object, ...]:
    """Return the instructions in a code object, without the name, line numbers or docstring."""
    return tuple(
        (step.opname, _essence(step.argval) if isinstance(step.argval, CodeType) else step.argval)
        for step in dis.get_instructions(code)
    )


def _compiled(text: str) -> list[CodeType]:
    """Return the code objects of all functions and classes in a cell's source."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as in a notebook cell
    codes = [compile(text, "<stub>", "exec", flags, dont_inherit=True)]
    for code in codes:  # `codes` grows during the loop, as nested functions and classes are found
        codes += [value for value in code.co_consts if isinstance(value, CodeType)]
    return codes[1:]


_EMPTY_FUNCTIONS = """
def function(): ...
def generator(): yield ...
async def coroutine(): ...
async def stream(): yield ...
"""
_EMPTY = [*map(_essence, _compiled(_EMPTY_FUNCTIONS))]
