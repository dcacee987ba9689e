"""The command line of `course.py`: its words, its help, and the commands that only pass on."""

import argparse
import difflib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tools.app import APPS, app
from tools.canary import canary
from tools.classroom import add_options, class_
from tools.doctor import doctor
from tools.environment import LOCKS, install_from, interpreter
from tools.lab import lab
from tools.lessons import add_build_options, chosen
from tools.links import links
from tools.programs import (
    ROOT,
    Advice,
    clean_environ,
    ended_with,
    run,
    say,
    stop_on_signals,
    this_command,
    wait_for,
)
from tools.suite import TEST_SPEED, test

TEACHING = f"""\
New here? One command sets everything up and opens lesson 1:

    {this_command("lab")}

The first time, it makes a folder .venv with the exact versions that the course was tested with,
which takes about a minute; after that it starts in seconds. Nothing outside this folder is changed,
and learning needs no key and no network: a simulator on your own computer answers.
COMMAND --help tells more about each."""


def setup(arguments: argparse.Namespace) -> int:
    """Bring `.venv` up to date, and no more."""
    stop_on_signals()
    if arguments.wheels is not None:
        if arguments.here:
            raise Advice("--wheels fills .venv, and --here leaves it out: give one of the two.")
        install_from(arguments.wheels)
    python = interpreter("lab", arguments.here)
    opening = this_command("lab", *(["--here"] if arguments.here else []))
    say(f"All is set up; {opening} opens the course, and its Python is {python}.")
    return 0


def verdict(arguments: argparse.Namespace) -> int:
    """Judge an endpoint, with options of the command's own."""
    stop_on_signals()
    python = interpreter("lab", arguments.here)
    # In the user's own folder, of which nothing is imported, as --run starts a program of theirs.
    command = [python, "-P", "-m", "tools.verdict", *arguments.more]
    child = subprocess.Popen(command, env=clean_environ(PYTHONPATH=str(ROOT)), text=True)
    with ended_with(child):
        return wait_for(child)


def build(arguments: argparse.Namespace) -> int:
    """Make the notebooks from the lessons, or compare them."""
    stop_on_signals()
    chosen(arguments.lesson, ROOT / "lessons")  # before packages are fetched for none
    python = interpreter("test", arguments.here)
    named = ("check", "execute", "no_execute")
    flags = [f"--{name.replace('_', '-')}" for name in named if getattr(arguments, name)]
    return run([python, "-m", "tools.build", *flags, *arguments.lesson])


def site(arguments: argparse.Namespace) -> int:
    """Make the reading edition, or take the pictures that it shows of live widgets."""
    stop_on_signals()
    chosen(arguments.lesson, ROOT / "lessons")
    module = "tools.pictures" if arguments.pictures else "tools.site"
    python = interpreter("test" if arguments.pictures else "site", arguments.here)
    return run([python, "-m", module, *arguments.lesson])


def lock(arguments: argparse.Namespace) -> int:
    """Remake the locks from pyproject.toml, the learner's first, as each next holds to the last."""
    uv = shutil.which("uv")
    if uv is None:
        raise Advice(
            "Remaking the locks needs uv, which is not on PATH: install it (pip install uv) and "
            "run this again; learners never need this command."
        )
    compiling = [uv, "pip", "compile", "--universal", "--python-version", "3.11", "--no-header"]
    compiling += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    compiling += ["--upgrade"] if arguments.upgrade else []
    held: list[str] = []
    for kind, file in LOCKS.items():
        held += [] if kind == "lab" else ["--extra", kind]
        code = run([*compiling, "pyproject.toml", *held, "--output-file", file])
        if code != 0:
            return code
        held += ["--constraints", file]
    for each in APPS.values():  # the course's own versions, where an app has the same packages
        wanted, file = f"{each.place}/requirements.txt", f"requirements/{each.lock_file}"
        code = run([*compiling, wanted, "--constraints", LOCKS["lab"], "--output-file", file])
        if code != 0:
            return code
    say(f"{', '.join(LOCKS.values())} are made; {this_command('test')} tells whether they hold.")
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what it can't read in a sentence, without the usage of every option."""

    def error(self, message: str) -> NoReturn:
        """Raise Advice of what argparse has found."""
        said = message.removeprefix("argument ")
        for theirs, ours in {
            r"invalid int value: (.*)": r"\1 is no whole number",
            r"invalid float value: (.*)": r"\1 is no number",
            r"expected one argument": "a value is missing after it",
        }.items():
            said = re.sub(theirs, ours, said)
        words = self.prog.split()[1:]
        raise Advice(f"{' '.join([*words, said])}: see {this_command(*words, '--help')}")


