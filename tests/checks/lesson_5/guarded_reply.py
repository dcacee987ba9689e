"""Right and wrong answers to 5.guarded_reply, which asks for a guard on a streamed reply."""

from contextlib import AsyncExitStack, aclosing, suppress

from tests.checks.answers import edits, right


class Refused(Exception):  # noqa: N818 (learners write this)
    pass


class Forbidden(Refused):
    """An exception that a learner might define."""


async def hushed(stream):
    with suppress(Exception):
        async for item in stream:
            yield item


# `allowed(text)` is false if the text contains a forbidden phrase, of at most `longest` characters.
@right("5.guarded_reply", says="at most 17 characters were held back")
async def guarded_reply(pieces, allowed, longest):
    held = ""
    async with aclosing(pieces):
        async for piece in pieces:
            held += piece
            if not allowed(held):
                raise Refused
            safe = len(held) - (longest - 1)
            if safe > 0:
                yield held[:safe]
                held = held[safe:]
    if held:
        yield held


edit = edits("5.guarded_reply", guarded_reply)
CHECK = "            if not allowed(held):\n                raise Refused\n"
SAFE = "safe = len(held) - (longest - 1)"
CUT = "                yield held[:safe]\n                held = held[safe:]\n"
FLUSH = "    if held:\n        yield held\n"
REFUSES = "                if not allowed(held):\n                    raise Refused\n"
FINE = {  # edits after which the answer raises `Refused` only at the end
    'held = ""': 'held, fine = "", True',
    CHECK: "            fine = fine and allowed(held)\n",
    "if safe > 0": "if fine and safe > 0",
    FLUSH: "    if not fine:\n        raise Refused\n    yield held\n",
}
# edits that make the answer call `allowed` only when it is about to yield text
LAZY = {
    CHECK: "",
    CUT: REFUSES + CUT,
    FLUSH: "    if not allowed(held): raise Refused\n    yield held\n",
}
edit(None, LAZY)
edit(
    None,  # also yields the text before the forbidden phrase
    {
        "raise Refused": """ends = min(n for n in range(len(held) + 1) if not allowed(held[:n]))
                begins = max(n for n in range(ends) if not allowed(held[n:ends]))
                yield held[:begins]
                raise Refused"""
    },
)
edit(None, {"raise Refused": "raise Forbidden('a card number')"})
edit(None, {FLUSH: "    yield held\n"})
edit(None, {"if safe > 0": "if safe >= 0"})
edit(None, {"if not allowed": "if piece and not allowed"})
edit("misses the phrase", {"allowed(held)": "allowed(piece)"}, "'1234 5678 9012 3456'")
edit("never checks", {CHECK: ""})
edit("checks too late", {"if not allowed": "if len(held) >= longest and not allowed"}, "shorter")
edit("held back", {SAFE: "safe = len(held) - longest"}, "At most `longest - 1` characters, here 17")
edit("collected first", {"if safe > 0": "if False"})
edit("shows it first", {CHECK: "", CUT: CUT.replace("\n", "\n" + REFUSES, 1)}, "which comes first")
edit("shows it once refused", {"raise": "yield held\n                raise"}, "yielded after that")
edit("shows other text", {"raise": "yield 'No.'\n                raise"}, "No")
edit("swallows the error", {"in pieces": "in hushed(pieces)"})
edit("reads on once refused", FINE)
edit("refuses allowed text", {"(held):": "(' '.join(held.split())):"}, "nothing forbidden")
edit("cuts at minus zero", {SAFE: "safe = -(longest - 1)", "safe > 0": "len(held) >= longest"})
edit("ends quietly", {"raise Refused": "return"})
edit("raises", {"raise Refused": "raise ValueError"}, "asks for `Refused`")
edit("raises", {"allowed(held)": "allowed.check(held)"}, "AttributeError")
edit("stops early", {"held = held[safe:]": "return"})


@right("5.guarded_reply")
async def checks_all_the_text(pieces, allowed, longest):
    text, shown = "", 0
    try:
        async for piece in pieces:
            text += piece
            if not allowed(text):
                raise Refused("no")
            yield text[shown : max(shown, len(text) - longest + 1)]
            shown = max(shown, len(text) - longest + 1)
        yield text[shown:]
    finally:
        await pieces.aclose()


too_little = edits("5.guarded_reply", checks_all_the_text)
too_little("shows a part", {"longest + 1": "longest + 2"}, "1 character of")


@right("5.guarded_reply")
async def character_by_character(pieces, allowed, longest):
    window = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pieces.aclose)
        async for piece in pieces:
            for character in piece:
                window.append(character)
                if not allowed("".join(window)):
                    raise Refused
                if len(window) == longest:
                    yield window.pop(0)
        for character in window:
            yield character
