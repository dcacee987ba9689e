"""The command line of the verdict: `course.py verdict` runs `python -m tools.verdict`.

It starts the app and a simulator if the options name an app, and prints each line of the verdict's
table as soon as its result is known.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import os
import re
import shlex
import ssl
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx2

from tools.app import APPS, HOST, Child, running, simulator, wait_until_it_listens
from tools.commands import Parser
from tools.env_vars import simulated_environ
from tools.lab import free_port
from tools.programs import Advice, say, stop_on_signals, this_command
from utils.real_provider import is_valid_url

from .case import Case, Seen
from .endpoint import Endpoint, EndpointError
from .lines import judge
from .model import NAME, Model
from .report import as_json, row, summary
from .sockets import PAGES, Sockets
from .wire_format import TEXT_EVENTS, WireFormat

_MESSAGE = '{"message": "{question}"}'
PRESETS = {
    "fastapi": WireFormat(
        "/chat",
        method="POST",
        body=_MESSAGE,
        then="/replies/{reply}",
        stop="/replies/{reply}/stop",
        rejoins=True,
        text_path=".",
    ),
    "django": WireFormat("/chat", method="POST", body=_MESSAGE, format="jsonl", text_path="text"),
    **{  # `sockets` converts these apps' websocket messages to server-sent events
        name: WireFormat("/chat", method="POST", body=_MESSAGE, stop="/stop/{page}", text_path=".")
        for name in PAGES
    },
    "openai": WireFormat(
        "/v1/chat/completions",
        method="POST",
        body=f'{{"model": "{NAME}", "stream": true, '
        '"messages": [{"role": "user", "content": "{question}"}]}',
        text_path="choices.0.delta.content",
    ),
}

_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+:[ -~]*", re.ASCII)
_LAST_WORDS = 4000  # characters of output to show if an app fails

_EPILOG = f"""\
The app under test has to talk to the course's simulator, which can pause, break and refuse on
purpose. --run starts both, and ends them; {{port}} stands for a free port:

    {this_command("verdict")} --run "uvicorn app:app --port {{port}}" \\
        "http://127.0.0.1:{{port}}/chat?question={{question}}"

The app reads OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL, as LangChain and OpenAI's own client
do. Without --run, the app is the one that runs at the URL. If these variables name a simulator that
it was started with, all lines are tried; otherwise those that need no fault are.

Our own apps: {this_command("verdict", "--app", "fastapi")}
"""


def seconds(text: str) -> float:
    """Parse a duration; `argparse` reports a ValueError as `invalid seconds value`."""
    if not 0 <= float(text) <= 3600:
        raise ValueError
    return float(text)


def parser() -> argparse.ArgumentParser:
    command = Parser(
        prog="course.py verdict",
        description="Act as a browser for an endpoint, and report whether it really streams.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "url", nargs="?", help="the endpoint's URL, with {question} in it or in --body"
    )
    start = command.add_mutually_exclusive_group()
    start.add_argument("--run", metavar="COMMAND", help="start the app with this command first")
    start.add_argument("--app", choices=APPS, help="judge one of the course's own apps")
    call = command.add_argument_group("the request")
    call.add_argument("--preset", choices=PRESETS, help="defaults for a known kind of endpoint")
    call.add_argument("--method", help="default: POST with a --body, else GET")
    call.add_argument("--body", help='the request\'s JSON, such as \'{"message": "{question}"}\'')
    call.add_argument(
        "--header", action="append", metavar="'NAME: VALUE'", help="a header; repeatable"
    )
    call.add_argument(
        "--then",
        metavar="PATH",
        help="where the reply is streamed from, if the first request only starts it; fields of its "
        "JSON answer in braces, such as /replies/{reply}",
    )
    call.add_argument("--stop", metavar="PATH", help="a POST to this path stops the reply")
    call.add_argument(
        "--rejoins",
        action="store_true",
        default=None,
        help="only Stop ends a reply: see apps/README.md",
    )
    reply = command.add_argument_group("the reply")
    reply.add_argument("--format", choices=["sse", "jsonl", "text"], help="default: sse")
    reply.add_argument(
        "--text-path",
        metavar="PATH",
        help="where the text is in each JSON object, such as choices.0.delta.content; '.' for data "
        "that is a JSON string; if omitted, the data is the text",
    )
    reply.add_argument(
        "--text-event",
        action="append",
        metavar="NAME",
        help=f"an event that contains text; default: {', '.join(TEXT_EVENTS)}",
    )
    command.add_argument(
        "--silence",
        type=seconds,
        default=20.0,
        metavar="SECONDS",
        help="pause to survive (default: %(default)g)",
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return command


def wire_format(arguments: argparse.Namespace, port: int) -> WireFormat:
    """Return the endpoint's wire format: a preset with the options applied."""
    preset = PRESETS.get(arguments.preset or arguments.app)
    url = (arguments.url or f"http://{HOST}:{{port}}").replace("{port}", str(port))
    if not is_valid_url(url):
        raise Advice(f"{url} is not a valid URL. It has the form http://host:port/path.")
    if preset is not None and urlsplit(url).path in ("", "/"):
        url = url.rstrip("/") + preset.url
    unchanged = ("method", "body", "then", "stop", "rejoins", "format", "text_path")
    options = {name: getattr(arguments, name) for name in unchanged}
    changes = {"url": url}
    changes |= {name: value for name, value in options.items() if value is not None}
    if arguments.body is not None:
        changes.setdefault("method", "POST")
    if arguments.text_event:
        changes["text_events"] = tuple(arguments.text_event)
    if arguments.header:
        if not all(map(_HEADER.fullmatch, arguments.header)):
            raise Advice("A --header has the form 'NAME: VALUE', in ASCII characters.")
        headers = [header.split(":", maxsplit=1) for header in arguments.header]
        changes["headers"] = tuple((name.strip(), value.strip()) for name, value in headers)
    wire = dataclasses.replace(preset or WireFormat(url), **changes)  # type: ignore[arg-type]
    if wire.rejoins and wire.then is None:
        raise Advice("--rejoins needs --then, the path from which a reader gets the rest.")
    if "{question}" not in wire.url + (wire.body or ""):
        raise Advice(
            "Where does the question go? Write {question} into the URL or into --body, or name a "
            "--preset."
        )
    return wire


