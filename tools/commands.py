"""The command line of `course.py`: parsing, help, and the shorter commands.

A command is a function that takes the parsed arguments and returns the exit code. It raises
`Advice`, a message for the user, if it can't do its work.
"""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tools.app import APPS, app
from tools.canary import canary
from tools.doctor import doctor
from tools.env_vars import TEST_SPEED
from tools.environment import LOCKS, Environment, check_shadowing, damaged_file, interpreter
from tools.installers import install_from
from tools.lab import lab
from tools.lessons import add_build_options, chosen
from tools.lock import lock
from tools.programs import ROOT, WINDOWS, Advice, advice_for_the_disk, run, say, this_command
from tools.test_command import test

GETTING_STARTED = f"""\
New here? One command sets everything up and opens lesson 1:

    {this_command("lab")}

The first time, it creates a folder .venv with the exact package versions the course was tested
with, which takes about a minute and needs a network. Later starts take seconds, and need none.
It changes nothing outside this folder. You need no key: a simulator on your computer replies.
For details, run a command with --help."""


def setup(arguments: argparse.Namespace) -> int:
    if arguments.wheels is not None:
        if arguments.here:
            raise Advice("--wheels installs into .venv, which --here doesn't use: give only one.")
        install_from(arguments.wheels, LOCKS["lab"])
    python = interpreter("lab", arguments.here)
    environment = Environment(ROOT)
    if not arguments.here and (file := damaged_file(environment.packages)):
        raise Advice(
            f"{file} is damaged: delete {environment.folder}, and run this again. If you have uv, "
            "first run uv cache clean, since its cache may contain the same damaged file."
        )
    opening = this_command("lab", *(["--here"] if arguments.here else []))
    say(f"The course is set up, with Python at {python}. To open it, run {opening}.")
    return 0


def verdict(arguments: argparse.Namespace) -> int:
    python = interpreter("lab", arguments.here)
    # Run in the user's folder, where --run starts the app. With -P, Python doesn't import from it.
    command = [python, "-P", "-m", "tools.verdict", *arguments.more]
    return run(command, Path(), PYTHONPATH=str(ROOT))


def build(arguments: argparse.Namespace) -> int:
    chosen(arguments.lesson, ROOT / "lessons")  # reject unknown lessons before downloading packages
    python = interpreter("test", arguments.here)
    flags = [f"--{name}" for name in ("check", "all") if getattr(arguments, name)]
    return run([python, "-m", "tools.build", *flags, *arguments.lesson])


def site(arguments: argparse.Namespace) -> int:
    chosen(arguments.lesson, ROOT / "lessons")
    if arguments.links and arguments.lesson:
        raise Advice(f"--links checks all lessons: leave out {' '.join(arguments.lesson)}.")
    module = "tools.screenshots.widgets" if arguments.pictures else "tools.site"
    python = interpreter("test" if arguments.pictures else "site", arguments.here)
    links = ["--links"] if arguments.links else []
    return run([python, "-m", module, *links, *arguments.lesson])


def class_(arguments: argparse.Namespace) -> int:
    if WINDOWS:
        raise Advice(
            "JupyterHub does not run on Windows: run this on the machine that will serve the "
            "class, under Linux or macOS, or in WSL."
        )
    if arguments.learners < 1:
        raise Advice(f"A class needs a learner: --learners {arguments.learners} is too few.")
    python = interpreter("class", arguments.here)
    return run([python, "-m", "hub.class_test.schedule", str(arguments.learners)])


