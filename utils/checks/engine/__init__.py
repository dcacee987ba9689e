"""The building blocks of checks: fakes to run an answer against, and shared mistakes.

- `exercise`: an exercise's check as data
- `run`: the input of an answer, and what it did; `stream_runner`, `app_runner`: run it once
- `reply`: replies that log how they are read; `fake_model`: a `ChatOpenAI` that replies with them
- `mistakes`, `messages`: the mistakes shared by all exercises, and what learners read about them
- `extra_cases`: the runs added to an exercise's own cases
- `untouched`: whether an answer is still the placeholder; `raised`: describing its exception
- `diagnosis`: the check of each lesson's clinic
- `wording`: quoting, counting and comparing in messages
- `virtual_time`, on a `virtual_loop`, `isolation`, `timeout`, `asgi_client`: how answers run
  without waiting, without side effects, and with a time limit
"""