def _words(arguments: argparse.Namespace, port: int) -> list[str]:
    url_has_port = not arguments.url or "{port}" in arguments.url  # the default URL contains {port}
    if ("{port}" in arguments.run) != url_has_port:
        raise Advice(
            "Write {port} into both --run and the URL. It stands for a free port, on which the "
            "app listens and to which questions are sent."
        )
    try:
        return [word.replace("{port}", str(port)) for word in shlex.split(arguments.run)]
    except ValueError as error:
        raise Advice(f"--run isn't a valid command: {error}.") from error


@contextlib.contextmanager
def started(arguments: argparse.Namespace, port: int) -> Iterator[dict[str, str] | None]:
    """If the options name an app, start the simulator and the app.

    Yield the environment variables for reaching the model, or None if the options name no app and
    OPENAI_BASE_URL isn't set.
    """
    if not (arguments.run or arguments.app):
        yield dict(os.environ) if os.environ.get("OPENAI_BASE_URL") else None
        return
    words = _words(arguments, port) if arguments.run else []
    with simulator(sys.executable, NAME) as model:
        environ = simulated_environ(**model)
        with _output() as output:
            if arguments.app:
                app = APPS[arguments.app]
                with app.served(app.set_up(), port, environ, output):
                    yield model
                return
            app_port = urlsplit(wire_format(arguments, port).url).port or port
            with _run(words, environ, output) as child:
                wait_until_it_listens(child, app_port, "the app")
                yield model


@contextlib.contextmanager
def _output() -> Iterator[IO[str]]:
    """Yield a file for the app's output, so that tracebacks don't bury the table.

    If the app doesn't start or can't be tested, print the end of that output.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            yield output
        except (Advice, EndpointError):
            output.seek(0)
            if last_words := output.read()[-_LAST_WORDS:]:
                print(last_words, file=sys.stderr)
            raise


@contextlib.contextmanager
def _run(words: list[str], environ: dict[str, str], output: IO[str]) -> Iterator[Child]:
    """Run the user's command in the current folder; the course's own programs come last on PATH."""
    environ["PATH"] = os.pathsep.join([environ.get("PATH", ""), str(Path(sys.executable).parent)])
    try:
        with running(words, Path.cwd(), environ, output) as child:
            yield child
    except FileNotFoundError as error:
        raise Advice(f"There is no program {words[0]}: is it installed, and on PATH?") from error


async def verdict(
    arguments: argparse.Namespace, wire: WireFormat, environ: dict[str, str] | None
) -> dict[str, Seen]:
    new_client = partial(httpx2.AsyncClient, timeout=None)  # `Stream.until` limits each wait
    page = PAGES.get(arguments.preset or arguments.app)
    if page is not None:
        app_client = partial(new_client, transport=Sockets(page, wire.url))
    elif urlsplit(wire.url).hostname in (HOST, "localhost", "::1"):  # bypasses any proxy
        trusted = ssl.create_default_context()  # reads SSL_CERT_FILE
        app_client = partial(new_client, trust_env=False, verify=trusted)
    else:
        app_client = new_client
    model = None
    if environ is not None:
        key = environ.get("OPENAI_API_KEY", "")
        model = Model(environ["OPENAI_BASE_URL"], key, partial(new_client, trust_env=False))
        if not await model.is_there():
            model = None
    speed = float(os.environ.get("COURSE_SPEED") or 1)
    endpoint = Endpoint(wire, app_client, longest=120 + arguments.silence)
    case = Case(endpoint, model, speed, silence=arguments.silence)
    say(f"Reading two complete replies from {urlsplit(wire.url).netloc} …")
    return await judge(case, lambda name, seen: say(row(name, seen)))


def main(words: list[str]) -> int:
    stop_on_signals()
    try:
        arguments = parser().parse_args(words)
        if arguments.app and (arguments.url or arguments.preset):
            raise Advice(
                "--app starts one of the course's apps and knows its URL and preset: leave out "
                "either --app, or the URL and --preset."
            )
        if not arguments.url and not arguments.app and not (arguments.run and arguments.preset):
            raise Advice(f"Name the URL to judge: see {this_command('verdict', '--help')}.")
        port = free_port()
        wire = wire_format(arguments, port)
        with contextlib.ExitStack() as stack:
            if arguments.json:  # reserve stdout for the JSON
                stack.enter_context(contextlib.redirect_stdout(sys.stderr))
            environ = stack.enter_context(started(arguments, port))
            table = asyncio.run(verdict(arguments, wire, environ))
    except (Advice, EndpointError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # `course.py` reports it
        return 130
    if arguments.json:
        say(as_json(wire.url, table))
    else:
        say(f"\n{summary(table)}")
    return 1 if any(seen.verdict == "failed" for seen in table.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
