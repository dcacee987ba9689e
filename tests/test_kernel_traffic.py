"""`traffic` counts the messages that a kernel sends; it raises an error if there is no kernel."""

import pytest
from nbformat.v4 import new_code_cell

from tests.notebooks import editions
from tools.programs import ROOT
from utils.widgets import Traffic, traffic

SETUP = """
import os, sys
sys.path.insert(0, {root!r})
from IPython.display import display
from utils.widgets import LiveText, traffic
outlet = get_ipython().kernel.iopub_thread
"""
CELLS = {  # maps a cell's code to what it prints
    # prints, displays and widgets are counted
    """\
with traffic() as nothing:
    pass
with traffic() as one:
    print("x" * 1000)
with traffic() as shown:
    display("x" * 1000)
live = LiveText()
with traffic() as widget:
    live.show(["x" * 1000])
inside = [nothing.messages, one.messages, shown.messages, widget.messages > 0]
big = [count.bytes > 1000 for count in (nothing, one, shown, widget)]
print(inside, big)
""": "[0, 1, 1, True] [False, True, True, True]\n",
    # the method that sends messages is restored
    """\
for error in (None, ValueError):
    try:
        with traffic():
            assert "send_multipart" in vars(outlet)
            if error: raise error
    except ValueError:
        pass
    print("send_multipart" in vars(outlet))
""": "False\nFalse\n",
    # overlapping `with` blocks have separate counts
    """\
first, second = traffic(), traffic()
one = first.__enter__()
display("a")
two = second.__enter__()
display("b")
first.__exit__(None, None, None)
display("c")
second.__exit__(None, None, None)
print(one.messages, two.messages, "send_multipart" in vars(outlet))
""": "2 2 False\n",
}


def test_in_a_kernel(tmp_path):
    sources = [SETUP.format(root=str(ROOT)), *CELLS]
    _, *cells = editions.run([*map(new_code_cell, sources)], tmp_path)
    for cell in cells:
        prints = [output.text for output in cell.outputs if output.output_type == "stream"]
        assert "".join(prints).endswith(CELLS[cell.source])


def test_without_a_kernel_it_fails():
    with pytest.raises(RuntimeError, match="No kernel is running"), traffic():
        pass


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (Traffic(1, 420), "1 message · 0.4 kB"),
        (Traffic(1234, 56_789), "1,234 messages · 56.8 kB"),
        (Traffic(2, 11_000_000), "2 messages · 11.0 MB"),
    ],
)
def test_a_count_is_printed_in_one_line(count, line):
    assert str(count) == line
