"""Judges a running app with the `verdict` command, but with a shorter silence."""

from tools.running_app import Site
from tools.verdict.lines import LINES
from tools.verdict.tables import verdict


def failed(site: Site, preset: str, url: str) -> list[str]:
    """Return the names of the verdict's lines that an app doesn't pass."""
    table = verdict("--preset", preset, "--silence", "2", url, site=site)
    assert list(table) == list(LINES)
    return [name for name, line in table.items() if line["verdict"] != "passed"]
