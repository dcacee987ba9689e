"""The command line, `python -m utils.simulator`: serves or records replies, or lists the faults.

With `--with-parent`, the process reports its port to the notebook or app that started it, and exits
when its standard input closes (`process/child_process.py`).
"""

import argparse
import io
import math
import os
import secrets
import socket
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from .process.child_process import end_with_stdin, report
from .process.server_process import KEY_VARIABLE
from .profiles import PROFILES

_MIN_KEY = 8  # minimum key length, in characters, if other machines can reach the server
_MAX_PROMPT = 60  # characters shown per prompt
_EPILOG = f"""\
profiles (time to first token, then tokens per second):
{{profiles}}

A client selects a profile by the model's name: sim-chat, sim-laptop, ...; `sim` is --profile.
`sim-chat:drop@40` drops the connection after 40 tokens; --faults lists all faults.

examples:
  python -m utils.simulator
      serve on this machine, on a free port, with a generated key
  python -m utils.simulator --port 8000 --profile laptop --speed 10
      `sim` replies like a model on a laptop, ten times faster
  {KEY_VARIABLE}=our-class python -m utils.simulator --host 0.0.0.0 --port 8000 --max-streams 60
      share one with a class; in a variable, the key isn't in the list of processes
  python -m utils.simulator record --base-url https://api.openai.com/v1 --model gpt-5-mini \\
      --prompt "Name a river." --out trace.json
      record a real model's reply and its timing; the key is read from OPENAI_API_KEY
  python -m utils.simulator --replay trace.json
      serve that reply under that model's name, at its pace; for any other prompt, reply
      like `sim`

To use it in a notebook of the course: export OPENAI_BASE_URL=http://HOST:PORT/v1
OPENAI_API_KEY=KEY OPENAI_MODEL=sim-chat
"""


def main() -> None:
    """Run the command-line interface."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for names that stdout can't encode
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.command == "record":
        from .recording import command

        command.run(arguments)
    elif arguments.faults:
        from .faults.table import markdown

        sys.stdout.buffer.write(markdown().encode())
    else:
        _serve(parser, arguments)


def _serve(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    given = arguments.key or os.environ.get(KEY_VARIABLE)
    if given and not _on_this_machine(arguments.host) and len(given) < _MIN_KEY:
        parser.error(
            f"the key is too short for {arguments.host}, where others can try to guess it. Use at "
            f"least {_MIN_KEY} characters, or no --key to generate one."
        )
    key = given or secrets.token_urlsafe(24)
    if arguments.with_parent:
        end_with_stdin()

    # Imported late, so that `--help` and error messages appear immediately.
    from .app import Settings
    from .recording.recordings import RecordingError, Recordings, read
    from .server import listen, serve

    try:
        replies = [reply for file in arguments.replay or [] for reply in read(Path(file))]
    except RecordingError as error:
        sys.exit(str(error))
    try:
        listener = listen(arguments.host, arguments.port)
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        reason = error.strerror or str(error)
        sys.exit(
            f"Could not listen on {where}: {reason}. Choose another --port (0 is any free one) "
            "or another --host."
        )

    recordings = Recordings(replies, strict=arguments.only_recorded)

    def announce() -> None:
        if arguments.with_parent:
            report(listener.getsockname()[1])
        else:
            _print_address(listener, key, recordings.models)
            if recordings.models and not arguments.only_recorded:
                print(_recorded_prompts(recordings.prompts, arguments.profile), flush=True)

    settings = Settings(
        key=key,
        profile=PROFILES[arguments.profile],
        speed=arguments.speed,
        recordings=recordings,
        most_streams=arguments.max_streams,
    )
    live = arguments.live or (not arguments.with_parent and sys.stdout.isatty())
    serve(settings, listener, announce, live=live)


def _on_this_machine(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _print_address(listener: socket.socket, key: str, recorded_models: list[str]) -> None:
    host, port = listener.getsockname()[:2]
    # whether the server listens on all interfaces; clients need the address of one of them
    for_all = host in ("0.0.0.0", "::")
    name = (_address_for_others() or "HOST") if for_all else host
    shown = f"[{name}]" if ":" in name else name
    print(f"The simulator is running at http://{shown}:{port}/v1 until you press Ctrl-C.")
    print(f"  export OPENAI_BASE_URL=http://{shown}:{port}/v1")
    print(f"  export OPENAI_API_KEY={key}")
    print(f"  export OPENAI_MODEL={(recorded_models or ['sim-chat'])[0]}")
    if name == "HOST":
        print("Replace HOST with this machine's name or address in the local network.")
    elif for_all:
        print(f"This machine may have other addresses; {name} is the one that it sends from.")
    if not _on_this_machine(host):
        print(
            f"Learners can add their name in ASCII letters to the key, as in {key}/ada, so that "
            "the server can tell them apart."
        )
    sys.stdout.flush()


def _recorded_prompts(prompts: list[str], profile: str) -> str:
    """Return a sentence that lists the prompts with recorded replies."""
    known = " · ".join(
        f"“{textwrap.shorten(prompt, _MAX_PROMPT, placeholder=' …')}”" for prompt in prompts
    )
    return (
        f"Recorded replies exist for {known}; the simulator replies to any other prompt itself, at "
        f"the pace of sim-{profile}."
    )


def _address_for_others() -> str | None:
    """Return this machine's address on its network; None if there is no network connection.

    Connecting a datagram socket makes the system choose the address without sending anything.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address reserved for documentation (RFC 5737)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _profile_lines() -> str:
    lines = []
    for profile in PROFILES.values():
        pace = f"{profile.total:g} s in total" if profile.total else f"{profile.rate:g} tokens/s"
        lines.append(f"  {profile.name:<11} {profile.ttft:>5g} s  {pace:<13} {profile.about}")
    return "\n".join(lines)


