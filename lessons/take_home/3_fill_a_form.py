"""Fill a form in the terminal while the model is writing its JSON, and validate it at the end.

Set OPENAI_MODEL and OPENAI_API_KEY; for a provider other than OpenAI, also OPENAI_BASE_URL.
Most local servers accept any key. Ctrl-C stops the reply.
"""

import argparse
import os
import sys
from contextlib import closing

from langchain_core.output_parsers import JsonOutputParser
from langchain_core.outputs import Generation
from langchain_openai import ChatOpenAI
from openai import OpenAIError
from pydantic import BaseModel


class Person(BaseModel):
    """The form. Replace its fields with your own."""

    name: str
    age: int
    email: str
    tags: list[str]


arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("text", nargs="?", default="John Smith, 42, john@example.com, likes chess.")
request = f"Extract the person: {arguments.parse_args().text}"
if missing := [name for name in ("OPENAI_MODEL", "OPENAI_API_KEY") if not os.environ.get(name)]:
    sys.exit(f"Set {' and '.join(missing)} in the environment: see --help.")

schema = {"name": "Person", "schema": Person.model_json_schema()}
json_only = {"type": "json_schema", "json_schema": schema}
# ChatOpenAI doesn't read OPENAI_MODEL, and with OPENAI_BASE_URL it doesn't request usage.
model = ChatOpenAI(model=os.environ["OPENAI_MODEL"], stream_usage=True, timeout=60)
# In a terminal, move up to the form's first line, and clear the rest of each line.
up, clear = (f"\x1b[{len(Person.model_fields)}A", "\x1b[K") if sys.stdout.isatty() else ("", "")
whole, reason, form = None, None, {}
try:
    with closing(model.stream(request, response_format=json_only)) as chunks:
        for chunk in chunks:
            print(end=up if whole else "")
            whole = chunk if whole is None else whole + chunk
            # Read it from each chunk: some providers repeat it, and the sum would join the copies.
            reason = chunk.response_metadata.get("finish_reason") or reason
            # Parse all JSON so far, as `.transform()` does; this loop also needs the finish reason.
            form = JsonOutputParser().parse_result([Generation(text=whole.text)], partial=True)
            fields = form if isinstance(form, dict) else {}
            for name in Person.model_fields:
                text = str(fields.get(name, "..."))  # it may end with half an emoji
                print(f"{name}: {text.encode(errors='replace').decode()}{clear}", flush=True)
    if reason != "stop":
        sys.exit(f"The reply is incomplete: finish reason {reason}.")
    print("Valid:", repr(Person.model_validate(form)))
except KeyboardInterrupt:
    sys.exit("Stopped.")
except (OpenAIError, ValueError) as error:  # ValueError: not a reply, or not a Person
    sys.exit(f"{type(error).__name__}: {error}")
