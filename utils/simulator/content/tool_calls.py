"""Chooses which tools to call; `schema_values` fills in their arguments.

A tool matches any part of a prompt that contains words from the tool's name or description. Several
parts may match: "the weather in Paris and in Rome" needs two calls.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

from ..json_values import is_shallow
from ..model_request import ModelRequest, Tool
from ..reply import Part
from . import extract, field_values
from .schema_values import fill

_MOST_CALLS = 8
# limit on matched parts of a prompt; above `_MOST_CALLS`, since some calls may be duplicates
_MOST_MATCHES = 32
_GENERIC_WORDS = """
    get fetch find look lookup up search query list show read check call run do make compute
    calculate tool function current the a an of for in on to and or by with is are it this that
    given return returns from at as be use used user whose what which number numbers two value
    values data information name names about one any all new
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_SYNONYMS = {  # maps a word in a tool's name or description to its synonyms
    "weather": "forecast temperature rain sunny cold warm umbrella",
    "multiply": "times multiplied product",
    "add": "plus sum",
    "subtract": "minus",
    "divide": "divided",
    "calculator": "times plus minus divided calculate",
    "price": "cost costs",
    "stock": "available availability",
    "time": "clock",
    "email": "mail",
}
_MIN_SCORE = 2  # minimum score for a tool to be called
_SYMBOLS = {"*": " times ", "\u00d7": " times ", "+": " plus ", " - ": " minus ", "÷": " divided ",
            "/": " divided "}  # fmt: skip
_FOLLOW_ON = ("and ", "what about", "how about", "now ", "also ")


def decide(request: ModelRequest) -> tuple[Part, ...]:
    """Return the tool calls for a request; there is at least one if calls are required."""
    if not request.tools or request.tool_choice == "none":
        return ()
    if request.turns[-1].role == "tool" and request.tool_choice == "auto":
        return ()  # the tools have run, so the reply reports their results
    forced = request.forced_tool
    tools = [tool for tool in request.tools if not forced or tool.name == forced]
    prompt = _with_previous(request)[: extract.LONGEST]
    calls = _calls(prompt, tools)
    if not calls and request.tool_choice == "required":
        best, _ = _best(tools, prompt)
        calls = [_call(best, prompt, prompt)]
    return tuple(calls[:_MOST_CALLS] if request.parallel else calls[:1])


def _with_previous(request: ModelRequest) -> str:
    """Return the prompt; complete a follow-up ("And in Rome?") from the previous prompt."""
    prompt = request.prompt
    if not prompt.lower().startswith(_FOLLOW_ON) or len(prompt.split()) > 6:
        return prompt
    said = [turn.text for turn in request.turns if turn.role == "user"]
    if len(said) < 2:
        return prompt
    before = said[-2][: extract.LONGEST]
    clauses = extract.clauses(before)
    start, end = clauses[0] if clauses else (0, 0)
    first = before[start:end]
    for place in extract.places(first):
        first = first.replace(place, "")
    return f"{first.strip()} {prompt.split(maxsplit=1)[1]}"


@dataclass
class _Match:
    """A tool, and the part of the prompt that matches it."""

    tool: Tool
    start: int
    end: int


def _calls(prompt: str, tools: list[Tool]) -> list[Part]:
    matches: list[_Match] = []
    for start, end in extract.clauses(prompt):
        if len(matches) == _MOST_MATCHES:
            break
        clause = prompt[start:end]
        best, score = _best(tools, clause)
        fits = score >= _MIN_SCORE
        if not matches:
            if fits:
                matches.append(_Match(best, start=0, end=end))
            continue
        last = matches[-1]
        if fits and best is not last.tool:
            matches.append(_Match(best, start, end))
            continue
        texts = (clause, prompt[last.start : last.end])
        if all(_has_arguments(last.tool, text) for text in texts):  # another call to the same tool
            matches.append(_Match(last.tool, start, end))
        else:  # the clause belongs to the last match
            last.end = end
    if not matches:
        best, score = _best(tools, prompt)
        if score >= _MIN_SCORE:
            matches.append(_Match(best, 0, len(prompt)))
    calls = [_call(match.tool, prompt[match.start : match.end], prompt) for match in matches]
    return list(dict.fromkeys(calls))


def _has_arguments(tool: Tool, text: str) -> bool:
    value = fill(tool.parameters or {"type": "object"}, text)
    return value.found and not value.missing


def _call(tool: Tool, text: str, prompt: str) -> Part:
    """Return a call with arguments from `text` or, if some are missing there, from the prompt."""
    schema: dict[str, Any] = {"type": "object"} | tool.parameters
    value = fill(schema, text, context=prompt)
    if value.missing and text != prompt:
        from_prompt = fill(schema, prompt)
        if not value.found or not from_prompt.missing:
            value = from_prompt
    return Part("call", json.dumps(value.value, ensure_ascii=False), tool.name, json=True)


def _best(tools: list[Tool], text: str) -> tuple[Tool, int]:
    said = _said(text)
    scores = [_score(tool, said) for tool in tools]
    return tools[scores.index(max(scores))], max(scores)


def _score(tool: Tool, said: set[str]) -> int:
    """Score a tool: 2 for each matching word in its name, 1 for each in its description."""
    name, about = _words_of(tool.name, tool.description)
    named = sum(_among(word, said) for word in name)
    described = sum(_among(word, said) for word in about)
    return 2 * named + described


@lru_cache(maxsize=256)
def _words_of(name: str, about: str) -> tuple[list[str], list[str]]:
    """Return the distinctive words in a tool's name, and those in its description."""
    every = extract.words(name)
    own = [word for word in every if word not in _GENERIC] or every
    described = set(extract.words(about)) - _GENERIC - set(own)
    return own, [word for word in described if len(word) > 3]


def _said(text: str) -> set[str]:
    """Return the words in a string, with arithmetic symbols converted to words."""
    lower = text.lower()
    for symbol, word in _SYMBOLS.items():
        lower = lower.replace(symbol, word)
    return set(extract.words(lower))


def _among(word: str, said: set[str]) -> bool:
    return extract.mentions(said, word) or not said.isdisjoint(_SYNONYMS.get(word, "").split())


def report(request: ModelRequest) -> str:
    """Return a reply that reports the latest tool results."""
    results = list(takewhile(lambda turn: turn.role == "tool", reversed(request.turns)))[::-1]
    calls = {call.id: call for turn in request.turns for call in turn.calls}
    made = [calls.get(turn.call_id) for turn in results]
    names = dict.fromkeys(call.name if call else "the tool" for call in made)
    sentences = [
        _sentence(_about(call.arguments if call else ""), turn.text)
        for call, turn in zip(made, results, strict=True)
    ]
    opening = f"I asked {' and '.join(names)}."
    ending = "That's what I was told. Is there anything else that I can look up?"
    return " ".join([opening, *sentences, ending])


def _about(arguments: str) -> str:
    """Return a call's arguments as text, such as "Paris, 3"."""
    given = _parsed(arguments)
    values = given.values() if isinstance(given, dict) else []
    return ", ".join(str(value) for value in values if isinstance(value, str | int | float))


def _sentence(about: str, result: str) -> str:
    value = _parsed(result)
    said = _in_words(value if is_shallow(value) and not isinstance(value, str) else result)
    if said.lower().startswith("error"):
        said = f"it failed ({said})"
    ending = "" if said[-1:] in ".!?" else "."
    return f"{about}: {said}{ending}" if about else f"{said}{ending}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{field_values.plain(str(key))} {_in_words(inner)}" for key, inner in value.items()
        )
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    return " ".join(str(value).split()) or "nothing"
