"""Two FastAPI workers that keep the app's replies in Redis, and what happens when a worker dies.

`site.behave` sets the model's pace and faults: `stall@30,4` is 4 s of silence after 30 tokens.
`site.requests(mark)` returns the requests that the model has received since the mark.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import psutil
import pytest
import redis

from tests.apps.frameworks.judging import failed
from tools.app import FASTAPI, HOST, Child, running, simulator, wait_until_it_listens
from tools.env_vars import clean_environ, simulated_environ
from tools.lab import free_port
from tools.running_app import Site
from tools.verdict.nginx import NGINX, behind_nginx, settings_in_the_readme
from utils import sse
from utils.simulator.content import prepared_replies

REDIS = shutil.which("redis-server")
pytestmark = [
    pytest.mark.skipif(REDIS is None, reason="redis-server isn't installed: see .ci/run."),
    pytest.mark.xdist_group("redis"),
]

IMPORT = "import replies  # for several workers: import replies_in_redis as replies"
RAINBOW = "Explain how a rainbow forms."
ANSWER = prepared_replies.answer(RAINBOW)
PAUSE = 30  # tokens sent before a stall
BEFORE = ANSWER[:60]  # text that always arrives before the stall
BROKEN = "[The server that was writing this reply stopped.]"


class Event(NamedTuple):
    number: int
    name: str
    data: Any


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run a Redis server that saves nothing to disk; yield its URL."""
    port = free_port()
    options = {"port": str(port), "bind": HOST, "save": "", "dir": str(folder)}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    with running([str(REDIS), *words, "--loglevel", "warning"], folder, clean_environ()) as child:
        wait_until_it_listens(child, port, "Redis")
        yield f"redis://{HOST}:{port}"


@dataclass
class Workers:
    """Two workers that run a copy of the app, with their Redis server and simulator."""

    redis_url: str
    site: Site
    start: Callable[[], tuple[str, Child]]  # starts another worker; returns its URL and process
    urls: list[str]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("workers")
    shutil.copytree(FASTAPI.root / FASTAPI.place, folder / "chat")
    source = folder / "chat" / "app.py"
    text = source.read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1
    source.write_text(text.replace(IMPORT, "import replies_in_redis as replies"), encoding="utf-8")
    app = replace(FASTAPI, root=folder, place="chat")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_SPEED", "2")
        model = stack.enter_context(simulator(sys.executable, "sim"))
        redis_url = stack.enter_context(redis_server(folder))

        def start() -> tuple[str, Child]:
            port = free_port()
            environ = simulated_environ(**model, REDIS_URL=redis_url)
            child = stack.enter_context(app.served(sys.executable, port, environ))
            return f"http://{HOST}:{port}", child

        urls = [url for url, _ in (start(), start())]
        yield Workers(redis_url, Site(urls[0], model), start, urls)


class Visitor:
    def __init__(self) -> None:
        self._client = httpx2.Client(timeout=60, trust_env=False)

    def post(self, worker: str, message: str) -> httpx2.Response:
        return self._client.post(f"{worker}/chat", json={"message": message})

    def start(self, worker: str, message: str) -> str:
        return self.post(worker, message).json()["reply"]

    def events(self, worker: str, reply: str, after: int = 0) -> Iterator[Event]:
        headers = {"last-event-id": str(after)} if after else {}
        request = self._client.stream("GET", f"{worker}/replies/{reply}", headers=headers)
        with request as response:
            assert response.status_code == 200
            reader = sse.Reader()
            for piece in response.iter_bytes():
                for event in reader.feed(piece):
                    yield Event(int(event.id), event.type, json.loads(event.data))

    def ask(self, worker: str, message: str) -> Event:
        return list(self.events(worker, self.start(worker, message)))[-1]

    def stop(self, worker: str, reply: str) -> int:
        return self._client.post(f"{worker}/replies/{reply}/stop").status_code

    def conversation(self, worker: str) -> dict[str, Any]:
        return self._client.get(f"{worker}/conversation").json()


def text(events: list[Event]) -> str:
    return "".join(event.data for event in events if event.name == "text")


def until_the_stall(events: Iterator[Event]) -> list[Event]:
    """Read and return events until the text before the stall has arrived."""
    seen: list[Event] = []
    while not text(seen).startswith(BEFORE):
        seen.append(next(events))
    return seen


def test_a_reader_who_changes_workers_loses_nothing(workers: Workers) -> None:
    workers.site.behave("sim-chat")
    visitor, others = Visitor(), cycle(reversed(workers.urls))
    reply = visitor.start(workers.urls[0], RAINBOW)
    seen: list[Event] = []
    while not seen or seen[-1].name != "end":
        with closing(visitor.events(next(others), reply, after=len(seen))) as events:
            seen += islice(events, 25)
    assert [event.number for event in seen] == list(range(1, len(seen) + 1))
    assert text(seen) == ANSWER
    for worker in workers.urls:
        assert list(visitor.events(worker, reply)) == seen
        assert list(visitor.events(worker, reply, after=len(seen))) == []
        assert visitor.conversation(worker) == {"turns": [[RAINBOW, seen[-1].data]], "reply": None}


