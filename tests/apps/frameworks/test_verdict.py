"""Each framework's app (the fixture `chosen`) gets the verdict shown in apps/README.md."""

from tests.apps.frameworks.judging import failed
from tools.app import App
from tools.running_app import served

NOT_PASSED = {
    "django": ["Stop stops the model"],  # not tried: the page stops a reply by disconnecting
    "streamlit": [],
    "chainlit": ["leaving stops the model, or readers can rejoin"],
}


def test_each_app_passes_the_lines_named_in_the_readme(chosen: App) -> None:
    with served(chosen, str(chosen.python)) as site:
        assert failed(site, chosen.name, site.url) == NOT_PASSED[chosen.name]
