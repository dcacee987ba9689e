"""Sphinx's settings for the reading edition; `tools/site.py` makes the pages that it reads."""

project = "Streaming LLM replies with LangChain"
html_title = project
language = "en"

extensions = ["myst_nb"]
nb_execution_mode = "off"  # the outputs are those of the instructor's edition
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # no page has widgets, so fetch no scripts
myst_heading_anchors = 3
smartquotes = False
highlight_language = "python"

# For `course.py site --links`.
linkcheck_ignore = [r"https?://(127\.0\.0\.1|localhost)\b", r"https?://([\w-]+\.)*example\."]
linkcheck_timeout = 15
linkcheck_anchors = False

html_theme = "furo"
html_static_path = ["static", "pictures"]
html_css_files = ["course.css"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "github-dark-high-contrast"
html_show_sourcelink = False  # the sources are notebooks with visible solutions
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

_BRAND = ("color-brand-primary", "color-brand-content", "color-brand-visited")
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": dict.fromkeys(_BRAND, "#0072B2"),  # READING in utils/charts/palette.py
    "dark_css_variables": dict.fromkeys(_BRAND, "#56B4E9"),
}
