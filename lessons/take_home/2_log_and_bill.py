"""Stream the reply to each prompt, log each run, and report each model's token usage.

Set OPENAI_MODEL and OPENAI_API_KEY; for a provider other than OpenAI, also OPENAI_BASE_URL.
Most local servers accept any key. Ctrl-C stops the reply. The log goes to stderr.
"""

import argparse
import logging
import os
import sys
from contextlib import closing
from time import perf_counter
from typing import Any
from uuid import UUID

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_openai import ChatOpenAI
from openai import OpenAIError

log = logging.getLogger("runs")


class LogAndBill(UsageMetadataCallbackHandler):
    """One handler for all runs in any thread or task. The base class adds up usage under a lock."""

    def __init__(self) -> None:
        super().__init__()
        self.started: dict[UUID, float] = {}

    def on_chat_model_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        self.started[run_id] = perf_counter()
        log.info("run %s: started", run_id)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        super().on_llm_end(response, run_id=run_id, **kwargs)
        log.info("run %s: ended after %.2f s", run_id, perf_counter() - self.started.pop(run_id))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        seconds = perf_counter() - self.started.pop(run_id)
        log.warning("run %s: %r after %.2f s", run_id, error, seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompt", nargs="*", default=["Name a river.", "Name a mountain."])
    prompts = parser.parse_args().prompt
    if missing := [name for name in ("OPENAI_MODEL", "OPENAI_API_KEY") if not os.environ.get(name)]:
        sys.exit(f"Set {' and '.join(missing)} in the environment: see --help.")
    logging.basicConfig(format="%(message)s")
    log.setLevel(logging.INFO)
    bill = LogAndBill()
    # ChatOpenAI doesn't read OPENAI_MODEL, and with OPENAI_BASE_URL it doesn't request usage.
    model = ChatOpenAI(model=os.environ["OPENAI_MODEL"], stream_usage=True, callbacks=[bill])
    status = 0
    try:
        for prompt in prompts:
            with closing(model.stream(prompt)) as chunks:
                for chunk in chunks:
                    print(chunk.text, end="", flush=True)
            print()
    except (KeyboardInterrupt, OpenAIError, ValueError) as error:
        print()  # ends the line; the handler has already logged the error
        status = int(not isinstance(error, KeyboardInterrupt))
    for name, usage in bill.usage_metadata.items():
        print(f"{name}: {usage['input_tokens']} tokens in, {usage['output_tokens']} out")
    sys.exit(status)
