"""The building blocks of checks: fakes to run an answer against, and shared mistakes.

- `exercise`: an exercise's check as data
- `run`: the input of a run, and what the answer did; `stream_runner`, `app_runner`: run an answer
- `reply`: replies that log how they are read; `fake_model`: a `ChatOpenAI` that replies with them
- `mistakes`, `messages`: the mistakes shared by all exercises, and what learners read about them
- `extra_cases`: the runs added to an exercise's own cases
- `untouched`: whether an answer is still the placeholder; `raised`: describing its exception
- `diagnosis`: the check of each lesson's clinic
- `wording`: quoting, counting and comparing in messages
- `virtual_time`, `virtual_loop`, `isolation`, `timeout`: run answers without real waiting or side
  effects, and with a time limit; `asgi_client`: a client for an answer's web app
"""