class Parser(argparse.ArgumentParser):
    """A parser that reports an invalid argument in one sentence, without usage information."""

    def error(self, message: str) -> NoReturn:
        """Raise Advice with argparse's message in plainer words."""
        said = message.removeprefix("argument ")
        if pair := re.fullmatch(r"(--\w+): not allowed with argument (--\w+)", said):
            purposes = {name: one.help for one in self._actions for name in one.option_strings}
            said = " or ".join(f"{name} ({purposes[name]})" for name in pair.groups())
            said = f"takes {said}, not both"
        said = said.replace("unrecognized arguments:", "doesn't take")
        said = said.replace("expected one argument", "a value is missing")
        said = said.replace("the following arguments are required:", "needs a")
        said = re.sub(r"invalid int value: (.*)", r"\1 is not a whole number", said)
        words = self.prog.split()[1:]
        raise Advice(f"{' '.join([*words, said])}: see {this_command(*words, '--help')}")


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="course.py",
        description="The commands of the streaming course.",
        epilog=GETTING_STARTED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    def add(
        action: Callable[[argparse.Namespace], int], brief: str, detail: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            action.__name__.rstrip("_"),
            help=brief,
            description=f"{brief}\n\n{detail}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(action=action)
        return command

    add(
        lab,
        "set up if needed, and open lesson 1 in JupyterLab",
        "Prints the address and opens it in your browser; it works only on this computer.\n"
        "Ctrl-C in this window stops JupyterLab and its kernels. To use a real model instead of\n"
        "the simulator, first set OPENAI_MODEL, and OPENAI_API_KEY or OPENAI_BASE_URL; a key\n"
        "alone changes nothing.",
    )
    command = add(
        app,
        "start an app from apps/, the course's assistant outside Jupyter",
        "Serves the app on this computer only, with the simulator, or with a real model if you\n"
        "set the same variables as for `lab`. Its packages go to build/apps/. Ctrl-C in this\n"
        "window stops everything. apps/README.md describes each app and how to adapt it.",
    )
    command.add_argument("name", choices=APPS, help="the framework")
    for name in ("lab", "app"):
        command = commands.choices[name]
        command.add_argument(
            "--no-browser", dest="browser", action="store_false", help="only print the address"
        )
        command.add_argument("--port", type=int, help="use this port instead of a free one")

    add(verdict, "test an endpoint as a browser would, and report whether it really streams", "")
    command = add(
        setup,
        "set up if needed, without opening anything",
        "For images, dev containers, and the evening before a class; `lab` sets up on its own.\n"
        "Needs a network the first time; after that, `lab` starts without one. With --wheels it\n"
        "needs none: download the packages on another machine of the same kind, in the course's\n"
        "folder and with the same Python, like this:\n\n"
        f"    python -m pip download --no-deps --only-binary=:all: -r {LOCKS['lab']} -d wheels",
    )
    command.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="install the packages from this folder"
    )

    command = add(
        test,
        "run everything that CI runs: style, types, build, tests, notebooks",
        f"The simulator runs {TEST_SPEED} times faster than real time (set COURSE_SPEED to change\n"
        "that). The last line counts the results; the exit code is 0 only if nothing failed.\n\n"
        "Other arguments are passed to pytest, and then only pytest runs:\n\n"
        f"    {this_command('test', 'tests/test_timing.py', '-k', 'early')}",
    )
    mode = command.add_mutually_exclusive_group()
    mode.add_argument("--fast", action="store_true", help="skip browser tests and notebooks")
    mode.add_argument(
        "--style",
        action="store_true",
        help="run no tests: check only style, types, and that notebooks match their lessons",
    )
    mode.add_argument(
        "--apps",
        action="store_true",
        help="test the other apps in apps/, nginx, Redis and a real hub",
    )

    command = add(
        build,
        "build notebooks/ and solutions/ from lessons/",
        "Edit the text in lessons/, never the notebooks, then build. If a lesson changed, its\n"
        "solutions notebook is executed, which takes a minute or two, and outputs that differ in\n"
        "more than times and ids are stored.",
    )
    add_build_options(command)

    command = add(
        site,
        "build the reading edition, a static site, in build/site/html",
        "Contains the guides, and the lessons with the outputs stored in solutions/; hints and\n"
        "solutions are collapsed. Works without network or server: open index.html in a browser.",
    )
    command.add_argument("lesson", nargs="*", help="lesson numbers; default: all")
    mode = command.add_mutually_exclusive_group()
    mode.add_argument(
        "--links",
        action="store_true",
        help="instead, check online that the links in lessons and documents still work",
    )
    mode.add_argument(
        "--pictures",
        action="store_true",
        help="for maintainers: run the lessons in a browser and retake the widget screenshots",
    )

    command = add(
        doctor,
        "check everything the course depends on, and report how to fix problems",
        "Installs and changes nothing. If OPENAI_MODEL is set, it makes a one-token call to the\n"
        "real provider, the way a cell would, which may cost a fraction of a cent. The last line\n"
        "sums up; the exit code is 1 if anything needs fixing.",
    )
    command.add_argument("--venv", help=argparse.SUPPRESS)  # for doctor's second run, in .venv
    command = add(
        class_,
        "for instructors: simulate a class on a temporary JupyterHub on this machine",
        "Simulated learners log in simultaneously, run lesson 1's setup cell and then its live\n"
        "cells. Prints how long they waited and what they cost, and, if nothing else runs on the\n"
        "machine, how large a class it can handle. Takes two minutes, needs Node.js with npm, and\n"
        "cleans up after itself. The exit code is 0 only if no learner failed and both limits are\n"
        "met.",
    )
    command.add_argument("--learners", type=int, default=24, metavar="N", help="24 unless given")

    for name in ("lab", "app", "setup", "test", "build", "site", "doctor", "class"):
        commands.choices[name].add_argument(
            "--here",
            action="store_true",
            help="use the Python that runs this command (conda, a hub) instead of .venv",
        )

    command = add(
        canary,
        "for maintainers: run the tests with the newest versions of everything",
        "Creates a temporary environment with the newest versions pyproject.toml allows, prints\n"
        "how it differs from the lock, runs the tests, and suggests what to do next. Needs uv, a\n"
        "network and, while it runs, about 2 GB of disk space.",
    )
    command.add_argument("--quick", action="store_true", help="run only the most sensitive tests")

    command = add(
        lock,
        "for maintainers: update the lock files from pyproject.toml",
        "Needs uv. Keeps the locked versions that still satisfy pyproject.toml.",
    )
    command.add_argument("--upgrade", action="store_true", help="use the newest allowed versions")
    return top


