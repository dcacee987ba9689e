"""The scripts in `lessons/take_home`, with servers that behave differently from the simulator."""

from types import SimpleNamespace

import pytest

from tests.http_server import SSE, Answer, answering
from tests.lessons.test_take_home import BILL, FORM, MEASURE, Script, forms
from tests.notebooks.test_unlike_the_simulator import event

HTML = Answer("<html>Please log in</html>", "text/html")


def streamed(*texts, ends=1):
    pieces = [event({"delta": {"role": "assistant", "content": text}}) for text in texts]
    end = event({"delta": {}, "finish_reason": "stop"}) * ends
    return Answer("".join([*pieces, end, "data: [DONE]\n\n"]), SSE)


@pytest.fixture
def ended(tmp_path, kernels):
    """Return a function that runs a script against a server that always sends a given response."""

    def run(name, answer):
        with answering(lambda _: answer) as address:
            server = SimpleNamespace(base_url=f"{address}/v1", api_key="sk-x")
            return Script(server, tmp_path, kernels).run(name)

    return run


@pytest.mark.parametrize("name", [MEASURE, BILL])
def test_a_login_page_is_a_failure_without_a_traceback(name, ended):
    end = ended(name, HTML)
    assert end.returncode == 1
    assert "No generation chunks were returned" in end.stderr
    assert "Traceback" not in end.stderr


@pytest.mark.parametrize("text", ['[{"name": "Ann"}]', "Ann is 42."])
def test_3_rejects_a_reply_that_is_not_an_object(text, ended):
    end = ended(FORM, streamed(text[:2], text[2:]))
    assert end.returncode == 1
    assert set(forms(end.stdout)[-1].values()) == {"..."}  # no field has arrived
    assert end.stderr.startswith("ValidationError: 1 validation error for Person\n")


def test_3_shows_an_emoji_that_arrives_in_two_halves(ended):
    end = ended(FORM, streamed(r'{"name": "\ud83d', r'\ude00", "age": 4, "email": "", "tags": []}'))
    assert end.returncode == 0, end.stderr
    assert [form["name"] for form in forms(end.stdout)][:2] == ["?", "\N{GRINNING FACE}"]


@pytest.mark.parametrize(
    ("name", "says"), [(MEASURE, "finish reason: stop\n"), (FORM, "Valid: Person(name='Ann',")]
)
def test_a_finish_reason_may_be_sent_twice(name, says, ended):
    end = ended(name, streamed('{"name": "Ann", "age": 4, "email": "", "tags": []}', ends=2))
    assert end.returncode == 0, end.stderr
    assert says in end.stdout + end.stderr
