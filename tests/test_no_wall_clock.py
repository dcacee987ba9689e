"""Checks that no test compares wall-clock durations: such a test can fail on a busy machine.

Use virtual time instead.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time_ns"}
FIGURES = {"ttft", "ttfb", "ttfat", "tpot", "e2e", "gaps", "elapsed", "makespan", "longest"}
VIRTUAL = {"virtual", "clock", "served"}  # fixtures with virtual time

# Tests that may compare durations, by file and function, each with the reason.
ALLOWED = {
    "checks/test_virtual_time.py::test_other_threads_keep_the_real_time": "compares only the order",
    "test_reader_model.py::test_the_wait_lies_between_the_first_text_and_the_end": "no clock",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_clock(node):
    """Return whether a syntax node reads the machine's clock, or a duration from a recording."""
    if isinstance(node, ast.Attribute) and node.attr in FIGURES:
        return True
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute):
        owner = called.value
        of_time = isinstance(owner, ast.Name) and owner.id == "time"
        return of_time and called.attr in CLOCKS | {"time"}
    return isinstance(called, ast.Name) and called.id in CLOCKS


def timed(node, names):
    """Return whether a value depends on a clock, directly or through one of `names`."""
    return any(
        is_clock(each) or (isinstance(each, ast.Name) and each.id in names)
        for each in ast.walk(node)
    )


def names_of_seconds(scope, known):
    """Return `known`, plus the names to which `scope` assigns values that depend on a clock."""
    names = set(known)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and timed(node.value, names):
            targets = [each for target in node.targets for each in ast.walk(target)]
            names |= {each.id for each in targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.NamedExpr) and timed(node.value, names):
            names.add(node.target.id)
    return names


def compares_seconds(check, names):
    """Return whether a condition compares durations."""
    return any(
        isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops)
        and timed(node, names)
        for node in ast.walk(check)
    )


def found(source):
    """Yield the function and line of each assertion that compares wall-clock durations."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    returning = {
        function.name
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
        and node.value is not None
        and timed(node.value, names_of_seconds(function, set()))
    }
    for function in functions:
        if VIRTUAL & {argument.arg for argument in function.args.args}:
            continue
        names = names_of_seconds(function, returning)
        for node in ast.walk(function):
            if isinstance(node, ast.Assert) and compares_seconds(node.test, names):
                yield function.name, node.lineno


@pytest.mark.parametrize(
    "lines",
    [
        "start = perf_counter()\nwork()\nassert perf_counter() - start < 1",
        "start = time.monotonic()\nwork()\ntook = time.monotonic() - start\nassert 1 > took",
        "assert record(stream).recording.ttft < 0.5",
        "assert max(run.gaps) > 3 * min(run.gaps)",
        "first, second = run.ttft, other.ttft\nassert first <= second",
    ],
)
def test_a_comparison_of_real_seconds_is_found(lines):
    body = "\n    ".join(lines.splitlines())
    assert list(found(f"def test():\n    {body}\n"))
    assert not list(found(f"def test(virtual):\n    {body}\n"))


def test_no_test_compares_real_seconds():
    places = [
        f"{path.relative_to(TESTS).as_posix()}::{function}, line {line}"
        for path in sorted(TESTS.rglob("*.py"))
        for function, line in found(path.read_text(encoding="utf-8"))
    ]
    left = [place for place in places if place.partition(",")[0] not in ALLOWED]
    assert not left, "\n".join(["Use virtual time, or count:", *left])
    assert {place.partition(",")[0] for place in places} == set(ALLOWED), (
        "ALLOWED lists tests that need no exception"
    )
