"""What the command line takes: its options and its help."""

from __future__ import annotations

import argparse
import math

from .process import KEY_VARIABLE
from .profiles import PROFILES

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
  {KEY_VARIABLE}=our-class python -m utils.simulator --host 0.0.0.0 --port 8000 --max-streams 60
      share one with a class; the variable keeps the key out of the list of processes
  python -m utils.simulator record --base-url https://api.openai.com/v1 --model gpt-5-mini \\
      --prompt "Name a river." --out trace.json
      keep how a real model's reply arrives; its key is read from OPENAI_API_KEY
  python -m utils.simulator --replay trace.json
      serve that reply, under that model's name, at that model's pace; any other prompt is
      answered as by `sim`

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


def _streams(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of streams. Give 1 or more.")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    main = argparse.ArgumentParser(
        prog="python -m utils.simulator",
        description="An OpenAI-compatible server that streams like a real model: no key to buy,\n"
        "no internet, the same words for the same prompt, at the pace that you choose.",
        epilog=_EPILOG.format(profiles=_profile_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = main.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=_port, default=0, help="port; 0 takes a free one (default)")
    add("--profile", default="chat", help="profile behind the model name `sim` (%(default)s)")
    add("--speed", type=_speed, default=1.0, help="times faster than real time (%(default)s)")
    add("--key", help=f"key that clients must send (default: ${KEY_VARIABLE}, else made up)")
    add(
        "--max-streams",
        type=_streams,
        help="most replies at once, shared fairly by all learners (default: no limit)",
    )
    add("--replay", metavar="FILE", action="append", help="serve recorded replies, too")
    add("--only-recorded", action="store_true", help="refuse prompts that --replay doesn't hold")
    add("--live", action="store_true", help="say each second who streams how much")
    add("--faults", action="store_true", help="print the table of faults, and end")
    add(
        "--with-parent",
        action="store_true",
        help="print nothing, and end when standard input is closed (used by notebooks and apps)",
    )
    commands = main.add_subparsers(dest="command", title="commands", metavar="")
    _add_record(commands.add_parser("record", help="record replies of a real provider"))
    return main


def _add_record(record: argparse.ArgumentParser) -> None:
    record.set_defaults(asked=record)  # whose usage a wrong argument shows
    record.description = (
        "Keep the pieces of a real provider's replies and when each arrived, for --replay. The key "
        "is read from OPENAI_API_KEY; neither it nor any account's name goes into the file."
    )
    add = record.add_argument
    add("--base-url", help="the provider's address (default: $OPENAI_BASE_URL, else OpenAI's)")
    add("--model", help="the model's name (default: $OPENAI_MODEL)")
    add("--prompt", action="append", help="what to ask; may be given several times")
    add("--request", metavar="FILE", action="append", help="a chat request as JSON, with tools, …")
    add("--out", metavar="FILE", default="trace.json", help="where to keep it (%(default)s)")
