"""The building blocks of checks: fakes to run an answer against, and shared mistakes.

- `exercise`: an exercise's check as data
- `run`: the input and the record of a run; `stream_runner`, `app_runner`: run an answer
- `reply`: replies that log how they are read; `fake_model`: a `ChatOpenAI` that replies with them
- `mistakes`, `messages`: the mistakes that all exercises share, and the messages for them
- `extra_cases`: the cases added to an exercise's own
- `untouched`: detects placeholders; `raised`: describes exceptions
- `diagnosis`: checks for the lessons' clinics
- `wording`: helpers for quoting, counting and comparing in messages
- `virtual_time`, `virtual_loop`, `isolation`, `timeout`: run answers without real waiting or side
  effects, and with a time limit; `asgi_client`: a client for an answer's web app
"""
