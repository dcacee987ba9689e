"""Builds `notebooks/` and `solutions/` from `lessons/`, or checks that they match."""

# nbformat is only partly typed.
# mypy: allow-untyped-calls, no-warn-return-any

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.build import execute
from tools.build.notebooks import EDITIONS, METADATA, BuildError, Built, differences, make
from tools.lessons import add_build_options, chosen, fill
from tools.programs import ROOT, Advice, advice_for_the_disk, say, show_transient, this_command
from utils.formatting import counted

_ORDINARY_NAME = re.compile(r"^\d\d_[a-z0-9_]+\.ipynb$")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__)
    add_build_options(parser)
    options = parser.parse_args(arguments)
    try:
        built, errors = [], []
        for path in chosen(options.lesson, root / "lessons"):
            try:
                built.append(make(path))
            except BuildError as error:
                errors.append(str(error))
        if errors:
            raise BuildError("\n".join(errors))
        everything = not options.lesson
        if options.check:
            return _report(built, root, everything=everything)
        for one in built:
            _write(one, options)
        if everything:
            fill(root / "lessons", [one.lesson for one in built], write=True)
    except (BuildError, Advice) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@advice_for_the_disk()
def _write(built: Built, options: argparse.Namespace) -> None:
    """Write both editions, or neither if executing the solutions fails."""
    label = f"solutions/{built.stem}.ipynb"
    stored = built.stored("solutions")
    if (
        stored is not None
        and not differences(built.editions["solutions"], stored)
        and not _unexecuted(stored)
        and not options.all
    ):
        solved = stored
        done = f"{label}: unchanged, outputs kept (after a change in utils: --all)"
    else:
        solved = execute.executed(built)
        if stored is not None and not options.all:
            execute.keep_outputs(solved, stored)
        done = f"{label}: executed, {counted(len(solved.cells), 'cell')}"
    built.save("notebooks", built.editions["notebooks"])
    show_transient("")
    say(f"notebooks/{built.stem}.ipynb: {counted(len(built.editions['notebooks'].cells), 'cell')}")
    solved.metadata = nbformat.from_dict(METADATA)  # Jupyter and nbclient change it
    built.save("solutions", solved)
    say(done)


def _report(built: Sequence[Built], root: Path, everything: bool) -> int:
    outdated = [line for one in built for line in _outdated(one)]
    solved = [(one, stored) for one in built if (stored := one.stored("solutions"))]
    others = [line for one, stored in solved for line in execute.rejected(one, stored)]
    if everything:
        outdated += fill(root / "lessons", [one.lesson for one in built], write=False)
        others += _left_over(built, root)
    for line in (*outdated, *others):
        say(line)
    if outdated:
        say(f"`{this_command('build')}` rebuilds the notebooks; changes belong in lessons/.")
    if not outdated and not others:
        say(f"notebooks/ and solutions/ match lessons/ ({counted(len(built), 'lesson')}).")
    return int(bool(outdated or others))


def _outdated(built: Built) -> Iterator[str]:
    for edition in EDITIONS:
        label = f"{edition}/{built.stem}.ipynb"
        stored = built.stored(edition)
        if stored is None:
            yield f"{label}: missing or unreadable"
            continue
        yield from (f"{label}: {each}" for each in differences(built.editions[edition], stored))
        if edition == "notebooks":
            for cell in stored.cells:
                if cell.get("outputs") or cell.get("execution_count"):
                    yield f"{label}: cell {cell.id} has outputs; learners' notebooks have none"
        elif name := _unexecuted(stored):
            yield f"{label}: cell {name} was not executed in order on a fresh kernel"


def _unexecuted(notebook: NotebookNode) -> str | None:
    """Return the id of the first cell that wasn't executed in order on a fresh kernel, if any."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    wrong = (cell.id for place, cell in enumerate(code, 1) if cell.execution_count != place)
    return next(wrong, None)


def _left_over(built: Sequence[Built], root: Path) -> list[str]:
    """Return a message for each notebook that is named like a lesson but doesn't belong to one."""
    stems = {one.stem for one in built}
    return [
        f"{edition}/{path.name}: there is no lesson of that name in lessons/: delete the file"
        for edition in EDITIONS
        for path in sorted((root / edition).glob("*.ipynb"))
        if _ORDINARY_NAME.match(path.name) and path.stem not in stems
    ]


if __name__ == "__main__":
    sys.exit(main())
