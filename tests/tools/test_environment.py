"""environment.yml, pyproject.toml and the locks describe the same environment."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.programs import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LEARNER, SITE, CLASS, TESTS = LOCKS = [
    f"requirements/{name}.lock" for name in ("lab", "site", "class", "test")
]
SYSTEMS = [  # values for the environment markers in locks
    {"sys_platform": platform, "os_name": name, "python_full_version": python}
    for platform, name in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
    for python in ("3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0")
]


def lines(lock: str) -> list[str]:
    return (ROOT / lock).read_text(encoding="utf-8").splitlines()


def locked(lock: str, system: dict[str, str]) -> dict[str, Version]:
    """Return the versions of the packages that a lock file installs on a system, keyed by name."""
    found: dict[str, Version] = {}
    for requirement in map(Requirement, lines(lock)):
        if requirement.marker is None or requirement.marker.evaluate(dict(system)):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is locked twice for {system}"
            found[name] = Version(str(requirement.specifier).removeprefix("=="))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_pins_one_version_without_a_url(lock):
    for line in lines(lock):
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [^#@/\\]+)?", line), line


@pytest.mark.parametrize(
    "system", SYSTEMS, ids=lambda s: f"{s['sys_platform']}-{s['python_full_version']}"
)
def test_every_dependency_is_locked_at_a_version_that_the_project_allows(system):
    extras = PROJECT["optional-dependencies"]
    wants = {LEARNER: PROJECT["dependencies"], SITE: extras["site"]}
    wants |= {CLASS: extras["class"], TESTS: extras["test"]}
    for lock, wanted in wants.items():
        versions = locked(lock, system)
        for requirement in map(Requirement, wanted):
            marker = requirement.marker
            if marker is None or marker.evaluate(
                {**system, "platform_python_implementation": "CPython"}
            ):
                assert versions[canonicalize_name(requirement.name)] in requirement.specifier


def test_each_lock_is_part_of_the_next_one_and_learners_get_no_test_packages():
    assert set(lines(LEARNER)) < set(lines(SITE)) < set(lines(CLASS)) < set(lines(TESTS))
    assert "pytest" not in locked(LEARNER, SYSTEMS[0])


def test_conda_gets_the_learners_lock_and_python_3_12_or_newer():
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, section = content["dependencies"]
    assert (pip, section) == ("pip", {"pip": [f"-r {LEARNER}", "-e ."]})
    pin = python.removeprefix("python=")
    assert re.fullmatch(r"3\.\d+", pin), "repo2docker reads a plain python=X.Y"
    assert Version(pin) >= Version("3.12")
    assert pin in Requirement(f"python{PROJECT['requires-python']}").specifier


def test_the_oldest_python_is_the_same_everywhere():
    in_course, in_utils = (
        re.findall(r"OLDEST = \((\d+), (\d+)\)", (ROOT / name).read_text("utf-8"))
        for name in ("course.py", "utils/__init__.py")
    )
    assert in_course == in_utils
    (oldest,) = in_course
    tools = PYPROJECT["tool"]
    assert PROJECT["requires-python"] == f">={'.'.join(oldest)}"
    assert tools["mypy"]["python_version"] == ".".join(oldest)
    assert tools["ruff"]["target-version"] == "py" + "".join(oldest)


def test_the_environment_names_no_index_and_no_path():
    for name in ("environment.yml", "pyproject.toml"):  # a separate test checks the locks
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|file:|index-url|find-links|/(opt|root|home)/", text), name


def test_the_build_tool_is_pinned_too():
    wanted = PYPROJECT["build-system"]["requires"]
    assert [str(Requirement(one).specifier)[:2] for one in wanted] == ["=="]


def test_the_workflow_tests_every_system_from_the_oldest_python_on():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    commands = [step.get("run") for step in job["steps"][-2:]]
    assert commands == ["python course.py test", "python course.py test --apps"]
    systems = {name.split("-")[0] for name in job["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu", "macos", "windows"}
    pythons = job["strategy"]["matrix"]["python"]
    assert f">={pythons[0]}" == PROJECT["requires-python"]
    assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"] if "uses" in step)
