"""Finds files that shadow a module, such as a scratch file named `openai.py`.

`course.py` and the setup cell look for them first; `tools/environment.py`, `lab` and `doctor` do so
too. Any module but a built-in or frozen one may be shadowed, so this file imports only modules that
Python loads at startup.
"""
# ruff: noqa: PTH100, PTH112, PTH120, PTH208 (pathlib may be shadowed too)

import os
import sys
from importlib import import_module
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Only Python itself imports these, at startup. Debian's Python includes a `sitecustomize`.
_HOOKS = ("sitecustomize", "usercustomize")
# The course's own packages and modules; they are allowed to shadow installed ones.
_OURS = ("conftest", "course", "hub", "tools", "utils")


def is_for_packages(place: str) -> bool:
    """Return whether a folder is for installed packages, judging by its name."""
    return place.rstrip("/\\").endswith(("site-packages", "dist-packages"))


def _shadowing_folders(path: list[str]) -> list[str]:
    """Return the `path` folders that contain neither the standard library nor installed packages.

    These are the folder of the script or notebook, and folders added by PYTHONPATH or a program.
    """
    library = os.path.dirname(os.path.abspath(os.__file__))
    return [
        place
        for place in path
        if os.path.isdir(place or ".")
        and not is_for_packages(place)
        and not os.path.abspath(place).startswith(library)
    ]


def shadowed(path: list[str]) -> dict[str, str]:
    """Map each module that is shadowed on the search path `path` to the file that shadows it."""
    # PathFinder.invalidate_caches would import importlib.metadata, and so half the library.
    sys.path_importer_cache.clear()
    others = _shadowing_folders(path)
    found: dict[str, str] = {}
    for folder in others:
        later = [place for place in path[path.index(folder) :] if place not in others]
        names = {entry.partition(".")[0] for entry in os.listdir(folder or ".")}
        for name in sorted(names.difference(_HOOKS)):
            here = PathFinder.find_spec(name, [folder])  # the file that may shadow the module
            if here is None or not here.origin:
                continue
            if os.path.abspath(folder) == _ROOT and name in _OURS:
                continue
            if BuiltinImporter.find_spec(name) or FrozenImporter.find_spec(name):
                continue  # Python finds built-in and frozen modules before any file on the path
            meant = PathFinder.find_spec(name, later)
            if meant is not None:  # a namespace package counts too, though it has no origin
                found[name] = _location(here.origin)
    return found


def _location(origin: str) -> str:
    location = os.path.abspath(origin)
    folder, file = os.path.split(location)
    return folder if file.startswith("__init__.") else location


def shadowed_by_root(path: list[str]) -> dict[str, str]:
    """Map each package on `path` that a file in the course's folder shadows to that file.

    Programs started in that folder with `python -m` would import the file instead.
    """
    return shadowed([_ROOT, *filter(is_for_packages, path)])


def other_utils(folder: str) -> str | None:
    """Return advice if a notebook in `folder` would import a `utils` other than the course's."""
    found = PathFinder.find_spec("utils", [folder])
    return advice("utils", _location(found.origin)) if found and found.origin else None


def shadowed_in_use(path: list[str], needed: tuple[str, ...]) -> dict[str, str]:
    """Map each shadowed module that affects the course to the file that shadows it.

    If any of the shadowing files have been imported, only the modules they shadow are returned.
    Otherwise, the `needed` modules are imported without the shadowing folders, and the result
    contains the shadowed modules that were loaded.
    """
    found = shadowed(path)
    loaded = {name: file for name, file in found.items() if _is_loaded_from(name, file)}
    if loaded or not found:
        return loaded
    before = sys.path[:]
    others = _shadowing_folders(before)
    sys.path[:] = [place for place in before if place not in others]
    try:
        for name in needed:
            import_module(name)
    finally:
        sys.path[:] = before
    return {name: file for name, file in found.items() if name in sys.modules}


def _is_loaded_from(name: str, path: str) -> bool:
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return os.path.abspath(file).startswith(path)


def advice(name: str, path: str) -> str:
    """Return a sentence that names the file that shadows a module, and says what to do."""
    what = "folder" if os.path.isdir(path) else "file"
    whose = "Python's own module" if name in sys.stdlib_module_names else "the package"
    return f"The {what} {path} hides {whose} `{name}`: rename the {what}, and start again."
