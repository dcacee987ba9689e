"""Checks that no test compares wall-clock durations: such a test can fail on a busy machine.

Use virtual time instead.
"""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
SECONDS = re.compile(  # code that reads a clock or uses a duration from a recording
    r"\b(perf_counter|monotonic|time_ns|time\.time)(_ns)?\("
    r"|\.(ttft|ttfb|ttfat|tpot|e2e|gaps|elapsed|makespan|longest)\b"
)
VIRTUAL = {"virtual", "clock", "served"}  # fixtures that use virtual time

# The only tests that may both read a time and assert an inequality.
ALLOWED = {
    # This test checks only which of two times is earlier.
    "checks/test_virtual_time.py::test_other_threads_keep_the_real_time",
    # These tests compare times that the simulator plans in advance.
    (
        "simulator/test_pacing.py::"
        "test_the_role_chunk_precedes_the_text_whose_median_ttft_is_the_profiles"
    ),
    "simulator/test_prefill.py::test_the_ttft_varies_reproducibly_around_the_formula",
    # This test compares token counts, not times.
    "simulator/test_prefill.py::test_only_a_shared_prefix_is_cached",
}


def found(source):
    """Yield the names of functions that measure real time and assert an inequality."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        compares = any(
            isinstance(node, ast.Assert) and re.search(" [<>]=? ", ast.unparse(node.test))
            for node in ast.walk(function)
        )
        in_virtual_time = VIRTUAL & {argument.arg for argument in function.args.args}
        if compares and not in_virtual_time and SECONDS.search(ast.unparse(function)):
            yield function.name


def test_no_test_compares_real_seconds():
    places = {
        f"{path.relative_to(TESTS).as_posix()}::{function}"
        for path in TESTS.rglob("*.py")
        for function in found(path.read_text(encoding="utf-8"))
    }
    assert places == ALLOWED, "a new test must use virtual time, or count"
