"""The command line's options and help."""

import argparse
import math

from .process import KEY_VARIABLE
from .profiles import PROFILES

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


def _profile_lines() -> str:
    lines = []
    for profile in PROFILES.values():
        pace = f"{profile.total:g} s in total" if profile.total else f"{profile.rate:g} tokens/s"
        lines.append(f"  {profile.name:<11} {profile.ttft:>5g} s  {pace:<13} {profile.about}")
    return "\n".join(lines)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (speed > 0 and math.isfinite(speed)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a valid speed: use a number above 0; 1 is real time."
        )
    return speed


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a valid port: use 0 to 65535; 0 is any.")


def _streams(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a valid number of streams: use 1 or more.")


def parser() -> argparse.ArgumentParser:
    """Return the command-line parser."""
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
    add("--profile", default="chat", help="profile behind the model name `sim` (%(default)s)")
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
    record.set_defaults(asked=record)  # `_record` reports invalid arguments with this parser
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
