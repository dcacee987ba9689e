"""Five ways to show a reply, measured for lesson 5's chart."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter

from IPython.display import display
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import JsonOutputParser

from utils.charts import Pattern
from utils.timing import Recording, arecord, arecord_call
from utils.widgets import JsonCard, Progress, StatusLine

QUESTION = "Why does streaming make a chat feel faster?"
FORM = (
    "Extract the person as a JSON object with the fields name, age and email: "
    "John Smith, 42, john@example.com."
)


async def five_patterns(model: BaseChatModel) -> list[Pattern]:
    """Show five replies concurrently, each in a different way; return a recording of each."""
    start = perf_counter()
    spinner = Progress(label="Spinner").show()
    spinner.advance(0)  # starts the animation
    status = StatusLine("Thinking", "Answer").show()
    status.to("Thinking")
    card = JsonCard("Skeleton", fields=["name", "age", "email"])
    display(card)  # type: ignore[no-untyped-call]
    shown = perf_counter() - start  # seconds until the spinner, status and skeleton were visible

    async with asyncio.TaskGroup() as group:
        blank = group.create_task(_whole(model, "blank screen"))
        spun = group.create_task(_whole(model, "spinner"))
        skeleton = group.create_task(_filled_in(model, card))
        stream = group.create_task(_streamed(model, "stream"))
        with_status = group.create_task(
            _streamed(model, "stream + status", partial(status.to, "Answer"))
        )
    spinner.done()
    status.done()
    return [
        Pattern(blank.result()),
        Pattern(spun.result(), sign=shown),
        Pattern(skeleton.result(), sign=shown),
        Pattern(stream.result()),
        Pattern(with_status.result(), sign=shown),
    ]


async def _whole(model: BaseChatModel, label: str) -> Recording:
    _reply, recording = await arecord_call(model.ainvoke, QUESTION, label=label)
    return recording


async def _streamed(
    model: BaseChatModel, label: str, at_first_text: Callable[[], object] | None = None
) -> Recording:
    run = arecord(model.astream(QUESTION), label=label)
    async for chunk in run:
        if chunk.content and at_first_text:
            at_first_text()
            at_first_text = None
    return run.recording


async def _filled_in(model: BaseChatModel, card: JsonCard) -> Recording:
    run = arecord(model.astream(FORM), label="skeleton")
    await card.run(JsonOutputParser().atransform(run))
    return run.recording
