"""Writes the verdict tables into apps/README.md: `python -m tools.verdict.tables`.

Maintainers run this after changing an app or the verdict. In about ten minutes, it tests all the
apps, lesson 4's naive endpoint, and the FastAPI app behind nginx.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.app import APPS
from tools.env_vars import simulated_environ
from tools.programs import ROOT, say
from tools.running_app import Site, served

from .lines import LINES
from .nginx import ALONE, BUFFERING, README, behind_nginx, settings_in_the_readme
from .report import SIGNS

BEGIN, END = "<!-- made by tools.verdict.tables -->\n", "<!-- end -->"
NAIVE = "lesson 4's naive endpoint"
RUN_NAIVE_APP = """
from langchain_openai import ChatOpenAI

app = naive_app(ChatOpenAI(model="sim"))
"""

Table = dict[str, dict[str, str]]  # the lines from `report.as_json`, keyed by name


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    tables: dict[str, Table] = {}
    for name in APPS:
        tables[name.capitalize().replace("api", "API")] = verdict("--app", name)
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        Path(folder, "naive.py").write_text(_naive() + RUN_NAIVE_APP, encoding="utf-8")
        run = f"{sys.executable} -m uvicorn naive:app --port {{port}}"
        url = "http://127.0.0.1:{port}/chat?question={question}"
        tables[NAIVE] = verdict("--run", run, url, place=Path(folder))
    for name, settings in {
        "FastAPI behind nginx, set as above": settings_in_the_readme(),
        "FastAPI behind nginx, buffering on": BUFFERING,
    }.items():
        with (
            tempfile.TemporaryDirectory(prefix="course-") as folder,
            served(ALONE, sys.executable) as site,
            behind_nginx(settings, Path(folder), site.url) as url,
        ):
            tables[name] = verdict("--preset", "fastapi", url, site=site)
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}{_markdown(tables)}{END}{after}", encoding="utf-8")
    return 0


def _naive() -> str:
    """Return the lesson cell that defines `naive_app`."""
    lesson = next(ROOT.glob("lessons/04_*.md")).read_text(encoding="utf-8")
    cells = re.findall(r"```\{code-cell\} ipython3\n(.*?)```", lesson, re.DOTALL)
    return str(next(cell for cell in cells if "def naive_app(" in cell))


def verdict(*words: str, place: Path = ROOT, site: Site | None = None) -> Table:
    """Run the verdict in a folder; `site` is an app that is already running."""
    say(" ".join(words))
    command = [sys.executable, "-m", "tools.verdict", "--json", *words]
    environ = simulated_environ(PYTHONPATH=str(ROOT))
    if site is not None:
        environ |= {**site.model, "COURSE_SPEED": "2"}  # the speed set by `served`
    done = subprocess.run(command, cwd=place, env=environ, stdout=subprocess.PIPE, text=True)
    return {line.pop("line"): line for line in json.loads(done.stdout)["lines"]}


def _markdown(tables: Mapping[str, Table]) -> str:
    rows = ["| | " + " | ".join(tables) + " |", "| --- |" + " :---: |" * len(tables)]
    for line in LINES:
        signs = [SIGNS[table[line]["verdict"]] for table in tables.values()]  # type: ignore[index]
        rows.append(f"| {line} | " + " | ".join(signs) + " |")
    rows.append("")
    for name, table in tables.items():
        seen = [f"{line}: {it['seen']}" for line, it in table.items() if it["verdict"] == "failed"]
        rows += [f"- **{name}**", *(f"  - {each}" for each in seen)] if seen else []
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