def parser() -> argparse.ArgumentParser:
    """The command line with its teaching help."""
    top = _Parser(
        prog="course.py",
        description="The commands of the streaming course.",
        epilog=TEACHING,
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

    opening = add(
        lab,
        "set up if needed, and open lesson 1 in JupyterLab",
        "The address is printed and opened in your browser; it works on this computer only.\n"
        "Ctrl-C in this window ends JupyterLab and its kernels. To learn with a real model\n"
        "instead of the simulator, set OPENAI_MODEL before, and OPENAI_API_KEY or\n"
        "OPENAI_BASE_URL beside it; a key alone changes nothing.",
    )
    showing = add(
        app,
        "start an app from apps/, the course's assistant outside of Jupyter",
        "It is served on this computer only, beside the simulator, or with a real model by the\n"
        "same variables as `lab`. Its packages go to build/apps/. Ctrl-C in this window ends all\n"
        "of it. apps/README.md says what each app shows, and how to make one your own.",
    )
    showing.add_argument("name", choices=APPS, help="which framework")
    for command in (opening, showing):
        command.add_argument(
            "--no-browser", dest="browser", action="store_false", help="only print its address"
        )
        command.add_argument("--port", type=int, help="use this port instead of any free one")

    add(verdict, "play a browser against an endpoint, and report whether it really streams", "")
    preparing = add(
        setup,
        "set up if needed, and open nothing",
        "For images, dev containers, and the evening before a class: `lab` does it by itself.\n"
        "It needs a network the first time; after that, `lab` starts without one. --wheels sets\n"
        "up without any, from packages that were fetched on another machine of the same kind,\n"
        "in this folder and with the same Python:\n\n"
        f"    python -m pip download --no-deps --only-binary=:all: -r {LOCKS['lab']} -d wheels",
    )
    preparing.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="take the packages from this folder"
    )

    testing = add(
        test,
        "run everything that CI runs: style, types, build, tests, notebooks",
        f"The simulator's time runs {TEST_SPEED} times faster (COURSE_SPEED changes that).\n"
        "The last line says how many passed; the exit code is 0 only if nothing failed.\n\n"
        "Arguments that are not listed here go to pytest, and then pytest alone is run:\n\n"
        f"    {this_command('test', 'tests/test_timing.py', '-k', 'early')}",
    )
    part = testing.add_mutually_exclusive_group()
    part.add_argument("--fast", action="store_true", help="leave out browser and notebooks")
    part.add_argument(
        "--style",
        action="store_true",
        help="leave out all tests: style, types, and whether notebooks match their lessons",
    )

    making = add(
        build,
        "make notebooks/ and solutions/ from lessons/",
        "Edit the text in lessons/, never the notebooks, then build. A lesson's solutions are run\n"
        "when its text changed, which takes a minute or two each; what they print is stored.",
    )
    add_build_options(making)

    reading = add(
        site,
        "make the reading edition, a static site, into build/site/html",
        "The lessons with the outputs that are stored in solutions/, hints and solutions folded,\n"
        "and the guides. It needs no network, and no server: open index.html in a browser.",
    )
    reading.add_argument("lesson", nargs="*", help="the number of a lesson; all without")
    reading.add_argument(
        "--pictures",
        action="store_true",
        help="for maintainers: run the lessons in a browser and take new pictures of live widgets",
    )

    examining = add(
        doctor,
        "say of each part that the course stands on if it is ok, or how to fix it",
        "Nothing is installed or changed. A real provider, if OPENAI_MODEL names its model, gets\n"
        "one call of one token, as a cell makes it, which may cost a fraction of a cent. The last\n"
        "line sums up; the exit code is 1 if something needs a fix.",
    )
    examining.add_argument("--venv", help=argparse.SUPPRESS)  # from doctor to doctor in .venv
    holding = add(
        class_,
        "for instructors: try a class on a throw-away JupyterHub on this machine",
        "Learners log in at once, run lesson 1's setup cell and then its live cells; what they\n"
        "waited for, and what they cost, is printed. On a machine that holds nothing else, it\n"
        "says how large a class it can carry. It takes two minutes, needs Node.js with npm, and\n"
        "leaves nothing behind. The exit code is 0 only if nobody failed and both marks are met.",
    )
    add_options(holding)

    for command in (opening, showing, preparing, testing, making, reading, examining, holding):
        command.add_argument(
            "--here",
            action="store_true",
            help="use the Python that runs this command as it is (conda, a hub), not .venv",
        )

    checking = add(
        links,
        "check the references of lessons, README and documents",
        "Offline on form: files and headings that are referred to exist, addresses are public\n"
        "and https, none is that of a package registry. The exit code is 1 if one is wrong.",
    )
    checking.add_argument(
        "--online", action="store_true", help="also ask each address whether it still answers"
    )

    trying = add(
        canary,
        "for maintainers: run the tests with the newest versions of everything",
        "Makes a throw-away environment of what pyproject.toml allows today, says what differs\n"
        "from the lock, runs the tests in it, and says what to do next. Needs a network, about\n"
        "2 GB of room for the time it runs, and leaves nothing behind.",
    )
    trying.add_argument("--quick", action="store_true", help="run only what breaks first")

    locking = add(
        lock,
        "for maintainers: remake the requirements locks from pyproject.toml",
        "Needs uv. Versions that still fit are kept.",
    )
    locking.add_argument("--upgrade", action="store_true", help="take the newest that fit")
    return top


