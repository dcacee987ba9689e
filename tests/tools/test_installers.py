"""Installing packages: finding uv, its options, progress, and advice after a failure."""

import errno
import os
import shutil
import sys
from typing import Any

import pytest

from tools import commands, installers
from tools.environment import Environment
from tools.programs import ROOT, Advice


def test_setup_from_a_folder_without_packages_says_how_to_download_them(tmp_path, capsys):
    assert commands.main(["setup", "--wheels", str(tmp_path)]) == 1
    assert "pip download --no-deps --only-binary=:all: -r requirements/lab.lock" in (
        capsys.readouterr().err
    )


def test_uv_installs_from_pips_folder_of_packages(tmp_path, monkeypatch):
    wheels = tmp_path / "the wheels"
    wheels.mkdir()
    (wheels / "one-1.0-py3-none-any.whl").touch()
    asked: list[list[str]] = []
    monkeypatch.setattr(installers, "follow", lambda command, *_: asked.append(list(command)))
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, "")
    installers.run_uv("uv", Environment(tmp_path), tmp_path / "lock")
    installers.install_from(wheels, "lock")
    installers.run_uv("uv", Environment(tmp_path), tmp_path / "lock")
    usual, offline = asked
    assert "--no-index" not in usual
    assert offline == [*usual, "--no-index", f"--find-links={wheels.as_uri()}"]


def test_progress_says_what_uv_does_after_installing(tmp_path, monkeypatch):
    shown: list[str] = []

    def follow(*arguments: Any) -> None:
        watch = arguments[-1]  # returns the message to show after a line of uv's output
        shown.append(watch("Installed 2 packages in 3ms"))

    monkeypatch.setattr(installers, "follow", follow)
    installers.run_uv("uv", Environment(tmp_path), tmp_path / "lock")
    assert shown == [installers.COMPILING]


UV = "#!/bin/sh\necho --compile-bytecode\n"


@pytest.mark.skipif(os.name == "nt", reason="shell scripts take the place of uv")
@pytest.mark.parametrize(
    ("script", "works"),
    [
        (UV, True),
        (UV + "exit 2", False),  # does not know an option
        ("#!/bin/sh\necho another program", False),
        ("#!/nonexistent/python", False),
        ("", False),
        (UV + "kill -9 $$", False),
    ],
)
def test_a_uv_that_does_not_work_is_not_used(tmp_path, monkeypatch, capsys, script, works):
    uv = tmp_path / "uv"
    uv.write_text(script, encoding="utf-8")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert installers.working_uv() == (str(uv) if works else None)
    assert ("doing without it" in capsys.readouterr().out) is not works


def test_installers_ignore_the_settings_in_the_callers_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-c", "import os; print(os.getcwd())"]
    assert installers.output_of(command, "") == (0, [str(ROOT)])


OFFLINE_PIP = "WARNING: Retrying (Retry(total=4, ...)) after connection broken by 'ProxyError'"
OFFLINE_UV = "error: Failed to fetch: `https://example.org/simple/six/`"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (OFFLINE_PIP, "there is no network, or a proxy is in the way"),
        (OFFLINE_UV, "there is no network, or a proxy is in the way"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "no room on the disk"),
        ("error: failed to write: Disk quota exceeded (os error 122)", "no room on the disk"),
        ("Error: [Errno 1] Not permitted: 'lib' -> '/x/lib64'", "can't hold the symbolic links"),
        ("ERROR: [Errno 30] Read-only file system: '/x'", "can't be written to"),
        (
            "ERROR: No matching distribution found for numpy==2.5.5",
            "no ready-made build for Python",
        ),
        ("error: Failed to initialize cache at `/x`: Permission denied", "set UV_CACHE_DIR to"),
        ("No solution found: an unforeseen exclude-newer", "the lines above give the reason"),
        ("No solution found: an unforeseen network was disabled", "the lines above give the"),
        ("an unforeseen error", "(UV_CONFIG_FILE, UV_INDEX_OURS_USERNAME)?"),
    ],
)
def test_a_failing_installer_yields_advice(line, sentence, capsys, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name in ("UV_CONFIG_FILE", "UV_INDEX_OURS_USERNAME", "UV_LINK_MODE"):
        monkeypatch.setenv(name, "x")
    advice = str(installers.installing_advice(["Collecting six", line], ROOT))
    assert sentence in advice
    assert "\n" not in advice
    assert ("unforeseen" in capsys.readouterr().out) is ("unforeseen" in line)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(-9, "failed: signal 9 ended the installer"), (3, "failed: exit code 3, without")],
)
def test_an_installer_that_ends_without_a_message(tmp_path, monkeypatch, code, sentence):
    monkeypatch.setattr(installers, "output_of", lambda *_: (code, []))
    with pytest.raises(Advice, match=sentence):
        installers.follow(["uv"], Environment(tmp_path), "")


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: No matching distribution found for numpy==2.5.5",
        "error: No solution found when resolving dependencies",
    ],
)
def test_a_package_missing_from_the_folder_of_packages_is_reported(monkeypatch, line):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    advice = str(installers.installing_advice([line], ROOT))
    assert advice.startswith("The folder of packages lacks one for this computer")
    assert line in advice


def test_a_full_disk_is_noticed_before_anything_is_fetched(monkeypatch):
    usage = shutil.disk_usage(ROOT)._replace(free=300_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(Advice, match="no room on the disk"):
        installers.check_room(ROOT)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with (
        pytest.raises(Advice, match=r"'\.course\.lock'\): .* a folder of your own"),
        installers.sentences_for_the_disk(tmp_path),
    ):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), ".course.lock")


def test_without_the_venv_module_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(installers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Advice, match=r"apt install python3\.\d+-venv"):
        installers.make_venv(Environment(tmp_path), None)
