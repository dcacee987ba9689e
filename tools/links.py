"""The `links` command: do the references of lessons, README and documents hold?

Offline on form: a file or heading that is referred to exists, an address is a public one and https.
With `--online` also on reach, one question at a time for each host. The standard library alone.
"""

import argparse
import concurrent.futures
import dataclasses
import http.client
import json
import re
import ssl
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from tools.programs import ROOT, Progress, counted, say, stop_on_signals, this_command

SKIPPED = {"build", "dist", "node_modules", "test-artifacts"}  # and what begins with a dot
PATIENCE = 15.0  # seconds for one answer
HOSTS_AT_ONCE = 4
AGENT = "streaming-course-links/1 (a check of references; one request for each address)"

# Words that the host of a package registry, an index or a mirror has among its labels: the course
# names none, for rooms that install from a mirror of their own would be sent past it.
REGISTRY_WORDS = {
    *("anaconda", "artifactory", "conda", "index", "mirror", "mirrors", "nexus", "npmjs"),
    *("pypi", "pythonhosted", "registry", "yarnpkg"),
}
NOBODYS = re.compile(r"(^|\.)example(\.(com|net|org))?$|\.(test|invalid)$")  # RFC 2606
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1[`~]*[ \t]*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_INLINE = re.compile(
    r"!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\("
    r"<?(?P<target>[^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+[\"'][^\"']*[\"'])?\)"
)
_DEFINED = re.compile(r"^ {0,3}\[[^\]^][^\]]*\]:\s*<?(?P<target>[^\s>]+)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)\s*=\s*[\"'](?P<target>[^\"']+)[\"']")
_BARE = re.compile(r"(?<![\w(<\"'])<?(?P<target>https?://[^\s<>\"'`)\]]+)")
_ANY_ADDRESS = re.compile(r"https?://[^\s<>\"'`)\]\\]+")
_DOI = re.compile(r"(?<![\w/.])10\.\d{4,9}/[^\s;,)\]\"'`|]+")
_ARXIV = re.compile(r"\barXiv[: ]\s*(\d{4}\.\d{4,5})\b", re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Reference:
    """One reference: the file and line that it stands in, and what it points to."""

    file: Path
    line: int
    target: str

    def __str__(self) -> str:
        """Where it stands, as an editor can open it."""
        shown = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{shown.as_posix()}:{self.line}"

    @property
    def address(self) -> bool:
        """Whether it points to another host, one that is not reserved for examples."""
        return bool(re.match(r"https?://", self.target)) and not _nobodys(self.target)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of asking for an address.

    Attributes:
        verdict: `ok`, `moved` (for good, elsewhere), `gone`, or `unknown`: nobody answered, or the
            answer says nothing about the page.
        detail: The status, the new address, or what was in the way.
    """

    verdict: str
    detail: str


def links(arguments: argparse.Namespace) -> int:
    """Check the references; 1 if one is wrong."""
    stop_on_signals()
    files = documents(ROOT)
    found = [reference for path in files for reference in references(path)]
    wrong = [line for path in files for line in problems(path)]
    for line in wrong:
        say(line)
    outside = [reference for reference in found if reference.address]
    say(
        f"{counted(len(files), 'file')}, {counted(len(found), 'reference')}, "
        f"{len(outside) or 'none'} of them to other hosts: "
        f"{len(wrong) or 'none'} wrong in form."
    )
    if not outside:
        if arguments.online:
            say("So nobody had to be asked.")
        return int(bool(wrong))
    if not arguments.online:
        say(f"Whether they are reached tells {this_command('links', '--online')}.")
        return int(bool(wrong))
    return int(bool(wrong) | (not _tell(outside)))


def documents(root: Path) -> list[Path]:
    """The Markdown files of the course, without what is built or installed."""
    return sorted(
        path
        for path in root.rglob("*.md")
        if not any(
            part in SKIPPED or part.startswith(".") for part in path.relative_to(root).parts[:-1]
        )
        and "tests" not in path.relative_to(root).parts
    )


# --- Form -----------------------------------------------------------------------------------------


def references(path: Path) -> list[Reference]:
    """What a Markdown file refers to, in its prose; code is none. By place."""
    text = _prose(path.read_text(encoding="utf-8-sig"))
    found: dict[int, str] = {}
    for pattern in (_INLINE, _DEFINED, _ATTRIBUTE, _BARE):
        for match in pattern.finditer(text):
            target = match["target"]
            if pattern is _BARE:
                target = target.rstrip(".,;:!?")
            found.setdefault(match.start("target"), target)
    linked = " ".join(found.values())
    for match in _DOI.finditer(text):
        if match[0].rstrip(".") not in linked:
            found[match.start()] = f"https://doi.org/{match[0].rstrip('.')}"
    for match in _ARXIV.finditer(text):
        if match[1] not in linked:
            found[match.start()] = f"https://arxiv.org/abs/{match[1]}"
    return [
        Reference(path, text.count("\n", 0, place) + 1, target)
        for place, target in sorted(found.items())
    ]


def problems(path: Path) -> list[str]:
    """What is wrong with a file's references, as `file:line: what, and what to do`."""
    found = [
        f"{reference}: {problem}"
        for reference in references(path)
        if (problem := _wrong(reference)) is not None
    ]
    text = path.read_text(encoding="utf-8-sig")  # code, too: a reader copies it
    for match in _ANY_ADDRESS.finditer(text):
        if _registry(match[0]):
            place = Reference(path, text.count("\n", 0, match.start()) + 1, match[0])
            found.append(
                f"{place}: {match[0]} is the address of a package registry or index: leave it out, "
                "and name the package"
            )
    return found


def _prose(text: str) -> str:
    """A text without its code, every line where it was."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    for pattern in (_FENCE, _COMMENT):
        text = pattern.sub(blank, text)
    return _CODE.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), text)


def _wrong(reference: Reference) -> str | None:
    """What is wrong with one reference, or None."""
    target = reference.target
    if not target:
        return "a link to nothing: give it a target"
    if target.startswith("//"):
        return f"{target}: write https: before it"
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", target)
    if scheme is None:
        return _missing(reference)
    if scheme[1] == "mailto":
        return None
    if scheme[1] not in ("http", "https"):
        return f"{target}: only https addresses, and files of the course, can be followed by all"
    return _bad_address(target)


def _bad_address(address: str) -> str | None:
    try:
        parts = urllib.parse.urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f"{address} is no address: {error}"
    if host in LOOPBACK:
        return None
    if parts.scheme != "https":
        return f"{address}: write https, or name the source in words if its host has none"
    if parts.username or parts.password:
        return f"{address} carries a name or password: take it out"
    if not re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", host):
        return f"{address}: {host or 'nothing'} is no host that everybody can reach"
    return None


def _missing(reference: Reference) -> str | None:
    """What is wrong with a reference to a file of the course or to a heading, or None."""
    name, _, anchor = urllib.parse.unquote(reference.target).partition("#")
    if name.startswith("/"):
        return f"{reference.target}: write it relative to this file"
    path = (reference.file.parent / name).resolve() if name else reference.file
    if not _exists(path):
        return f"{name} is not there: correct the path, capitals included"
    if anchor and path.suffix in (".md", ".ipynb") and anchor not in anchors(path):
        return f"{path.name} has no heading for #{anchor}: see its headings"
    return None


def _exists(path: Path) -> bool:
    """Whether a file is there under exactly this name, also where the disk ignores capitals."""
    return path.exists() and (
        path == path.parent or path.name in {p.name for p in path.parent.iterdir()}
    )


def anchors(path: Path) -> set[str]:
    """The anchors of a Markdown file's or notebook's headings, as code hosts name them."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        parts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        text = "\n\n".join(parts)
    used: dict[str, int] = defaultdict(int)
    found = set()
    for match in _HEADING.finditer(_FENCE.sub("", text)):
        slug = _slug(match[1])
        found.add(f"{slug}-{used[slug]}" if used[slug] else slug)
        used[slug] += 1
    return found


def _slug(heading: str) -> str:
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = (
        letter
        for letter in unicodedata.normalize("NFC", plain.strip().lower())
        if letter in " -_" or letter.isalnum()
    )
    return "".join(kept).replace(" ", "-")


def _nobodys(address: str) -> bool:
    try:
        host = urllib.parse.urlsplit(address).hostname or ""
    except ValueError:
        return True
    return host in LOOPBACK or bool(NOBODYS.search(host))


def _registry(address: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return False
    words = set(re.split(r"[.-]", parts.hostname or ""))
    return bool(words & REGISTRY_WORDS) or "/simple/" in f"{parts.path}/"


# --- Reach ----------------------------------------------------------------------------------------


def _tell(outside: Sequence[Reference]) -> bool:
    """Ask for all addresses and say what came of it; whether none is gone and some answered."""
    places: dict[str, list[Reference]] = defaultdict(list)
    for reference in outside:
        places[reference.target.partition("#")[0]].append(reference)
    answers = reach(places)
    headings = {
        "gone": "is gone: find where it went, or take it out",
        "moved": "has moved for good: write the new address",
        "unknown": "gave no answer that tells: look by hand, or try again later",
    }
    for verdict, heading in headings.items():
        for address, answer in answers.items():
            if answer.verdict == verdict:
                say(f"{places[address][0]}: {address} {heading} ({answer.detail})")
    count = dict.fromkeys(("ok", *headings), 0)
    for answer in answers.values():
        count[answer.verdict] += 1
    say(
        f"{len(answers)} addresses asked for: {count['ok']} answer, {count['moved']} moved, "
        f"{count['gone']} gone, {count['unknown']} could not be told."
    )
    if answers and count["unknown"] == len(answers):
        say("Nobody answered at all: is this computer connected?")
        return False
    return count["gone"] == 0


def reach(addresses: Iterable[str]) -> dict[str, Answer]:
    """Ask for each address, a few hosts at once and one address at a time of each."""
    by_host: dict[str, list[str]] = defaultdict(list)
    for address in dict.fromkeys(addresses):
        by_host[urllib.parse.urlsplit(address).netloc].append(address)
    answers: dict[str, Answer] = {}
    if not by_host:
        return answers

    def visit(wanted: Sequence[str]) -> dict[str, Answer]:
        return {address: ask(address) for address in wanted}

    pool = concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE)
    try:
        with Progress("asking") as progress:
            waiting = {pool.submit(visit, wanted) for wanted in by_host.values()}
            while waiting:  # by halves of a second, so that Ctrl-C is heard
                done, waiting = concurrent.futures.wait(
                    waiting, 0.5, concurrent.futures.FIRST_COMPLETED
                )
                for one in done:
                    answers.update(one.result())
                progress.show(f"{len(answers)} addresses answered")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return dict(sorted(answers.items()))


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows redirects, and remembers whether all of them were for good."""

    def __init__(self) -> None:
        self.for_good = True

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Note a redirect that holds only for now."""
        self.for_good = self.for_good and code in (301, 308)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def ask(address: str, patience: float = PATIENCE) -> Answer:
    """Ask for the head of a page, or for the page where its host refuses to send a head."""
    answer = _asked(address, "HEAD", patience)
    if answer.verdict != "ok" and answer.detail.startswith("status"):
        answer = _asked(address, "GET", patience)
    return answer


def _asked(address: str, method: str, patience: float) -> Answer:
    redirects = _Stay()
    opener = urllib.request.build_opener(redirects)
    request = urllib.request.Request(address, method=method, headers={"User-Agent": AGENT})
    try:
        with opener.open(request, timeout=patience) as response:
            arrived = response.geturl()
    except urllib.error.HTTPError as error:
        with error:
            gone = error.code in (404, 410)
            return Answer("gone" if gone else "unknown", f"status {error.code}")
    except urllib.error.URLError as error:
        return Answer("unknown", _plain(error.reason))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer("unknown", _plain(error))
    if arrived != address and redirects.for_good:
        return Answer("moved", arrived)
    return Answer("ok", "")


def _plain(error: object) -> str:
    """What was in the way, in few words."""
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE:.0f} s"
    if isinstance(error, ssl.SSLError):
        return f"its certificate is not accepted: {error.reason}"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