def check_command(words: Sequence[str]) -> None:
    """Raise Advice where the first word is no command, naming the one that was likely meant."""
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help"):
        raise Advice(
            f"course.py has no option {words[0]}: first comes a command, then its options, as in "
            f"{this_command('lab', '--port', '8888')}; {this_command('--help')} lists them."
        )
    known = ["lab", "app", "verdict", "setup", "test", "build", "site", "doctor", "class"]
    known += ["links", "canary", "lock"]
    if words and not words[0].startswith("-") and words[0] not in known:
        close = difflib.get_close_matches(words[0], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
        raise Advice(f"There is no command {words[0]!r}: {hint}")


def _not_taken(command: str, word: str) -> str:
    """What to say of a word that a command has no use for."""
    if command == "lab" and word.isdigit():
        return "lab takes no number: it opens lesson 1, and the others lie beside it in notebooks/."
    what = f"has no option {word}" if word.startswith("-") else f"takes no {word!r}"
    return f"{command} {what}: see {this_command(command, '--help')}"


def main(words: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    top = parser()
    if words[:1] == ["help"]:  # `help` alone, or `help lab`
        words = [*words[1:2], "--help"] if words[1:] else []
    try:
        check_command(words)
        if words[:1] == ["verdict"]:  # it reads its options itself, in the course's environment
            more = [word for word in words[1:] if word != "--here"]
            return verdict(argparse.Namespace(here="--here" in words, more=more))
        arguments, arguments_more = top.parse_known_args(words)
        if arguments.command is None:
            top.print_help()
            return 0
        if arguments_more and arguments.action is not test:
            raise Advice(_not_taken(arguments.command, arguments_more[0]))
        arguments.more = arguments_more
        code: int = arguments.action(arguments)
    except Advice as advice:
        sys.stdout.flush()
        print(f"\n{advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return code
