"""A notebook shows an error as a sentence without secrets, and the cell still fails.

`sentence` describes an exception in one line, and `redacted` replaces the keys in a string.
"""

import nbformat
import pytest
from nbclient import NotebookClient

from tools.programs import ROOT
from utils.errors import message_of, redacted, sentence

SK = "sk-"  # a key prefix, kept separate so that secret scanners find no key in this file
MISTAKES = {  # maps a cell's code to part of its output
    "from utils.checks import hint; hint('1.99')": "There are no hints for 1.99; there are",
    "from utils.checks import check; check(len, '1.1')": "`check` takes the number of the exercise",
    "from utils.provider import chat_model; chat_model()": "COURSE_SPEED is 'fast'",
    "from utils.setup import ready; ready()": "COURSE_SPEED is 'fast'",
    "import os; os.environ['OPENAI_BASE_URL'] = 'nowhere'; chat_model()": "is not a valid URL",
}


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def test_a_notebook_shows_a_sentence_instead_of_a_traceback(monkeypatch):
    monkeypatch.setenv("COURSE_SPEED", "fast")  # invalid, so that the simulator can't start
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    book = notebook(*MISTAKES)
    NotebookClient(book, kernel_name="python3", timeout=240, allow_errors=True).execute()
    for cell, words in zip(book.cells, MISTAKES.values(), strict=True):
        (output,) = cell.outputs
        assert output.output_type == "error"
        assert output.traceback == [output.evalue]
        assert words in output.evalue
        assert "\n" not in output.evalue


def test_a_providers_failure_is_a_sentence_and_tb_shows_the_traceback(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # no server listens there
    monkeypatch.setenv("OPENAI_MODEL", "llama")
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2hunter2")
    error = "openai.APIError('sk-proj-abcdefgh', request=None, body=None)"
    book = notebook(
        "from utils.provider import chat_model; from utils.setup import ready; ready()",
        "chat_model(max_retries=0).invoke('Name a river.')",
        "%tb",
        "await chat_model(max_retries=0).ainvoke('Name a river.')",
        "try:\n    chat_model(max_retries=0).invoke('hello')\nexcept OSError:\n    pass",
        f"import openai; raise {error}",
        f"raise ExceptionGroup('two', [{error}, {error}])",
        "1 / 0",
        "raise ValueError('No generation chunks were returned')",
        "json",
        "def broken(:",
    )
    NotebookClient(book, kernel_name="python3", timeout=240, allow_errors=True).execute()
    _, called, traceback, awaited, uncaught, api, group, *others = (
        cell.outputs[-1] for cell in book.cells
    )
    for output in (called, awaited, uncaught):
        assert output.output_type == "error"
        (shown,) = output.traceback
        assert shown.startswith("Could not connect to the provider: check OPENAI_BASE_URL")
        assert f"({output.ename}; run `%tb` in a new cell" in shown
    assert len("".join(traceback.traceback)) > 3000
    for output in (api, group):
        (shown,) = output.traceback
        assert shown.startswith("The provider failed in the middle of its reply: ask again. (")
        assert "sk-" not in output.evalue
    names = ["ZeroDivisionError", "ValueError", "NameError", "SyntaxError"]
    assert [output.ename for output in others] == names
    assert all(len(output.traceback) > 1 for output in others[:2])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "No such model.", "code": 404}, "No such model."),
        ({"detail": "Server is pinned to 'a'."}, "Server is pinned to 'a'."),  # FastAPI's format
        (
            {"detail": [{"loc": ["body", "n"], "msg": "Too large"}, {"loc": "?", "msg": "No."}]},
            "body.n: Too large; No.",
        ),
        ({"error": {"message": "Not now."}}, "Not now."),
        ({"error": "model not found"}, "model not found"),
        ("upstream is down", "upstream is down"),
        ("  <html><h1>502</h1></html>", ""),
        ({"message": None, "status": 7}, ""),
        ([], ""),
        (7, ""),
    ],
)
def test_an_apis_message_is_found_in_any_body(body, words):
    assert message_of(body) == words
    error = ValueError("Error code: 400")
    error.body = body
    assert sentence(error) == f"ValueError: {words or 'Error code: 400'}"


