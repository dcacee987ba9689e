"""Right and wrong answers to 2.spent, which asks for the total output tokens of several replies."""

from collections import Counter, deque  # noqa: F401 (used in edits)
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add

from langchain_core.callbacks import (
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
    get_usage_metadata_callback,
)
from langchain_core.output_parsers import StrOutputParser  # noqa: F401
from langchain_core.prompts import ChatPromptTemplate  # noqa: F401

from tests.checks.answers import edits, right


@right("2.spent")
def spent(model, prompts):
    usage = UsageMetadataCallbackHandler()
    for prompt in prompts:
        for _ in model.stream(prompt, config={"callbacks": [usage]}):
            pass
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


@right("2.spent", says="You read the usage in the loop")
def from_the_chunks(model, prompts):
    total = 0
    for prompt in prompts:
        for chunk in model.stream(prompt):
            if chunk.usage_metadata:
                total += chunk.usage_metadata["output_tokens"]
    return total


@right("2.spent")
def from_added_chunks(model, prompts):
    wholes = (reduce(add, model.stream(prompt, stream_usage=True)) for prompt in prompts)
    return sum(whole.usage_metadata["output_tokens"] for whole in wholes)


@right("2.spent")
def with_the_context_manager(model, prompts):
    with get_usage_metadata_callback() as usage:
        for prompt in prompts:
            list(model.stream(prompt))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


class Bill(BaseCallbackHandler):
    def __init__(self):
        self.totals = []

    def on_llm_end(self, response, **kwargs):
        self.totals.append(response.generations[0][0].message.usage_metadata["output_tokens"])


@right("2.spent")
def a_handler_of_its_own(model, prompts):
    bill = Bill()
    for prompt in prompts:
        list(model.stream(prompt, {"callbacks": [bill]}))
    return sum(bill.totals)


@right("2.spent")
def in_threads(model, prompts):
    usage = UsageMetadataCallbackHandler()

    def read(prompt):
        for _ in model.stream(prompt, {"callbacks": [usage]}):
            pass

    with ThreadPoolExecutor() as pool:
        list(pool.map(read, prompts))
    return sum(counts["output_tokens"] for counts in usage.usage_metadata.values())


TOTAL = 'total += chunk.usage_metadata["output_tokens"]'
edits("2.spent", from_the_chunks)(None, {TOTAL: f"{TOTAL}\n                break"})

edit = edits("2.spent", spent)
PROMPTS = "for prompt in prompts:"
CALL = 'model.stream(prompt, config={"callbacks": [usage]})'
LOOP = f"for _ in {CALL}:\n            pass"
CONFIG = 'config={"callbacks": [usage]}'
SUM = 'sum(counts["output_tokens"] for counts in usage.usage_metadata.values())'

edit(None, {"model.stream": "(model | StrOutputParser()).stream"})
edit(None, {"stream(prompt": "stream([('system', 'Be brief.'), ('user', prompt)]"})
edit(None, {"model.stream": "model.with_config(callbacks=[usage]).stream", f", {CONFIG}": ""})
edit(None, {PROMPTS: "for prompt in list(prompts):", LOOP: f"deque({CALL}, maxlen=0)"})

edit("last reply alone", {PROMPTS: f"{PROMPTS}\n        usage = UsageMetadataCallbackHandler()"})
EARLY = {"    return sum": "        return sum", "values())": "values())\n    return 0"}
edit("first prompt alone", EARLY, "Of 4 prompts, only `Name a river.` was sent")
UNREAD = {"return": "prompts and model.stream(prompts[-1])\n    return"}
edit("leaves a stream unread", {"in prompts": "in prompts[:-1]", **UNREAD}, "`Describe the tide.`")
edit("skips a prompt", {"in prompts": "in prompts[:-1]"})
BY_NAME = 'usage.usage_metadata.get("fake-model", {"output_tokens": 0})["output_tokens"]'
edit("counted twice", {"return ": "return 2 * "})
edit("reads no entry", {SUM: BY_NAME}, "entries for `river-1` and `sea-2`. Which")
ONCE = {"in prompts": "in dict.fromkeys(prompts)"}
edit("another number of requests", ONCE, "twice, but was sent once")
edit("another prompt", {"in prompts": "in [*prompts, 'Name a lake.']"}, "was sent `'Name a lake.'`")
CONVERSATION = {f"{PROMPTS}\n        {LOOP}": f"list({CALL.replace('prompt', 'prompts')})"}
edit("one conversation", CONVERSATION)
LEAVES_ONE = "if prompt == prompts[0] and not usage.usage_metadata: break"
edit("leaves a reply early", {"pass": LEAVES_ONE})
edit("usage switched off", {CONFIG: f"{CONFIG}, stream_usage=False"})
ADDS = {PROMPTS: f"total = 0\n    {PROMPTS}", "pass": f"pass\n        total += {SUM}"}
edit("adds sums up", {**ADDS, f"return {SUM}": "return total"})
edit("one model alone", {SUM: "usage.usage_metadata['river-1']['output_tokens']"})
edit("one model's name", {SUM: "usage.usage_metadata['output_tokens']"}, "KeyError: 'output_")
TEMPLATE = {"model.stream(prompt": "(ChatPromptTemplate.from_template(prompt) | model).stream({}"}
edit("raises", TEMPLATE, "KeyError: 'Input to ChatPromptTemplate .*`[.]$")
edit("prompt tokens too", {"output_tokens": "total_tokens"})
edit("prompt tokens", {"output_tokens": "input_tokens"})
edit("raises", {"return": "return prompt and"}, "Unbound.* for an empty list of prompts")
edit("never calls the model", {LOOP: "pass"})

chunks = edits("2.spent", from_the_chunks)
COUNTS = 'if chunk.usage_metadata:\n                total += chunk.usage_metadata["output_tokens"]'
LAST = 'pass\n        total += {}["output_tokens"]'.format
chunks("first reply alone", {"if chunk.usage_metadata": "if not total and chunk.usage_metadata"})
chunks("counts chunks", {COUNTS: "total += 1"})
chunks("counts chunks with text", {COUNTS: "total += bool(chunk.text)"})
chunks("another number", {COUNTS: "total += len(chunk.text.split())"})
EACH = {"if chunk.usage_metadata:": "if True:"}
chunks("chunk without usage", EACH, "TypeError: .* Most chunks carry")
chunks("last chunk", {COUNTS: LAST("chunk.usage_metadata")}, "TypeError: .*in the chunk before")
chunks("no usage", {COUNTS: LAST("(chunk.usage_metadata or Counter())")}, "Which chunk")
BY_PROMPT = {"total = 0": "total = {}", "total +=": "total[prompt] ="}
chunks("repeated prompt once", {**BY_PROMPT, "return total": "return sum(total.values())"})
bills = edits("2.spent", a_handler_of_its_own)


class FromTheOutput(Bill):
    def on_llm_end(self, response, **kwargs):
        self.totals.append(response.llm_output["token_usage"]["completion_tokens"])


bills("fails silently", {"Bill()": "FromTheOutput()"}, "log shows it: .*TypeError")