def check_command(words: Sequence[str]) -> None:
    """Raise Advice, with suggestions, if the first word isn't a command or a help option."""
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help"):
        raise Advice(
            f"course.py has no option {words[0]}: put the command first and its options after it, "
            f"as in {this_command('lab', '--port', '8888')}; see {this_command('--help')}."
        )
    actions = (lab, app, verdict, setup, test, build, site, doctor, class_, canary, lock)
    known = [action.__name__.rstrip("_") for action in actions]
    if words and not words[0].startswith("-") and words[0] not in known:
        close = difflib.get_close_matches(words[0], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}."
        raise Advice(f"There is no command {words[0]!r}: {hint}")


def check_folder(here: bool) -> None:
    """Raise Advice if a file shadows a package, or if packages can't be loaded from the disk."""
    environment = Environment(ROOT)
    check_shadowing(sys.path if here else [str(environment.packages)])
    if sys.platform == "linux" and not here:
        disk = os.statvfs(environment.folder if environment.folder.exists() else ROOT)
        if disk.f_flag & os.ST_NOEXEC:
            raise Advice(
                f"The disk of {ROOT} is mounted with the option noexec, so packages can't be "
                "loaded from it: copy the course to your home folder, and run this again there."
            )


def _not_taken(command: str, word: str) -> str:
    if command == "lab" and word.isdigit():
        return "lab takes no number: it opens lesson 1, and the others are beside it in notebooks/."
    what = f"has no option {word}" if word.startswith("-") else f"doesn't take {word!r}"
    return f"{command} {what}: see {this_command(command, '--help')}"


def main(words: Sequence[str]) -> int:
    top = parser()
    if words[:1] == ["help"]:  # `help`, or `help` and a command
        words = [*words[1:2], "--help"] if words[1:] else []
    try:
        check_command(words)
        check_folder("--here" in words)
        if words[:1] == ["verdict"]:  # `tools.verdict` parses the options of this command
            more = [word for word in words[1:] if word != "--here"]
            return verdict(argparse.Namespace(here="--here" in words, more=more))
        arguments, more = top.parse_known_args(words)
        if arguments.command is None:
            top.print_help()
            return 0
        if more and arguments.action is not test:
            raise Advice(_not_taken(arguments.command, more[0]))
        arguments.more = more
        with advice_for_the_disk():
            code: int = arguments.action(arguments)
    except Advice as advice:
        sys.stdout.flush()
        print(f"\n{advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of the output, such as `head`, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # prevents an error at exit
        return 1
    return code
