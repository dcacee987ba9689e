"""Judges a running app with the `verdict` command, but with a shorter silence."""

from tools.running_app import Site
from tools.verdict.lines import LINES
from tools.verdict.tables import verdict


def failed(site: Site, preset: str, url: str) -> list[str]:
    """Return the names of the verdict's lines that an app doesn't pass.

    Args:
        site: The app's process and its simulator.
        preset: The app's name, which determines how questions are sent.
        url: The address of the app, or of nginx in front of the app.
    """
    table = verdict("--preset", preset, "--silence", "2", url, site=site)
    assert list(table) == list(LINES)
    return [name for name, line in table.items() if line["verdict"] != "passed"]
