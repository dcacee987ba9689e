"""The commands, Python version and editor settings of the dev container."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tools import commands
from tools.environment import Environment
from tools.lab import LESSON_1
from tools.programs import ROOT

FOLDER = ROOT / ".devcontainer"
SETTINGS: dict[str, Any] = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
(PORT,) = SETTINGS["forwardPorts"]
LAB_COMMAND = SETTINGS["portsAttributes"][str(PORT)]["label"]


@pytest.mark.parametrize(
    "line", [SETTINGS["postCreateCommand"], SETTINGS["postAttachCommand"], f"python3 {LAB_COMMAND}"]
)
def test_its_commands_are_valid(line):
    python, script, *words = line.split()
    assert (python, script) == ("python3", "course.py")
    arguments = commands.parser().parse_args(words)
    if line.endswith(LAB_COMMAND):
        assert (arguments.port, arguments.browser) == (PORT, False)


def test_its_python_is_that_of_conda_and_binder():
    image = (FOLDER / SETTINGS["build"]["dockerfile"]).read_text(encoding="utf-8")
    (version,) = re.findall(r"^FROM python:(3\.\d+)$", image, re.MULTILINE)
    assert f"python={version}" in (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert f" {SETTINGS['remoteUser']}\n" in image


def test_the_editor_gets_jupyter_the_courses_python_and_lesson_1():
    vscode = SETTINGS["customizations"]["vscode"]
    assert "ms-toolsai.jupyter" in vscode["extensions"]
    folder = Path("${containerWorkspaceFolder}")
    expected = Environment(folder).folder / "bin" / "python"
    assert vscode["settings"]["python.defaultInterpreterPath"] == expected.as_posix()
    assert SETTINGS["customizations"]["codespaces"]["openFiles"] == [LESSON_1]
    assert (ROOT / LESSON_1).exists()
