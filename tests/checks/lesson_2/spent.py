"""Exercise 2.6: the output tokens of several replies, by the provider's count."""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import reduce
from itertools import zip_longest
from operator import add, itemgetter

from langchain_core.callbacks import (
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.output_parsers import StrOutputParser

from tests.checks.answers import right, wrong


@right("2.spent")
def one_handler_for_all(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for _ in model.stream(prompt, config={"callbacks": [usage]}):
            pass
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@right("2.spent")
def from_the_chunks(model, prompts):
    return sum(
        chunk.usage_metadata["output_tokens"]
        for prompt in prompts
        for chunk in model.stream(prompt)
        if chunk.usage_metadata
    )


@right("2.spent")
def from_added_chunks(model, prompts):
    total = 0
    for prompt in prompts:
        first, *others = model.stream(prompt)
        for chunk in others:
            first += chunk
        total += first.usage_metadata["output_tokens"]
    return total


@right("2.spent")
def with_the_context_manager(model, prompts):
    with get_usage_metadata_callback() as usage:
        for prompt in prompts:
            list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@right("2.spent")
def a_handler_of_its_own(model, prompts):
    class Bill(BaseCallbackHandler):
        total = 0

        def on_llm_end(self, response, **kwargs):
            message = response.generations[0][0].message
            self.total += message.usage_metadata["output_tokens"]

    bill = Bill()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [bill]}))
    return bill.total


@wrong("2.spent", "counts chunks")
def counts_chunks(model, prompts):
    return sum(1 for prompt in prompts for _ in model.stream(prompt))


@wrong("2.spent", "counts chunks")
def counts_chunks_with_text(model, prompts):
    return sum(1 for prompt in prompts for chunk in model.stream(prompt) if chunk.text)


@wrong("2.spent", "another number")
def counts_words(model, prompts):
    return sum(
        len("".join(chunk.text for chunk in model.stream(prompt)).split()) for prompt in prompts
    )


@wrong("2.spent", "stops early")
def leaves_early(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for chunk in model.stream(prompt, {"callbacks": [usage]}):
            if chunk.text:
                break
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "last reply alone")
def one_handler_each(model, prompts):
    counts = {}
    for prompt in prompts:
        usage = UsageMetadataCallbackHandler()
        list(model.stream(prompt, {"callbacks": [usage]}))
        (counts,) = usage.usage_metadata.values()
    return counts.get("output_tokens", 0)


@wrong("2.spent", "skips a prompt")
def returns_in_the_loop(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
        return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
    return 0


@wrong("2.spent", "first reply alone")
def the_rest_for_real(model, prompts):
    """Asks all, and counts the first."""
    counts = [from_the_chunks(model, [prompt]) for prompt in prompts]
    return counts[0] if counts else 0


@wrong("2.spent", "repeated prompt once")
def keeps_totals_by_prompt(model, prompts):
    tokens = {}
    for prompt in prompts:
        tokens[prompt] = from_the_chunks(model, [prompt])
    return sum(tokens.values())


@wrong("2.spent", "another number of requests")
def asks_each_prompt_once(model, prompts):
    return one_handler_for_all(model, dict.fromkeys(prompts))


@wrong("2.spent", "another number of requests")
def asks_each_prompt_twice(model, prompts):
    return one_handler_for_all(model, [*prompts, *prompts])


@wrong("2.spent", "leaves a reply early")
def leaves_one_reply(model, prompts):
    """And reads the same prompt's other reply to its end."""
    total = from_the_chunks(model, prompts[1:])
    for prompt in prompts[:1]:
        with closing(model.stream(prompt)) as chunks:
            next(chunks)
            next(chunks)
    return total


@wrong("2.spent", "attached twice")
def attaches_one_twice(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage, usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "attached twice")
def attaches_one_in_two_places(model, prompts):
    usage = UsageMetadataCallbackHandler()
    bound = model.with_config(callbacks=[usage])
    for prompt in prompts:
        list(bound.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "invoke")
def batches(model, prompts):
    return sum(reply.usage_metadata["output_tokens"] for reply in model.batch(prompts))


@wrong("2.spent", "one model's name")
def asks_the_model_for_its_name(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata[model.model_name]["output_tokens"]


@wrong("2.spent", "one model's name")
def takes_the_name_from_above(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["sim-fast"]["output_tokens"]


@wrong("2.spent", "raises")
def trips_over_a_dict_of_its_own(model, prompts):
    tokens = {}
    for prompt in prompts:
        tokens[prompt] += from_the_chunks(model, [prompt])
    return sum(tokens.values())


@wrong("2.spent", "adds sums up")
def adds_the_sum_each_time(model, prompts):
    usage, total = UsageMetadataCallbackHandler(), 0
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
        total += sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
    return total


@wrong("2.spent", "attaches the class")
def attaches_the_class_itself(model, prompts):
    usage = UsageMetadataCallbackHandler
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "attaches the class")
def attaches_the_class_and_makes_another(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [UsageMetadataCallbackHandler]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "returns nothing")
def forgets_the_return(model, prompts):
    one_handler_for_all(model, prompts)


always_the_same = UsageMetadataCallbackHandler()


@wrong("2.spent", "keeps an earlier count", "earlier tokens are still counted")
def with_one_handler_for_all_calls(model, prompts):
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [always_the_same]}))
    return sum(counts["output_tokens"] for counts in always_the_same.usage_metadata.values())


