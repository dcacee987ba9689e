"""The check of references: what it finds wrong, and what it makes of the answers of hosts."""

import argparse
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import links
from tools.links import Answer
from tools.programs import ROOT


def written(folder: Path, text: str) -> Path:
    path = folder / "text.md"
    path.write_text(text, encoding="utf-8")
    return path


def targets(folder: Path, text: str) -> list[str]:
    return [reference.target for reference in links.references(written(folder, text))]


# --- What counts as a reference


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("see [a page](other.md)", "other.md"),
        ('![a chart](a.png "with a title")', "a.png"),
        ("[![a](b.png)](c.md)", "c.md"),
        ("<https://example.org/a>", "https://example.org/a"),
        ("Read https://example.org/a_b.", "https://example.org/a_b"),
        ("[one]: https://example.org/x", "https://example.org/x"),
        ("[wiki](https://example.org/a_(b))", "https://example.org/a_(b)"),
        ('<img src="a.png" alt="A">', "a.png"),
        ("doi 10.1016/j.jml.2019.104047).", "https://doi.org/10.1016/j.jml.2019.104047"),
        ("(arXiv 2404.16283)", "https://arxiv.org/abs/2404.16283"),
    ],
)
def test_every_way_to_refer_is_read(tmp_path: Path, text: str, target: str) -> None:
    assert target in targets(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "`[x](gone.md)`",
        "```\n[x](gone.md)\n```",
        "~~~text\nhttp://HOST\n~~~",
        "<!-- [x](gone.md) -->",
    ],
)
def test_code_and_comments_hold_no_references(tmp_path: Path, text: str) -> None:
    assert targets(tmp_path, text) == []


def test_a_reference_that_is_linked_is_not_counted_twice(tmp_path: Path) -> None:
    text = "[arXiv 2404.16283](https://arxiv.org/abs/2404.16283)"
    assert targets(tmp_path, text) == ["https://arxiv.org/abs/2404.16283"]


def test_the_line_is_right_below_code(tmp_path: Path) -> None:
    path = written(tmp_path, "# A\n\n```\ncode\n```\n\n`b`: [x](gone.md)\n")
    (line,) = links.problems(path)
    assert line.startswith(f"{path.as_posix()}:7: gone.md is not there")


# --- What is wrong


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[x](gone.md)", "gone.md is not there"),
        ("[x](OTHER.md)", "OTHER.md is not there: correct the path, capitals included"),
        ("[x](other.md#no-such)", "other.md has no heading for #no-such"),
        ("[x](#nowhere)", "text.md has no heading for #nowhere"),
        ("[x]()", "a link to nothing"),
        ("[x](/other.md)", "write it relative to this file"),
        ("[x](//example.org)", "write https: before it"),
        ("[x](ftp://example.org/a)", "only https addresses"),
        ("http://example.org", "write https"),
        ("https://me:word@example.org", "carries a name or password"),
        ("https://intranet/page", "intranet is no host that everybody can reach"),
        ("https://example.org:x/", "is no address"),
        ("https://pypi.example/p", "the address of a package registry or index"),
        ("```\npip install -i https://proxy.example/simple/\n```", "a package registry or index"),
    ],
)
def test_a_wrong_reference_is_named_with_what_to_do(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "other.md").write_text("# One\n\n## Two words, `code`\n", encoding="utf-8")
    (line,) = links.problems(written(tmp_path, text))
    assert sentence in line


def test_a_disk_that_ignores_capitals_does_not_hide_a_wrong_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.md").touch()
    monkeypatch.setattr(Path, "exists", lambda _: True)
    assert links._exists(tmp_path / "other.md")
    assert not links._exists(tmp_path / "OTHER.md")


@pytest.mark.parametrize(
    "text",
    [
        "[x](other.md)",
        "[x](other.md#two-words-code)",
        "[x](other.md#one-1)",
        "[x](#here)",
        "[x](.)",
        "http://127.0.0.1:8000/v1",
        "https://example.org/a?b=c#d",
        "[m](mailto:someone@example.org)",
    ],
)
def test_a_right_one_passes(tmp_path: Path, text: str) -> None:
    other = "# One\n\n## Two words, `code`\n\n# One\n"
    (tmp_path / "other.md").write_text(other, encoding="utf-8")
    assert links.problems(written(tmp_path, f"# Here\n\n{text}\n")) == []


