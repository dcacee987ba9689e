"""Edits made in a built notebook, which the next build would overwrite.

A build writes both editions, and they share every cell except exercises and notes. Where they
differ, one of them was edited since.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from nbformat import NotebookNode


def changes(
    learner: NotebookNode | None, solved: NotebookNode | None, expected: Mapping[str, str]
) -> dict[Literal["notebooks", "solutions"], list[str]]:
    """What was edited, by edition; an edited exercise that was never run goes unnoticed.

    Args:
        learner: The notebook in `notebooks/`, if any.
        solved: The notebook in `solutions/`, if any.
        expected: The text of each learner's cell that a build would write now, by id.
    """
    found: dict[Literal["notebooks", "solutions"], list[str]] = {"notebooks": [], "solutions": []}
    if learner is None:
        return found
    for cell in learner.cells:
        if cell.get("outputs") or cell.get("execution_count"):
            found["notebooks"].append(f"cell {cell.get('id')} was run")
    if solved is None:
        return found
    twins = {cell.get("id"): cell for cell in solved.cells}
    for cell in learner.cells:
        name = cell.get("id")
        twin = twins.pop(name, None)
        if twin is None and name in expected:
            found["solutions"].append(f"cell {name} was removed")
        elif twin is None:
            found["notebooks"].append(f"cell {name} was added")
        elif twin.source != cell.source and not _tagged(cell, "exercise-"):
            if cell.source == expected.get(name):
                found["solutions"].append(f"cell {name} was edited")
            else:
                found["notebooks"].append(f"cell {name} was edited")
    for name, twin in twins.items():
        if not _tagged(twin, "instructor"):
            if name in expected:
                found["notebooks"].append(f"cell {name} was removed")
            else:
                found["solutions"].append(f"cell {name} was added")
    return found


def keep(path: Path, folder: Path) -> Path:
    """Copy a notebook to `folder` under a new name, and return the copy's path."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (kept := folder / f"{path.parent.name}-{path.stem}-{number}.ipynb").exists():
        number += 1
    shutil.copyfile(path, kept)
    return kept


def _tagged(cell: NotebookNode, start: str) -> bool:
    return any(tag.startswith(start) for tag in cell.metadata.get("tags", ()))