@wrong("2.spent", "keeps an earlier count")
def with_a_list_on_the_class(model, prompts):
    bill = Bill()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [bill]}))
    return sum(bill.totals)


class Bill(BaseCallbackHandler):
    totals: list = []  # noqa: RUF012 (the mistake)

    def on_llm_end(self, response, **kwargs):
        self.totals.append(response.generations[0][0].message.usage_metadata["output_tokens"])


@wrong("2.spent", "one model alone")
def one_model_of_two(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return next((counts["output_tokens"] for counts in usage.usage_metadata.values()), 0)


@wrong("2.spent", "prompt tokens too")
def all_tokens(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["total_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "prompt tokens")
def tokens_of_the_prompts(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["input_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "returns the wrong type")
def returns_the_usage(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata


@wrong("2.spent", "invoke")
def invokes(model, prompts):
    return sum(model.invoke(prompt).usage_metadata["output_tokens"] for prompt in prompts)


@wrong("2.spent", "another prompt")
def joins_the_prompts(model, prompts):
    return one_handler_for_all(model, [" ".join(prompts)])


@wrong("2.spent", "skips a prompt")
def asks_the_first(model, prompts):
    return one_handler_for_all(model, prompts[:1])


@wrong("2.spent", "no usage")
def forgets_to_attach_usage(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "one model alone")
def knows_one_name(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["river-1"]["output_tokens"]


@wrong("2.spent", "raises")
def trips_over_no_prompts(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    first, *others = (counts["output_tokens"] for counts in usage.usage_metadata.values())
    return sum(others, first)


@wrong("2.spent", "never read")
def reads_no_stream(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        model.stream(prompt, config={"callbacks": [usage]})
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@right("2.spent")
def one_handler_for_each_prompt(model, prompts):
    total = 0
    for prompt in prompts:
        usage = UsageMetadataCallbackHandler()
        for _ in model.stream(prompt, {"callbacks": [usage]}):
            pass
        (counts,) = usage.usage_metadata.values()
        total += counts["output_tokens"]
    return total


@right("2.spent")
def bound_to_the_model(model, prompts):
    usage = UsageMetadataCallbackHandler()
    counted = model.with_config(callbacks=[usage])
    for prompt in list(prompts):
        deque(counted.stream(input=prompt), maxlen=0)
    return sum(map(itemgetter("output_tokens"), usage.usage_metadata.values()))


@right("2.spent")
def by_reduce(model, prompts):
    wholes = (reduce(add, model.stream(prompt, stream_usage=True)) for prompt in prompts)
    return sum(whole.usage_metadata["output_tokens"] for whole in wholes)


@right("2.spent")
def through_a_chain(model, prompts):
    usage = UsageMetadataCallbackHandler()
    chain = model | StrOutputParser()
    for prompt in prompts:
        "".join(chain.stream(prompt, config={"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@right("2.spent")
def recursively(model, prompts):
    if not prompts:
        return 0
    first, *others = prompts
    return from_the_chunks(model, [first]) + recursively(model, others)


@right("2.spent")
def in_threads(model, prompts):
    usage = UsageMetadataCallbackHandler()

    def read(prompt):
        for _ in model.stream(prompt, {"callbacks": [usage]}):
            pass

    with ThreadPoolExecutor() as pool:
        list(pool.map(read, prompts))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@right("2.spent")
def both_in_turns(model, prompts):
    usage = UsageMetadataCallbackHandler()
    streams = [model.stream(prompt, {"callbacks": [usage]}) for prompt in prompts]
    for _ in zip_longest(*streams):
        pass
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "last chunk", "TypeError: .*NoneType.* the usage is in the chunk before it")
def from_the_last_chunk(model, prompts):
    total = 0
    for prompt in prompts:
        *_, last = model.stream(prompt)
        total += last.usage_metadata["output_tokens"]
    return total


@wrong("2.spent", "last chunk", "AttributeError")
def gets_it_from_the_last_chunk(model, prompts):
    total = 0
    for prompt in prompts:
        for chunk in model.stream(prompt):
            last = chunk
        total += last.usage_metadata.get("output_tokens", 0)
    return total


@wrong("2.spent", "no usage", "or which chunk has the usage")
def carefully_from_the_last_chunk(model, prompts):
    total = 0
    for prompt in prompts:
        for chunk in model.stream(prompt):
            last = chunk
        total += (last.usage_metadata or {}).get("output_tokens", 0)
    return total


@wrong("2.spent", "usage switched off")
def switches_the_usage_off(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}, stream_usage=False))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "usage switched off")
def binds_the_usage_off(model, prompts):
    return one_handler_for_all(model.bind(stream_usage=False), prompts)


@wrong("2.spent", "changes the model", "`stream_usage`")
def switches_the_usage_on_for_good(model, prompts):
    model.stream_usage = None
    total = 0
    for prompt in prompts:
        for chunk in model.stream(prompt, stream_usage=True):
            total += (chunk.usage_metadata or {}).get("output_tokens", 0)
    return total


@wrong("2.spent", "changes an argument", "`prompts`")
def empties_the_list(model, prompts):
    total = 0
    while prompts:
        total += from_the_chunks(model, [prompts.pop(0)])
    return total


@wrong("2.spent", "callbacks without a list")
def forgets_the_list(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": usage}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "callbacks by keyword")
def attaches_by_keyword(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, callbacks=[usage]))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "swallows the error")
def swallows(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        with suppress(Exception):
            list(model.stream(prompt, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "never calls the model")
def forgets_to_call(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for _ in prompts:
        pass
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "another number of requests", "in the list twice, but was sent once")
def with_a_set(model, prompts):
    return one_handler_for_all(model, sorted(set(prompts)))


@wrong("2.spent", "raises", "KeyError|StopIteration|ValueError|IndexError|TypeError.*empty list")
def reduces_nothing(model, prompts):
    return reduce(add, [from_the_chunks(model, [prompt]) for prompt in prompts])


@wrong("2.spent", "returns nothing", "for an empty list of prompts")
def returns_nothing_for_nothing(model, prompts):
    if prompts:
        return one_handler_for_all(model, prompts)
    return None


@wrong("2.spent", "never read")
def reads_only_the_first_chunk_lazily(model, prompts):
    streams = (model.stream(prompt) for prompt in prompts)
    return sum(1 for _ in streams)


@wrong("2.spent", "leaves a stream unread", "The stream for `Name a sea.` was never read")
def reads_all_but_the_last(model, prompts):
    for prompt in prompts[:-1]:
        list(model.stream(prompt))
    model.stream(prompts[-1])
    return 0


@wrong("2.spent", "never awaited", "`ainvoke`|coroutine that was never awaited")
def awaits_nothing(model, prompts):
    return sum(bool(model.ainvoke(prompt)) for prompt in prompts)


@wrong("2.spent", "yields")
def yields_the_sum(model, prompts):
    yield one_handler_for_all(model, prompts)


@wrong("2.spent", "async def")
async def is_a_coroutine(model, prompts):
    return one_handler_for_all(model, prompts)


@wrong("2.spent", "another prompt", "the model was sent `Name a lake.`")
def adds_a_prompt(model, prompts):
    return one_handler_for_all(model, [*prompts, "Name a lake."])


@wrong("2.spent", "fails in silence", "log shows it: .*TypeError")
def looks_in_the_output_of_the_model(model, prompts):
    class Output(BaseCallbackHandler):
        total = 0

        def on_llm_end(self, response, **kwargs):
            self.total += response.llm_output["token_usage"]["completion_tokens"]

    output = Output()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [output]}))
    return output.total


@right("2.spent")
def in_tasks(model, prompts):
    usage = UsageMetadataCallbackHandler()

    async def read(prompt):
        async for _ in model.astream(prompt, {"callbacks": [usage]}):
            pass

    async def main():
        await asyncio.gather(*map(read, prompts))

    asyncio.run(main())
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "chunk without usage", "TypeError: .* Most chunks carry no usage")
def expects_usage_in_each_chunk(model, prompts):
    chunks = (chunk for prompt in prompts for chunk in model.stream(prompt))
    return sum(chunk.usage_metadata["output_tokens"] for chunk in chunks)


@wrong("2.spent", "one conversation", "Each prompt is a request of its own")
def streams_the_list(model, prompts):
    usage = UsageMetadataCallbackHandler()
    list(model.stream(prompts, {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@wrong("2.spent", "one model's name", "KeyError: 'output_tokens'")
def forgets_the_models(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [usage]}))
    return usage.usage_metadata["output_tokens"]


@right("2.spent")
def with_instructions(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        list(model.stream([("system", "Be brief."), ("user", prompt)], {"callbacks": [usage]}))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())
