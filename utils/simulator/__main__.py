"""The command line: `python -m utils.simulator`."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .child_process import end_with_stdin, report
from .options import parser
from .process import KEY_VARIABLE
from .profiles import UnknownProfileError, profile_named

if TYPE_CHECKING:
    from .recordings import RecordedReply

_MIN_KEY = 8  # characters, if other machines can reach the server
_MAX_PROMPT = 60  # characters shown


def main() -> None:
    """Run the command line."""
    asked = parser()
    arguments = asked.parse_args()
    if arguments.command == "record":
        _record(arguments)
    elif arguments.faults:
        from .faults.table import markdown

        sys.stdout.buffer.write(markdown().encode())
    else:
        _serve(asked, arguments)


def _serve(asked: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    try:
        profile = profile_named(arguments.profile)
    except UnknownProfileError as error:
        asked.error(str(error))
    given = arguments.key or os.environ.get(KEY_VARIABLE)
    if given and not _on_this_machine(arguments.host) and len(given) < _MIN_KEY:
        asked.error(
            f"the key is too short for {arguments.host}, where others can try to guess it. Use at "
            f"least {_MIN_KEY} characters, or no --key to generate one."
        )
    key = given or secrets.token_urlsafe(24)
    if arguments.with_parent:
        end_with_stdin()

    # Imported late, so that `--help` and error messages appear immediately.
    from .app import Settings
    from .recordings import RecordingError, Recordings, read
    from .server import listen, serve

    try:
        traces = [trace for file in arguments.replay or [] for trace in read(Path(file))]
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

    recordings = Recordings(traces, strict=arguments.only_recorded)

    def announce() -> None:
        if arguments.with_parent:
            report(listener.getsockname()[1])
        else:
            _greet(listener, key, recordings.models)
            if recordings.models and not arguments.only_recorded:
                print(_replayed(recordings.prompts, profile.name), flush=True)

    settings = Settings(
        key=key,
        profile=profile,
        speed=arguments.speed,
        recordings=recordings,
        most_streams=arguments.max_streams,
    )
    live = arguments.live or (not arguments.with_parent and sys.stdout.isatty())
    serve(settings, listener, announce, live=live)


def _on_this_machine(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _greet(listener: socket.socket, key: str, recorded: list[str]) -> None:
    host, port = listener.getsockname()[:2]
    for_all = host in ("0.0.0.0", "::")  # not an address to connect to
    name = (_address_for_others() or "HOST") if for_all else host
    shown = f"[{name}]" if ":" in name else name
    print(f"The simulator is running at http://{shown}:{port}/v1 until you press Ctrl-C.")
    print(f"  export OPENAI_BASE_URL=http://{shown}:{port}/v1")
    print(f"  export OPENAI_API_KEY={key}")
    print(f"  export OPENAI_MODEL={(recorded or ['sim-chat'])[0]}")
    if name == "HOST":
        print("Replace HOST with this machine's name or address in the local network.")
    elif for_all:
        print(f"This machine may have other addresses; {name} is the one that it sends from.")
    if not _on_this_machine(host):
        print(f"Learners can add their name to the key, as in {key}/ada, to be told apart.")
    sys.stdout.flush()


def _replayed(prompts: list[str], profile: str) -> str:
    """Return a sentence about the prompts that have a recorded reply."""
    known = " · ".join(
        f"“{textwrap.shorten(prompt, _MAX_PROMPT, placeholder=' …')}”" for prompt in prompts
    )
    return (
        f"Recorded replies exist for {known}; the simulator replies to any other prompt itself, at "
        f"the pace of sim-{profile}."
    )


def _address_for_others() -> str | None:
    """Return the address that this machine sends from; None without a network.

    The system chooses the address when a datagram socket is connected; nothing is sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation (RFC 5737)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _record(arguments: argparse.Namespace) -> None:
    """Record a provider's replies, and add them to a file."""
    import httpx2
    from openai import APIStatusError, OpenAI, OpenAIError

    from utils import env_vars
    from utils.errors import redacted
    from utils.unicode import well_formed_parts

    from .recorder import RecordError, record, refusal
    from .recordings import RecordingError, read, write

    asked: argparse.ArgumentParser = arguments.asked
    base_url = arguments.base_url or os.environ.get("OPENAI_BASE_URL")
    model = arguments.model or os.environ.get("OPENAI_MODEL")
    if not model:
        asked.error("no model: use --model or set OPENAI_MODEL")
    out = Path(arguments.out)
    requests = [_request(model, prompt) for prompt in arguments.prompt or []]
    requests += [_request_in(Path(file), model) for file in arguments.request or []]
    requests = [well_formed_parts(request) for request in requests]
    if not requests:
        asked.error("no prompt: use --prompt TEXT or --request FILE")
    if base_url and not base_url.startswith(("http://", "https://")):
        asked.error("a provider's URL begins with http:// or https:// and ends in /v1")
    if not out.parent.is_dir():
        sys.exit(f"The folder {out.parent} for {out.name} doesn't exist: choose another --out.")
    key = env_vars.variable("OPENAI_API_KEY")
    odd = env_vars.odd_character("OPENAI_API_KEY", key) if key else None
    if wrong := odd or env_vars.wrong():
        sys.exit(wrong)
    try:
        client = OpenAI(base_url=base_url, api_key=key or "no-key-needed")
        traces = {(trace.model, trace.prompt): trace for trace in read(out)} if out.exists() else {}
        recorded = False
        try:
            with client:
                with suppress(APIStatusError):  # some servers don't list their models
                    client.models.with_raw_response.list()  # warm-up: the first call is slow
                for request in requests:
                    trace = record(client, request)
                    traces.pop((trace.model, trace.prompt), None)
                    traces[trace.model, trace.prompt] = trace
                    recorded = True
                    _tell(trace, out)
        finally:
            if recorded:
                write(out, traces.values())
    except OpenAIError as error:
        host = client.base_url.netloc.decode(errors="replace")
        told = redacted(refusal(error, host, key_set=bool(key)))
        sys.exit(f"Recording stopped: {told}")
    except httpx2.InvalidURL as error:
        sys.exit(f"{redacted(str(base_url))} is not a valid URL: {error}.")
    except (RecordError, RecordingError) as error:
        sys.exit(f"Recording stopped: {redacted(str(error))}")
    except OSError as error:
        sys.exit(f"Recording stopped: could not write {out} ({error.strerror}).")


def _tell(trace: RecordedReply, out: Path) -> None:
    times = [at for at, _, text in trace.pieces if text]
    print(
        f"Recorded {len(times)} pieces in {trace.end:.1f} s, the first after "
        f"{times[0] if times else trace.end:.1f} s: {out}"
    )
    if trace.note:
        print(trace.note)
    sys.stdout.flush()


def _request(model: str, prompt: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}]}


def _request_in(file: Path, model: str) -> dict[str, object]:
    """Read a chat request from a file, and set its model; exit if the file is invalid."""
    try:
        request = json.loads(file.read_text(encoding="utf-8-sig"))
        messages = request["messages"]
    except OSError as error:
        sys.exit(f"Could not read {file}: {error.strerror}.")
    except (ValueError, RecursionError, KeyError, TypeError):
        messages = None
    is_list = isinstance(messages, list) and messages
    if not is_list or not all(isinstance(message, dict) for message in messages):
        sys.exit(f'{file} has no chat request, which looks like {{"messages": [...]}}.')
    return {**request, "model": model}


if __name__ == "__main__":
    main()