def _number(
    convert: Callable[[str], float], fits: Callable[[float], bool], described: str
) -> Callable[[str], float]:
    """Return a parser for numbers that satisfy `fits`; its error message ends with `described`."""

    def parse(text: str) -> float:
        try:
            number = convert(text)
        except ValueError:
            number = math.nan
        if not fits(number):
            raise argparse.ArgumentTypeError(f"{text!r} is not a valid {described}.")
        return number

    return parse


_speed = _number(float, lambda it: 0 < it < math.inf, "speed: use a number above 0; 1 is real time")
_port = _number(int, lambda it: 0 <= it <= 65535, "port: use 0 to 65535; 0 means any free port")
_streams = _number(int, lambda it: 0 < it <= 100_000, "number of streams: use 1 or more")


def _parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="python -m utils.simulator",
        description="An OpenAI-compatible server that streams like a real model: no cost, no\n"
        "internet, the same words for the same prompt, at the pace that you choose.",
        epilog=_EPILOG.format(profiles=_profile_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = main.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=0, help="port; 0 is any free one (default)")
    add(
        "--profile",
        choices=PROFILES,
        metavar="NAME",
        default="chat",
        help="profile behind the model name `sim` (%(default)s)",
    )
    add("--speed", type=_speed, default=1.0, help="times faster than real time (%(default)s)")
    add("--key", help=f"key that clients must send (default: ${KEY_VARIABLE}, else generated)")
    add(
        "--max-streams",
        type=_streams,
        help="limit on concurrent replies, shared fairly among learners (default: none)",
    )
    add("--replay", metavar="FILE", action="append", help="also serve recorded replies")
    add("--only-recorded", action="store_true", help="reject prompts that --replay doesn't contain")
    add("--live", action="store_true", help="print the load each second")
    add("--faults", action="store_true", help="print the table of faults and exit")
    add(
        "--with-parent",
        action="store_true",
        help="print nothing, and exit when standard input closes (used by notebooks and apps)",
    )
    commands = main.add_subparsers(dest="command", title="commands", metavar="")
    _add_record(commands.add_parser("record", help="record replies of a real provider"))
    return main


def _add_record(record: argparse.ArgumentParser) -> None:
    record.set_defaults(parser=record)
    record.description = (
        "Record a real provider's replies and their timing, for --replay. The key is read from "
        "OPENAI_API_KEY; neither it nor any account's name is written to the file."
    )
    add = record.add_argument
    add("--base-url", help="the provider's URL (default: $OPENAI_BASE_URL, else OpenAI's)")
    add("--model", help="the model's name (default: $OPENAI_MODEL)")
    add("--prompt", action="append", help="the prompt; can be repeated")
    add("--request", metavar="FILE", action="append", help="a chat request as JSON, with tools, …")
    add("--out", metavar="FILE", default="trace.json", help="the output file (%(default)s)")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
