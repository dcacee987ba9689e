"""The checks report mistakes that mutations add to the official solutions.

Each mutation in `MUTATIONS` is applied to every solution that it would change, unless the exercise
opts out of one of the mutation's mistakes.
"""

import ast
import asyncio
from ast import unparse
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from tests.checks import test_official_answers as official
from utils import lesson_source
from utils.checks import evaluate, runner
from utils.checks.engine.timeout import ANSWER_SECONDS

LISTS = {"prompts", "history", "sources"}  # the names of arguments that are lists


class NotebookModel(FakeListChatModel):
    """A model that a notebook might define; it also accepts tools."""

    def bind_tools(self, tools, **kwargs):
        return self


notebook_model = NotebookModel(responses=["Not asked for."])
kept: list[Any] = []


def keep(value):
    kept.append(value)
    return value


async def forever():
    await asyncio.Event().wait()


HELPERS = (
    "import asyncio, contextlib\n"
    "from tests.checks.test_mutations import forever, keep, notebook_model\n"
)


class Transformer(ast.NodeTransformer):
    """Replaces each node with the result of `replace`; skips functions nested in `top`."""

    def __init__(self, replace, top=None):
        self.replace, self.top = replace, top

    def visit(self, node):
        if self.top and is_function(node) and node is not self.top:
            return node
        return self.replace(self.generic_visit(node))


def expression(text):
    return ast.parse(text, mode="eval").body


def is_function(node):
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def is_read(node, *names):
    return isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)


# --- Mutations: each takes a node and returns its replacement or the node itself ------------------


def swallows_errors(node):
    if is_function(node):
        (frame,) = ast.parse("try: ...\nexcept Exception: pass").body
        frame.body, node.body = node.body, [frame]
    return node


def returns_a_value(node):
    return isinstance(node, ast.Return) and node.value


def without_return(node):
    return ast.Expr(node.value) if returns_a_value(node) else node


def yield_for_return(node):
    return ast.Expr(ast.Yield(node.value)) if returns_a_value(node) else node


def collected_first(node):
    if isinstance(node, ast.For):
        node.iter = expression(f"iter(list({unparse(node.iter)}))")
    if isinstance(node, ast.AsyncFor):
        items = expression(f"[x async for x in {unparse(node.iter)}]")
        return ast.For(node.target, items, node.body, node.orelse)
    return node


def invoked(node):
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "stream":
        node.func.attr = "invoke"
        return expression(f"(x for x in [{unparse(node)}])")
    return node


def name_for(name, new):
    return lambda node: expression(new) if is_read(node, name) else node


def kept_open(node):
    """Remove `closing`, and keep a reference to the stream so that Python doesn't close it."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("closing", "aclosing"):
        return expression(f"contextlib.nullcontext(keep({unparse(node.args[0])}))")
    return expression("keep(stream)") if is_read(node, "stream") else node


def begins_a_task(node):
    if isinstance(node, ast.AsyncFunctionDef):
        node.body[:0] = ast.parse("keep(asyncio.ensure_future(forever()))").body
    return node


def awaits_nothing(node):
    return node.value if isinstance(node, ast.Await) else node


def as_async(node):
    is_plain = isinstance(node, ast.FunctionDef)
    return ast.AsyncFunctionDef(**dict(ast.iter_fields(node))) if is_plain else node


def spoils(names, spoil):
    """Return a mutation that runs `spoil` on each argument in `names` when the answer ends."""

    def replace(node):
        if is_function(node):
            for argument in node.args.args:
                if argument.arg in names:
                    (frame,) = ast.parse(f"try: ...\nfinally: {spoil.format(argument.arg)}").body
                    frame.body, node.body = node.body, [frame]
        return node

    return replace


@dataclass(frozen=True)
class Mutation:
    """A change to a solution's code, and the mistakes that the check may report for it."""

    name: str
    replace: Any
    mistakes: set[str]
    top: bool = False  # whether to change only the answer's own function, not nested functions


NO_FUNCTION = "returns no function"  # reported if the answer should return a function

MUTATIONS = (
    Mutation(
        "swallows errors",
        swallows_errors,
        {"swallows the error", "stores an incomplete reply", "ends quietly"},
    ),
    Mutation("returns nothing", without_return, {"returns nothing", NO_FUNCTION}, top=True),
    Mutation(
        "yields", yield_for_return, {"yields", "unread async generator", NO_FUNCTION}, top=True
    ),
    Mutation(
        "collects first",
        collected_first,
        {"collected first", "reads to the end", "held back", "field late", "no text"},
    ),
    Mutation("invokes", invoked, {"invoke"}),
    Mutation("ignores the prompt", name_for("prompt", '"Tell me a story"'), {"another prompt"}),
    Mutation("calls another model", name_for("model", "notebook_model"), {"another model"}),
    Mutation("keeps the stream open", kept_open, {"left open"}),
    Mutation("leaves a task", begins_a_task, {"leaves a task"}),
    Mutation("awaits nothing", awaits_nothing, {"never awaited", "raises", "yields an awaitable"}),
    Mutation("changes a list", spoils(LISTS, "{}.append(1)"), {"changes an argument"}, top=True),
    Mutation(
        "changes the model",
        spoils(["model"], "{}.temperature = 2"),
        {"changes the model"},
        top=True,
    ),
    Mutation("is async", as_async, {"async def", NO_FUNCTION}, top=True),
)


def mutated(code, mutation):
    """Return the mutated code, or None if nothing changes or the result isn't valid Python."""
    tree = ast.parse(code)
    functions = [node for node in tree.body if is_function(node)]
    if not functions:
        return None
    function, before = functions[-1], unparse(tree)  # the last function is the answer
    transformer = Transformer(mutation.replace, function if mutation.top else None)
    tree.body[tree.body.index(function)] = transformer.visit(function)
    new = unparse(ast.fix_missing_locations(tree))
    try:
        compile(new, "<mutated>", "exec")
    except SyntaxError:  # such as a `yield from` in an `async def`
        return None
    return None if new == before else new


# In this exercise, cancelling the task ends the stream, even if nothing closes the stream.
HARMLESS = (lesson_source.number("5.text_until"), "keeps the stream open")


def cases():
    """Yield each solution with each mutation that adds a mistake to it."""
    for lesson, number in (each.values for each in official.EXERCISES):
        exercise = lesson.exercises[number]
        imported = official.imported_before(lesson, exercise)
        solved = official.solved_before(lesson, exercise)
        before = "\n".join([HELPERS, imported, *solved])
        opts_out = set(runner.find(number).exercise.opts_out)
        for mutation in MUTATIONS:
            new = mutated(exercise.solved, mutation)
            harmless = (number, mutation.name) == HARMLESS
            if new and not harmless and not mutation.mistakes & opts_out:
                yield pytest.param(number, before, new, mutation, id=f"{number}-{mutation.name}")


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    yield
    kept.clear()


@pytest.mark.parametrize(("number", "before", "code", "mutation"), list(cases()))
def test_a_mutated_solution_is_rejected_for_the_mutation(number, before, code, mutation):
    answer = official.answers_in(code, before)[number]
    outcome = evaluate(number, answer, limit=ANSWER_SECONDS * 4)
    assert outcome.mistake in mutation.mistakes, (outcome, code)
