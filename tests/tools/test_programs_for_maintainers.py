"""What CONTRIBUTING.md tells maintainers to run has help, and refuses arguments it doesn't know."""

import re
import runpy
import sys

import pytest

from tools.programs import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MODULES = sorted(set(re.findall(r"python -m ((?:tools|utils)\.[\w.]+)", GUIDE)))
BENCHMARKS = [
    str(path.relative_to(ROOT))
    for path in sorted(ROOT.glob("benchmarks/*.py"))
    if "__main__" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("program", [*MODULES, *BENCHMARKS])
def test_a_program_reads_its_arguments_before_it_starts(program, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # where Python looks for `floor` and `kernels`
    for imported in (program, f"{program}.__main__"):  # runpy would warn about them
        monkeypatch.delitem(sys.modules, imported, raising=False)
    run, what = runpy.run_path, str(ROOT / program)
    if program in MODULES:
        run, what = runpy.run_module, program
    for word, code in {"--help": 0, "--no-such-option": 2}.items():
        monkeypatch.setattr(sys, "argv", [program, word])
        with pytest.raises(SystemExit) as ended:
            run(what, run_name="__main__")
        assert ended.value.code == code
    printed = capsys.readouterr()
    assert re.search(r"\n\n\w.+\n\n(positional arguments|options):", printed.out, re.DOTALL)
    assert "unrecognized arguments: --no-such-option" in printed.err
