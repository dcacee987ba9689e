"""The command line: `python -m utils.simulator`. Its options are `options`."""

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

from .options import parser
from .process import KEY_VARIABLE, end_with_stdin, report
from .profiles import UnknownProfileError, profile_named

if TYPE_CHECKING:
    from .recordings import RecordedReply

_SHORTEST_KEY = 8  # characters, where others can reach the server
_LONGEST = 60  # characters of a prompt that is shown


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
    if given and not _on_this_machine(arguments.host) and len(given) < _SHORTEST_KEY:
        asked.error(
            f"the key is too short for {arguments.host}, where others can try to guess it. Give "
            f"{_SHORTEST_KEY} characters or more, or none: then one is made up."
        )
    key = given or secrets.token_urlsafe(24)
    if arguments.with_parent:
        end_with_stdin()

    # Imported late: `--help` and wrong arguments answer at once.
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
            f"Can't listen on {where}: {reason}. Choose another --port (0 takes a free one) "
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
    for_all = host in ("0.0.0.0", "::")  # where it listens, and no address to ask
    name = (_address_for_others() or "HOST") if for_all else host
    shown = f"[{name}]" if ":" in name else name
    print(f"The simulator answers on http://{shown}:{port}/v1 until you press Ctrl-C. Use it by:")
    print(f"  export OPENAI_BASE_URL=http://{shown}:{port}/v1")
    print(f"  export OPENAI_API_KEY={key}")
    print(f"  export OPENAI_MODEL={(recorded or ['sim-chat'])[0]}")
    if name == "HOST":
        print("Put this machine's name or address in the room's network in place of HOST.")
    elif for_all:
        print(f"This machine may have other addresses; {name} is the one it sends from.")
    if not _on_this_machine(host):
        print(f"A learner may add a name to the key, as in {key}/ada, to be told apart.")
    sys.stdout.flush()


def _replayed(prompts: list[str], profile: str) -> str:
    """Say which prompts a recording answers, and who answers all others."""
    known = " · ".join(
        f"“{textwrap.shorten(prompt, _LONGEST, placeholder=' …')}”" for prompt in prompts
    )
    return (
        f"Recorded replies answer {known}; any other prompt is answered by the simulator itself, "
        f"at the pace of sim-{profile}."
    )


def _address_for_others() -> str | None:
    """Return the address that this machine sends from; None where no network tells it.

    The system chooses one when a datagram's receiver is set. Nothing is sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that nobody has (RFC 5737)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _record(arguments: argparse.Namespace) -> None:
    """Record a provider's replies into a file, after those that are in it."""
    import httpx2
    from openai import APIStatusError, OpenAI, OpenAIError

    from utils import settings
    from utils.errors import redacted
    from utils.unicode import well_formed_parts

    from .recorder import RecordError, record, refusal
    from .recordings import RecordingError, read, write

    asked: argparse.ArgumentParser = arguments.asked
    base_url = arguments.base_url or os.environ.get("OPENAI_BASE_URL")
    model = arguments.model or os.environ.get("OPENAI_MODEL")
    if not model:
        asked.error("say which model to record: --model, or the variable OPENAI_MODEL")
    out = Path(arguments.out)
    requests = [_request(model, prompt) for prompt in arguments.prompt or []]
    requests += [_request_in(Path(file), model) for file in arguments.request or []]
    requests = [well_formed_parts(request) for request in requests]
    if not requests:
        asked.error("say what to ask: --prompt TEXT, or --request FILE")
    if base_url and not base_url.startswith(("http://", "https://")):
        asked.error("an address of a provider begins with http:// or https:// and ends in /v1")
    if not out.parent.is_dir():
        sys.exit(
            f"There is no folder {out.parent} for {out.name}: make it, or choose another --out."
        )
    key = settings.variable("OPENAI_API_KEY")
    odd = settings.odd_character("OPENAI_API_KEY", key) if key else None
    if wrong := odd or settings.wrong():
        sys.exit(wrong)
    try:
        client = OpenAI(base_url=base_url, api_key=key or "no-key-needed")
        traces = {(trace.model, trace.prompt): trace for trace in read(out)} if out.exists() else {}
        recorded = False
        try:
            with client:
                with suppress(APIStatusError):  # some servers don't list their models
                    client.models.with_raw_response.list()  # a process's first call takes longer
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
        sys.exit(f"Nothing more is recorded: {told}")
    except httpx2.InvalidURL as error:
        sys.exit(f"{redacted(str(base_url))} is not a valid URL: {error}.")
    except (RecordError, RecordingError) as error:
        sys.exit(f"Nothing more is recorded: {redacted(str(error))}")
    except OSError as error:
        sys.exit(f"Nothing more is recorded: {out} can't be written ({error.strerror}).")


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
    """Return the chat request in a file: messages, tools and whatever else it holds."""
    try:
        request = json.loads(file.read_text(encoding="utf-8-sig"))
        messages = request["messages"]
    except OSError as error:
        sys.exit(f"{file} can't be read: {error.strerror}.")
    except (ValueError, RecursionError, KeyError, TypeError):
        messages = None
    is_list = isinstance(messages, list) and messages
    if not is_list or not all(isinstance(message, dict) for message in messages):
        sys.exit(f'{file} holds no chat request. It looks like {{"messages": [...]}}.')
    return {**request, "model": model}


if __name__ == "__main__":
    main()