def test_stop_on_one_worker_stops_the_model_on_the_other(workers: Workers) -> None:
    one, other = workers.urls
    workers.site.behave(f"sim-chat:stall@{PAUSE},600")
    mark, visitor = workers.site.mark(), Visitor()
    reply = visitor.start(one, RAINBOW)
    events = visitor.events(other, reply)
    seen = until_the_stall(events)
    assert visitor.conversation(other)["reply"] == reply
    assert visitor.post(other, "hello").status_code == 409
    assert visitor.stop(other, reply) == 204
    (request,) = workers.site.requests(mark)
    assert request.ended == "client left"
    assert request.tokens_sent <= PAUSE
    assert request.tokens_unsent > 0
    seen += events
    assert seen[-1].name == "end"
    assert "[Stopped.]" in seen[-1].data
    workers.site.behave("sim-fast")
    assert visitor.ask(other, "hello").name == "end"
    _system, question, stopped, *_ = workers.site.requests(mark)[-1].body["messages"]
    assert question["content"] == RAINBOW
    assert stopped["content"] == f"{text(seen)}\n\n[Stopped.]"
    assert visitor.conversation(one) == visitor.conversation(other)
    with redis.Redis.from_url(workers.redis_url) as client:
        assert [key for key in client.scan_iter() if client.ttl(key) == -1] == []  # -1: no expiry


def test_simultaneous_questions_to_both_workers_start_one_reply(workers: Workers) -> None:
    workers.site.behave("sim-fast")
    visitor = Visitor()
    visitor.ask(workers.urls[0], "hello")
    workers.site.behave(f"sim-chat:stall@{PAUSE},600")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(visitor.post, workers.urls * 3, [RAINBOW] * 6))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    reply = visitor.conversation(workers.urls[0])["reply"]
    assert visitor.stop(workers.urls[0], reply) == 204
    assert len(visitor.conversation(workers.urls[1])["turns"]) == 2


def test_a_worker_that_is_shut_down_finishes_its_replies(workers: Workers) -> None:
    worker, child = workers.start()
    workers.site.behave(f"sim-chat:stall@{PAUSE},10")
    visitor = Visitor()
    reply = visitor.start(worker, RAINBOW)
    events = visitor.events(workers.urls[0], reply)
    seen = until_the_stall(events)
    child.terminate()
    seen += events
    assert seen[-1].name == "end"
    assert text(seen) == ANSWER
    child.wait()
    assert visitor.conversation(workers.urls[1])["turns"] == [[RAINBOW, seen[-1].data]]


def test_the_death_of_a_worker_is_reported_to_readers(workers: Workers) -> None:
    worker, child = workers.start()
    workers.site.behave(f"sim-chat:stall@{PAUSE},600")
    mark, visitor = workers.site.mark(), Visitor()
    reply = visitor.start(worker, RAINBOW)
    readers = [visitor.events(other, reply) for other in workers.urls]
    seen = [until_the_stall(events) for events in readers]
    child.kill()
    for events, before in zip(readers, seen, strict=True):
        before += events
    assert seen[0] == seen[1]
    assert [event.name for event in seen[0]].count("failed") == 1
    assert seen[0][-1].name == "failed"
    assert BROKEN in seen[0][-1].data
    (request,) = workers.site.requests(mark)
    assert request.ended == "client left"
    workers.site.behave("sim-fast")
    assert visitor.ask(workers.urls[0], "hello").name == "end"
    _system, _question, broken, *_ = workers.site.requests(mark)[-1].body["messages"]
    assert broken["content"] == f"{text(seen[0])}\n\n{BROKEN}"


def test_a_worker_that_hung_adds_nothing_to_a_reply_that_counts_as_failed(workers: Workers) -> None:
    worker, child = workers.start()
    workers.site.behave(f"sim-chat:stall@{PAUSE},60")  # 30 s at speed 2
    mark, visitor = workers.site.mark(), Visitor()
    reply = visitor.start(worker, RAINBOW)
    with closing(visitor.events(worker, reply)) as events:
        until_the_stall(events)
    psutil.Process(child.pid).suspend()  # 15 s later, the reply counts as failed
    seen = list(visitor.events(workers.urls[0], reply))
    psutil.Process(child.pid).resume()
    assert seen[-1].name == "failed"
    workers.site.requests(mark)  # waits until the worker's model request has finished
    turns = [[RAINBOW, seen[-1].data]]
    for each in (worker, *workers.urls):
        assert list(visitor.events(each, reply)) == seen
        assert visitor.conversation(each) == {"turns": turns, "reply": None}


@pytest.mark.skipif(NGINX is None, reason="nginx isn't installed: see .ci/run.")
def test_behind_a_load_balancer_every_line_passes(workers: Workers, tmp_path: Path) -> None:
    with behind_nginx(settings_in_the_readme(), tmp_path, *workers.urls) as url:
        assert failed(workers.site, "fastapi", url) == []