def test_a_sentence_is_one_short_line():
    shown = sentence(ValueError("first\nsecond " + "long " * 200))
    assert shown.startswith("ValueError: first second long")
    assert "\n" not in shown
    assert len(shown) < 320
    assert sentence(KeyError()) == "KeyError"


@pytest.mark.parametrize(
    "key", ["", "ollama", "x", "EMPTY", "lm-studio", "sk-no-key-required", "llama3.2", "abc12345"]
)
@pytest.mark.parametrize(
    "text",
    [
        "registry.ollama.ai/library/llama3.2 is not there: none of 3 is EMPTY, x is lm-studio",
        "gpt-4o-mini-realtime-preview-2024-12-17 and claude-3-5-sonnet-20241022 of the registry",
        "req_0123456789abcdef0123456789abcdef, call_AbC123dEF456ghi789JKL012, chatcmpl-AbC123dEF45",
        "Unexpected token: sk-learn. Missing Bearer authentication header; Bearer token expected.",
        "http://127.0.0.1:11434/v1?model=x answered xabc12345x, abc12345-6 and task-force-1",
        "550e8400-e29b-41d4-a716-446655440000 at /home/someone/Projects2024/StreamingCourse",
    ],
)
def test_text_without_keys_is_unchanged(monkeypatch, key, text):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_MODEL", "llama3.2")
    assert redacted(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        f"{SK}proj-abc_DEF-123456",
        f"{SK}ant-api03-AbC-123_x",
        f"{SK}or-v1-0123456789abcdef",
        "gsk_AbC123dEF456",
        "hf_AbCdEfGhIjKl",
        "AIzaSyD3xyz1234567",
        "xai-0123456789",
        "nvapi-AbC_123-x",
        "lsv2_pt_0123456789_ab",
        "ghp_AbCdEf123456",
        "eyJhbGciOi.eyJzdWIiOi.abc-123",
        "sk-abc***...wxyz1",
        "hunter2hunter2",
        "abcdefghijklmnopqrstuvwxyz",
        "Zm9vYmFyYmF6MTIzNDU2Nzg5MA",
    ],
)
@pytest.mark.parametrize(
    "text", ["{}", "Incorrect API key provided: {}. Find it.", "'{}'", "key={},", "(“{}”)"]
)
def test_keys_are_replaced_in_any_text(monkeypatch, secret, text):
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2hunter2")
    monkeypatch.setenv("MISTRAL_API_KEY", "abcdefghijklmnopqrstuvwxyz")
    assert redacted(text.format(secret)) == text.format("[key]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:secret@proxy.example:80/x", "http://[key]@proxy.example:80/x"),
        ("socks5://me:p@ss@proxy.example", "socks5://[key]@proxy.example"),
        ("https://token123@host/v1 and me@example.org", "https://[key]@host/v1 and me@example.org"),
        ("/v1?api_key=abcdef123&model=x", "/v1?api_key=[key]&model=x"),
        ("/v1?key=abcdef123", "/v1?key=[key]"),
        ("Authorization: Bearer abcdef", "Authorization: Bearer [key]"),
        ("bearer abc.def-123", "bearer [key]"),
        ("Basic dXNlcjpwYXNz", "Basic [key]"),
    ],
)
def test_labelled_passwords_and_tokens_are_replaced(text, shown):
    assert redacted(text) == shown


def test_a_key_is_replaced_before_a_long_message_is_shortened():
    shown = sentence(ValueError(f"{'word ' * 57}{SK}proj-abcdefghijklmnopqrstuvwxyz"))
    assert "sk-" not in shown
