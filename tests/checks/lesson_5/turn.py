"""Right and wrong answers to 5.turn, which asks for a chat turn that is always stored."""

from contextlib import aclosing

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage  # noqa: F401
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import edits, right, wrong


@right("5.turn", says="around each stream you read closes it")
async def turn(model, history, question):
    messages, said = [*history, HumanMessage(question)], ""
    history.append(HumanMessage(question))
    try:
        async for chunk in model.astream(messages):
            said += chunk.content
            yield chunk.content
    finally:
        history.append(AIMessage(said))


edit = edits("5.turn", turn)
SENT, BEGIN = "[*history, HumanMessage(question)]", "history.append(HumanMessage(question))"
GROW, PIECE, END = "said += chunk.content", "yield chunk.content", "history.append(AIMessage(said))"
CUTS = "except BaseException:\n        said += ' [cut]'\n        raise\n    finally"
ALONE = f"except GeneratorExit:\n        {END}\n        raise\n    else"
LATE = f"except OverflowError:\n        pass\n    else:\n        {BEGIN}"
GROWS = {  # edits after which the stored message grows with each chunk
    BEGIN: 'history += [HumanMessage(question), AIMessage("")]',
    GROW: "history[-1].content += chunk.content",
    END: "pass",
}

edit(None, {END: "history += [AIMessage(said)] * bool(said)"})
edit(None, {', ""': ', AIMessageChunk("")', GROW: "said += chunk", "AIMessage(said)": "said"})
edit(None, GROWS)
edit("yields messages", {PIECE: "yield chunk"}, "yields an `AIMessageChunk`. .* its text")
edit("question not sent", {SENT: "[*history]"})
SMALL = {SENT: "[*history, HumanMessage(question.lower())]"}
edit("question not sent", SMALL, "was sent `'why do rivers bend[?]'`")
edit("another conversation", {SENT: "question"})
edit("reply sent with the question", {**GROWS, SENT: "history"})
edit("another conversation", {SENT: "[HumanMessage(question), *history]"})
edit("adds text", {"finally": "except Exception:\n        yield '!'\n        raise\n    finally"})
edit("loses what was before", {END: "history.pop(0)"})
edit("history unchanged", {BEGIN: f"history = [*history]\n    {BEGIN}"}, "makes a new list")
edit("nothing stored", {BEGIN: "", "finally:": LATE}, "after its reader stopped early")
edit("stores something else", {END: "history.append(said)"})
edit("other roles", {"AIMessage(said)": "HumanMessage(said)"})
edit("question not stored", {BEGIN: ""})
edit("too many messages", {END: "history += [AIMessage(said), HumanMessage('Why?')]"})
edit("reply not stored", {"finally": ALONE})
edit("reply before the question", {END: "history.insert(-1, AIMessage(said))"})
LATE_GROWTH = {f"{GROW}\n            {PIECE}": f"{PIECE}\n            {GROW}"}
edit("stores only the beginning", LATE_GROWTH, "before or after it is yielded")
edit("stores more than was yielded", {"finally": CUTS})
edit("another reply stored", {GROW: "said = chunk.content"})
edit("another reply stored", {"AIMessage(said)": "AIMessage(said.strip())"})


@right("5.turn", says="lost connection.$")  # no note on closing: a chain closes its model's stream
async def of_a_chain(model, history, question):
    history += [HumanMessage(question), AIMessage("")]
    async with aclosing((model | StrOutputParser()).astream(history[:-1])) as texts:
        async for text in texts:
            history[-1] = AIMessage(history[-1].content + text)
            yield text


OPEN = {"async with aclosing(": "if texts := (", ")) as texts:": ")):"}
edits("5.turn", of_a_chain)(None, OPEN, "around each stream")


@wrong("5.turn", "makes a coroutine")
async def returns_the_stream(model, history, question):
    return turn(model, history, question)
