"""Converts notebooks to pages of the site, with static exercises, predictions and widgets.

Notebooks are plain dictionaries, as parsed from their JSON.
"""

import ast
import html
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt

from utils.lesson_source import Lesson, Prediction

JSON = dict[str, Any]

_PREDICTS = re.compile(r'^predict\("(P\d+\.\d+)"\)$', re.MULTILINE)
_EXERCISE = re.compile(r"^exercise-(\d+\.\d+)$")
# a link, [text](target), or an image, ![text](target); the text may contain brackets
_LINK = re.compile(r"(?P<mark>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)")


@dataclass(frozen=True)
class Picture:
    """The URL of a live widget's screenshot, and its size in CSS pixels."""

    address: str
    width: int
    height: int

    @classmethod
    def of(cls, png: bytes, address: str) -> "Picture":
        """Create a picture from a double-resolution PNG, whose header contains the size."""
        width, height = struct.unpack(">II", png[16:24])
        return cls(address, width // 2, height // 2)


def for_reading(
    lesson: Lesson, solved: JSON, unsolved: JSON, pictures: Mapping[str, Picture]
) -> JSON:
    """Return the notebook for the site, without instructors' notes and with solutions collapsed.

    An exercise becomes its stub, with collapsed hints and solution. A prediction becomes choices
    that reveal their feedback. A live widget becomes its screenshot or, if there is none, a line
    with the widget's name.

    Args:
        lesson: The lesson's source, for its hints and predictions.
        solved: The executed notebook from `solutions/`.
        unsolved: The learner's notebook from `notebooks/`.
        pictures: Screenshots, keyed by cell id and widget number, such as `feel-it-a-race-4.1`.
    """
    learner = {cell["id"]: cell for cell in unsolved["cells"]}
    notes = {cell["id"] for cell in solved["cells"]} - set(learner)
    cells: list[JSON] = []
    for cell in solved["cells"]:
        if cell["id"] not in notes:
            cells += _shown(cell, learner[cell["id"]], lesson, pictures)
    return {**solved, "cells": cells}


def relinked(text: str, pages: Mapping[str, str]) -> str:
    """Return Markdown whose relative links point to pages of the site.

    A relative link to a file that isn't in `pages` is replaced by the link text, followed by "in
    the course's folder" if that text is only the file's path.

    Args:
        text: Markdown; links in code are left alone.
        pages: Maps file names in the links, such as `01_enabling_streaming.ipynb`, `glossary.md`
            or `lesson-1.png`, to the site's files.
    """

    def place(found: re.Match[str]) -> str:
        target, anchor = re.fullmatch(r"([^#]*)(#.*)?", found["target"]).groups()  # type: ignore[union-attr]
        if re.match(r"[a-z]+:", target) or not target:
            return found[0]
        page = pages.get(target.rpartition("/")[2])
        if page:
            return f"{found['mark']}[{found['text']}]({page}{anchor or ''})"
        named = found["text"] == f"`{target.removeprefix('../')}`"
        return f"{found['text']} in the course's folder" if named else found["text"]

    # Every second part is code: a fenced block, or inline code that doesn't end a link's text.
    parts = re.split(r"(^ {0,3}```.*?^ {0,3}```[^\n]*$|`[^`\n]+`(?!\]))", text, flags=re.M | re.S)
    parts[::2] = [_LINK.sub(place, part) for part in parts[::2]]
    return "".join(parts)


def _shown(
    cell: JSON, unsolved: JSON, lesson: Lesson, pictures: Mapping[str, Picture]
) -> Iterator[JSON]:
    source = "".join(cell["source"])
    exercise = _exercise(cell)
    if cell["cell_type"] == "markdown":
        yield cell
    elif found := _PREDICTS.search(source):
        yield _markdown(cell["id"], prediction_card(found[1], lesson.predictions[found[1]]))
    elif exercise is None:
        yield _code(cell, pictures)
    else:
        stub = "".join(unsolved["source"])
        yield _markdown(f"{cell['id']}-stub", f"```python\n{stub}\n```")
        if exercise in lesson.hints:
            steps = enumerate(lesson.hints[exercise].steps, start=1)
            folds = (folded(f"Hint {number}", step) for number, step in steps)
            yield _markdown(f"{cell['id']}-hints", "\n".join(folds))
        answer = _code(cell, pictures)
        answer["metadata"]["tags"] = ["hide-cell"]
        prompts = {"code_prompt_show": "Solution", "code_prompt_hide": "Solution"}
        answer["metadata"].setdefault("mystnb", {}).update(prompts)
        yield answer


def _exercise(cell: JSON) -> str | None:
    matches = (_EXERCISE.match(tag) for tag in cell["metadata"].get("tags", ()))
    return next((found[1] for found in matches if found), None)


def _markdown(name: str, text: str) -> JSON:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(cell: JSON, pictures: Mapping[str, Picture]) -> JSON:
    """Return a code cell whose live widgets are replaced with their names and screenshots."""
    metadata: JSON = {"tags": list(cell["metadata"].get("tags", ()))}
    outputs: list[JSON] = []
    live = 0
    for output in cell["outputs"]:
        name = widget_name(output)
        if name is None:
            outputs.append(output)
        else:
            live += 1
            outputs.append(_pictured(name, pictures.get(f"{cell['id']}.{live}")))
    images = [output for output in outputs if "image/png" in output.get("data", {})]
    if images:
        stored = images[0].get("metadata", {}).get("image/png", {})
        forms = {"alt": "{}", "width": "{}px"}
        image = {key: form.format(stored[key]) for key, form in forms.items() if key in stored}
        metadata["mystnb"] = {"image": image}
    return {**cell, "metadata": metadata, "outputs": outputs}


def widget_name(output: JSON) -> str | None:
    """Return the name of a live widget, such as `Race: invoke, stream`; None for other outputs."""
    if output["output_type"] != "display_data" or set(output["data"]) != {"text/plain"}:
        return None
    try:  # a widget's text is its repr, such as `Race('invoke', 'stream')`
        tree = ast.parse("".join(output["data"]["text/plain"]), mode="eval")
    except SyntaxError:
        return None
    match tree.body:
        case ast.Call(func=ast.Name(id=name), args=arguments) if name[0].isupper():
            titles = [str(one.value) for one in arguments if isinstance(one, ast.Constant)]
            return f"{name}: {', '.join(titles)}" if titles else name
    return None


def _pictured(name: str, picture: Picture | None) -> JSON:
    line = f"Live in JupyterLab: {html.escape(name)}"
    shown = f'<p class="course-was-live">{line}</p>'
    if picture is not None:
        alt = html.escape(f"The live widget {name}, when it has run")
        shown = (
            f'<figure class="course-picture"><img src="{html.escape(picture.address)}" alt="{alt}" '
            f'width="{picture.width}" height="{picture.height}" loading="lazy">'
            f'<figcaption class="course-was-live">{line}. The picture is of another run.'
            "</figcaption></figure>"
        )
    return {"output_type": "display_data", "data": {"text/html": shown}, "metadata": {}}


def folded(title: str, text: str) -> str:
    return (
        f'<details class="course-fold">\n<summary>{html.escape(title)}</summary>\n\n'
        f"{text}\n\n</details>\n"
    )


def prediction_card(number: str, prediction: Prediction) -> str:
    """Return a prediction as HTML in which opening a choice reveals its feedback."""
    lines = [
        f'<section class="course-predict" aria-label="Prediction {number}">',
        f'<p class="course-question">{_inline(prediction.question)}</p>',
    ]
    for choice in prediction.choices:
        verdict = "Right." if choice.right else "Not quite."
        lines += [
            f'<details data-right="{str(choice.right).lower()}">',
            f"<summary>{_inline(choice.text)}</summary>",
            f"<p><strong>{verdict}</strong> {_inline(choice.feedback)}</p>",
            "</details>",
        ]
    lines += ['<p class="course-how">Choose before you read on.</p>', "</section>"]
    return "\n".join(lines)


def _inline(text: str) -> str:
    """Convert a Markdown paragraph to HTML without blank lines, which would end the HTML block."""
    rendered = str(MarkdownIt("commonmark", {"html": False}).renderInline(text))
    return re.sub(r"\n+", " ", rendered)
