"""What checks are built from: fakes to run an answer against, and names for what went wrong.

- `exercise`: an exercise's check as data
- `run`: what an answer is given, and what it did; `stream_runner`: runs it once
- `reply`: replies that log how they are read; `fake_model`: a `ChatOpenAI` that answers with them
- `mistakes`, `messages`: the mistakes shared by all exercises, and what learners read about them
- `wording`: quoting, counting and comparing in messages
- `virtual_time`, `isolation`, `timeout`, `student_code`, `asgi_client`: how answers
  run without waiting, without touching anything else, and with a limit
"""