def test_the_courses_own_references_hold() -> None:
    files = links.documents(ROOT)
    assert {"README.md", "glossary.md"} <= {path.name for path in files}
    assert [line for path in files for line in links.problems(path)] == []


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://example.org/a", False),
        ("https://www.example.com", False),
        ("http://127.0.0.1:8000/v1", False),
        ("https://example.readme.io", True),
        ("https://doi.org/10.1016/x", True),
    ],
)
def test_hosts_for_examples_and_this_computer_are_not_asked(address: str, asked: bool) -> None:
    assert links.Reference(ROOT / "README.md", 1, address).address is asked


# --- Reach


class Host(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path asks for; a head is refused under /whole."""

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def answer(self) -> None:
        number = self.path.rsplit("/", 1)[1]
        status = int(number) if number.isdigit() else 200
        if self.path.startswith("/whole") and self.command == "HEAD":
            status = 405
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/fine/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("/a/200", "ok"),
        ("/whole/200", "ok"),
        ("/a/302", "ok"),
        ("/a/301", "moved"),
        ("/a/404", "gone"),
        ("/a/410", "gone"),
        ("/a/403", "unknown"),
        ("/a/429", "unknown"),
        ("/a/500", "unknown"),
    ],
)
def test_what_a_host_answers_is_told(host: str, path: str, verdict: str) -> None:
    assert links.ask(host + path).verdict == verdict


def test_a_host_that_is_not_there_is_unknown_and_not_gone() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # taken, and nobody listens
        answer = links.ask(f"http://127.0.0.1:{probe.getsockname()[1]}/")
    assert answer.verdict == "unknown"
    assert "refused" in answer.detail.lower()


def test_each_address_is_asked_once(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(address: str) -> Answer:
        asked.append(address)
        return Answer("ok", "")

    monkeypatch.setattr(links, "ask", note)
    links.reach([f"{host}/a/200", f"{host}/b/200", f"{host}/a/200"])
    assert asked == [f"{host}/a/200", f"{host}/b/200"]


def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *answers: Answer
) -> tuple[bool, str]:
    addresses = [f"https://example.org/{number}" for number in range(len(answers))]
    monkeypatch.setattr(links, "reach", lambda _: dict(zip(addresses, answers, strict=True)))
    found = [links.Reference(ROOT / "README.md", 5, address) for address in addresses]
    return links._tell(found), capsys.readouterr().out


@pytest.mark.parametrize("online", [True, False])
def test_where_nothing_leads_to_another_host_nobody_is_asked_and_that_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    online: bool,
) -> None:
    (tmp_path / "one.md").write_text("# One\n\n[up](#one)\n", encoding="utf-8")
    monkeypatch.setattr(links, "ROOT", tmp_path)
    monkeypatch.setattr(links, "ask", lambda _: pytest.fail("asked"))
    assert links.links(argparse.Namespace(online=online)) == 0
    said = capsys.readouterr().out
    assert "1 file, 1 reference, none of them to other hosts: none wrong in form." in said
    assert ("So nobody had to be asked." in said) == online
    assert "--online" not in said


def test_a_page_that_is_gone_fails_and_one_that_does_not_answer_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ok, slow, gone = Answer("ok", ""), Answer("unknown", "status 503"), Answer("gone", "status 404")
    well, said = told(monkeypatch, capsys, ok, slow)
    assert well
    assert "README.md:5: https://example.org/1 gave no answer that tells" in said
    assert "2 addresses asked for: 1 answer, 0 moved, 0 gone, 1 could not be told." in said
    well, said = told(monkeypatch, capsys, ok, gone)
    assert not well
    assert "is gone: find where it went" in said


def test_a_computer_that_is_not_connected_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    well, said = told(monkeypatch, capsys, Answer("unknown", "no such host"))
    assert not well
    assert "is this computer connected?" in said
