"""The command line: `python -m utils.simulator`."""

from __future__ import annotations

import argparse
import math
import os
import secrets
import socket
import sys

from .process import KEY_VARIABLE
from .profiles import PROFILES, UnknownProfileError, profile_named

_EPILOG = f"""\
profiles (time to first token, then tokens a second):
{{profiles}}

A client chooses by the model's name: sim-chat, sim-laptop, ...; `sim` is the --profile.
`sim-chat:drop@40` breaks the connection after 40 tokens; --faults lists all that can go wrong.

examples:
  python -m utils.simulator
      serve on this machine, on a free port, with a key made up and printed
  python -m utils.simulator --port 8000 --profile laptop --speed 10
      `sim` answers like a model on a laptop, ten times faster
  {KEY_VARIABLE}=our-class python -m utils.simulator --host 0.0.0.0 --port 8000
      share one with a class; the variable keeps the key out of the list of processes

A notebook of the course uses it after: export OPENAI_BASE_URL=http://HOST:PORT/v1
OPENAI_API_KEY=KEY OPENAI_MODEL=sim-chat
"""


def _profile_lines() -> str:
    lines = []
    for profile in PROFILES.values():
        pace = f"{profile.total:g} s in all" if profile.total else f"{profile.rate:g} tokens/s"
        lines.append(f"  {profile.name:<11} {profile.ttft:>5g} s  {pace:<13} {profile.about}")
    return "\n".join(lines)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (speed > 0 and math.isfinite(speed)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no speed. Give a number above 0: 1 is real time, 10 ten times faster."
        )
    return speed


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port. Give a number up to 65535; 0: any.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m utils.simulator",
        description="An OpenAI-compatible server that streams like a real model: no key to buy,\n"
        "no internet, the same words for the same prompt, at the pace that you choose.",
        epilog=_EPILOG.format(profiles=_profile_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port; 0 takes a free one (default)")
    parser.add_argument(
        "--profile", default="chat", help="profile behind the model name `sim` (%(default)s)"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="times faster than real time (%(default)s)"
    )
    parser.add_argument(
        "--key", help=f"key that clients must send (default: ${KEY_VARIABLE}, else made up)"
    )
    parser.add_argument("--faults", action="store_true", help="print the table of faults, and end")
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="print only the port, and end when standard input is closed (used by the notebooks)",
    )
    return parser


def main() -> None:
    """Run the command line."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.faults:
        from .table import markdown

        sys.stdout.buffer.write(markdown().encode())
        return
    try:
        profile = profile_named(arguments.profile)
    except UnknownProfileError as error:
        parser.error(str(error))
    key = arguments.key or os.environ.get(KEY_VARIABLE) or secrets.token_urlsafe(24)

    # Imported late: `--help` and wrong arguments answer at once.
    from .app import Settings
    from .server import end_with_stdin, listen, serve

    if arguments.with_parent:
        end_with_stdin()
    try:
        listener = listen(arguments.host, arguments.port)
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        reason = error.strerror or str(error)
        sys.exit(
            f"Can't listen on {where}: {reason}. Choose another --port (0 takes a free one) "
            "or another --host."
        )

    def announce() -> None:
        if arguments.with_parent:
            print(listener.getsockname()[1], flush=True)
        else:
            _greet(listener, key)

    serve(Settings(key, profile, arguments.speed), listener, announce)


def _greet(listener: socket.socket, key: str) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"The simulator answers on http://{shown}:{port}/v1 until you press Ctrl-C. Use it by:")
    print(f"  export OPENAI_BASE_URL=http://{shown}:{port}/v1")
    print(f"  export OPENAI_API_KEY={key}")
    print("  export OPENAI_MODEL=sim-chat", flush=True)


if __name__ == "__main__":
    main()
