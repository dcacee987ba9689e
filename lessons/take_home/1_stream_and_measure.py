"""Stream a model's reply to the terminal, and report TTFT, E2E latency and usage.

Set OPENAI_MODEL and OPENAI_API_KEY; for a provider other than OpenAI, also OPENAI_BASE_URL.
Most local servers accept any key. Ctrl-C stops the reply. The report goes to stderr, so you can
pipe the reply.
"""

import argparse
import os
import sys
from contextlib import closing
from time import perf_counter

from langchain_openai import ChatOpenAI
from openai import OpenAIError

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("prompt", nargs="?", default="Tell me a short story about a lighthouse.")
prompt = parser.parse_args().prompt
if missing := [name for name in ("OPENAI_MODEL", "OPENAI_API_KEY") if not os.environ.get(name)]:
    sys.exit(f"Set {' and '.join(missing)} in the environment: see --help.")

# ChatOpenAI doesn't read OPENAI_MODEL, and with OPENAI_BASE_URL it doesn't request usage.
model = ChatOpenAI(model=os.environ["OPENAI_MODEL"], stream_usage=True, timeout=60)

ttft, whole, finish = None, None, None
sent = perf_counter()
try:
    with closing(model.stream(prompt)) as chunks:  # stops the model, however the block ends
        for chunk in chunks:
            if chunk.text and ttft is None:
                ttft = perf_counter() - sent
            print(chunk.text, end="", flush=True)
            whole = chunk if whole is None else whole + chunk
            # Read it from each chunk: some providers repeat it, and the sum would join the copies.
            finish = chunk.response_metadata.get("finish_reason") or finish
except KeyboardInterrupt:
    print("\nStopped.", file=sys.stderr)
except (OpenAIError, ValueError) as error:  # ValueError: the response can't be read
    sys.exit(f"\n{type(error).__name__}: {error}")

print(f"\nTTFT: {'no text' if ttft is None else f'{ttft:.2f} s'}", file=sys.stderr)
print(f"E2E latency: {perf_counter() - sent:.2f} s", file=sys.stderr)
print("finish reason:", finish, file=sys.stderr)
print("usage:", whole and whole.usage_metadata, file=sys.stderr)
