"""The command `python -m utils.simulator record`: adds a provider's replies to a file."""

import argparse
import json
import os
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import httpx2
import openai
from openai import OpenAI, OpenAIError

from utils import env_vars
from utils.errors import redacted
from utils.unicode import well_formed_parts

from ..json_values import Json
from .recorder import RecordError, record
from .recordings import RecordedReply, RecordingError, read, write

_MAX_MESSAGE = 300  # maximum length of an error message, in characters


def run(arguments: argparse.Namespace) -> None:
    """Record the replies to all prompts; on failure, exit with a message."""
    requests = _requests(arguments)
    out = Path(arguments.out)
    if not out.parent.is_dir():
        sys.exit(f"The folder {out.parent} for {out.name} doesn't exist: choose another --out.")
    key = env_vars.variable("OPENAI_API_KEY")
    wrong_key = env_vars.odd_character("OPENAI_API_KEY", key) if key else None
    if message := wrong_key or env_vars.first_problem():
        sys.exit(message)
    base_url = arguments.base_url or os.environ.get("OPENAI_BASE_URL")
    if base_url and not base_url.startswith(("http://", "https://")):
        arguments.parser.error("a provider's URL begins with http:// or https:// and ends in /v1")
    try:
        client = OpenAI(base_url=base_url, api_key=key or "no-key-needed")
    except httpx2.InvalidURL as error:
        sys.exit(f"{redacted(str(base_url))} is not a valid URL: {error}.")
    try:
        with client:
            _record(client, requests, out)
    except OpenAIError as error:
        host = client.base_url.netloc.decode(errors="replace")
        sys.exit(f"Recording stopped: {redacted(_reason(error, host, key_set=bool(key)))}")
    except (RecordError, RecordingError) as error:
        sys.exit(f"Recording stopped: {redacted(str(error))}")
    except OSError as error:
        sys.exit(f"Recording stopped: could not write {out} ({error.strerror}).")


def _requests(arguments: argparse.Namespace) -> list[Json]:
    model = arguments.model or os.environ.get("OPENAI_MODEL")
    if not model:
        arguments.parser.error("no model: use --model or set OPENAI_MODEL")
    prompts = [[{"role": "user", "content": prompt}] for prompt in arguments.prompt or []]
    requests: list[Json] = [{"messages": messages} for messages in prompts]
    requests += [_request_in(Path(file)) for file in arguments.request or []]
    if not requests:
        arguments.parser.error("no prompt: use --prompt TEXT or --request FILE")
    # replace lone surrogates, which can't be sent
    return [well_formed_parts(request | {"model": model}) for request in requests]


def _request_in(file: Path) -> Json:
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
    return dict(request)


def _record(client: OpenAI, requests: list[Json], out: Path) -> None:
    """Record the replies, replacing earlier ones to the same prompts; save after each reply."""
    replies = {(reply.model, reply.prompt): reply for reply in read(out)} if out.exists() else {}
    with suppress(openai.APIStatusError):  # some servers don't list their models
        client.models.with_raw_response.list()  # warm-up: the first call is slow
    for request in requests:
        reply, left_out = record(client, request)
        replies.pop((reply.model, reply.prompt), None)  # so that the new reply comes last
        replies[reply.model, reply.prompt] = reply
        write(out, replies.values())
        _report(reply, left_out, out)


def _report(reply: RecordedReply, left_out: int, out: Path) -> None:
    times = [at for at, _, text in reply.pieces if text]
    pieces = "1 piece" if len(times) == 1 else f"{len(times)} pieces"
    first = f", the first after {times[0]:.1f} s" if times else ""
    print(f"Recorded {pieces} in {reply.end:.1f} s{first}: {out}")
    if left_out:
        print(f"Events left out, whole or in part, because they can't be recorded: {left_out}.")
    sys.stdout.flush()


def _reason(error: OpenAIError, host: str, key_set: bool) -> str:
    if isinstance(error, openai.AuthenticationError) and not key_set:
        return f"{host} requires a key, but OPENAI_API_KEY isn't set."
    if isinstance(error, openai.AuthenticationError):
        return f"{host} rejected the key: check OPENAI_API_KEY."
    if isinstance(error, openai.APITimeoutError):
        return f"{host} did not respond in time. Try again."
    if isinstance(error, openai.APIConnectionError):
        return (
            f"The request to {host} failed ({error.__cause__}): check --base-url or "
            "OPENAI_BASE_URL, and that the server is running."
        )
    body = getattr(error, "body", None)  # may contain a message that isn't in `str(error)`
    more = "" if not body or (isinstance(body, dict) and "message" in body) else f" ({body})"
    return f"{host} responded: {textwrap.shorten(f'{error}{more}', _MAX_MESSAGE, placeholder=' …')}"
