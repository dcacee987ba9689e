"""Exercise 3.5: half-written Markdown with its code fence closed."""

import ast
import re

import pytest

from tests.checks.test_lesson_3_whole import yields
from tests.checks.verdict import by_name, right, with_reason, wrong

FENCE = "```"


def counts_lines(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(re.match(" {0,3}```", line) is not None for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


def searches(text):
    text = re.sub(r"(\A|\n)`{1,2}\Z", r"\1", text)
    if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2:
        text += ("" if text.endswith("\n") else "\n") + FENCE
    return text


def walks_through(text):
    is_open, lines = False, text.splitlines()
    if lines and lines[-1] in ("`", "``"):
        text = text[: -len(lines.pop())]
    for line in lines:
        if line[:6].lstrip(" ").startswith(FENCE):
            is_open = not is_open
    return text + "\n" + FENCE + "\n" if is_open else text


def closes_as_deep_as_it_opened(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    fences = [line for line in lines if re.match(" {0,3}```", line)]
    if len(fences) % 2:
        lines.append(fences[-1][: fences[-1].index(FENCE)] + FENCE)
    return "\n".join(lines)


def closes_after_the_last_line_with_text(text):
    repaired = counts_lines(text)
    if repaired.count(FENCE) == text.count(FENCE):
        return repaired
    return repaired.removesuffix(FENCE).rstrip("\n") + f"\n{FENCE}\n"


@pytest.mark.parametrize(
    "closed",
    by_name(
        counts_lines,
        searches,
        walks_through,
        closes_as_deep_as_it_opened,
        closes_after_the_last_line_with_text,
    ),
)
def test_3_5_accepts(closed):
    right("3.5", closed)


def always_closes(text):
    return f"{text}\n{FENCE}"


def never_closes(text):
    return text


def counts_anywhere(text):
    *lines, last = text.split("\n")
    text = text if last not in ("`", "``") else "\n".join(lines)
    return f"{text}\n{FENCE}" if text.count(FENCE) % 2 else text


def closes_on_the_line(text):
    *lines, last = text.split("\n")
    text = text if last not in ("`", "``") else "\n".join(lines)
    is_open = sum(line.startswith(FENCE) for line in text.split("\n")) % 2
    return text + FENCE if is_open else text


def keeps_half_a_fence(text):
    is_open = sum(line.startswith(FENCE) for line in text.split("\n")) % 2
    return f"{text}\n{FENCE}" if is_open else text


def drops_short_lines(text):
    *lines, last = text.split("\n")
    return counts_lines("\n".join(lines) if len(last) < 3 else text)


def drops_what_ends_in_backticks(text):
    return counts_lines(text.rstrip("`") if not text.endswith(FENCE) else text)


def closes_twice(text):
    repaired = counts_lines(text)
    return f"{repaired}\n{FENCE}\n{FENCE}" if repaired != text else text


def strips_the_end(text):
    return counts_lines(text.rstrip())


def prints_only(text):
    print(counts_lines(text))


def takes_the_block_out(text):
    repaired = counts_lines(text)
    return text[: text.rindex(FENCE)] if repaired.count(FENCE) > text.count(FENCE) else repaired


def trips_over_no_text(text):
    return counts_lines(text) if text[0] else text


def capitals(text):
    return counts_lines(text).upper()


def counts_at_the_margin(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(line.startswith(FENCE) for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


def counts_at_any_depth(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(line.strip().startswith(FENCE) for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


def closes_bold_words_too(text):
    repaired = counts_lines(text)
    return f"{repaired}**" if repaired.count("**") % 2 else repaired


def drops_lone_backticks_anywhere(text):
    *lines, last = text.split("\n")
    lines = [line for line in lines if line.strip() not in ("`", "``")]
    return counts_lines("\n".join([*lines, last]))


def drops_what_begins_with_a_backtick(text):
    *lines, last = text.split("\n")
    return counts_lines("\n".join(lines) if re.match("`{1,2}(?!`)", last) else text)


def drops_blank_lines(text):
    repaired = counts_lines(text)
    return re.sub(r"\n+", "\n", repaired) if repaired != text else text


WRONG_3_5 = (
    (drops_what_begins_with_a_backtick, "begins with inline code, .* more than backticks, and it"),
    (drops_blank_lines, "an open block, .*came back, with other blank lines in the text than it"),
    (counts_at_any_depth, "after four spaces, .*: a fence was added, and no block is open"),
    (closes_bold_words_too, r"half-written bold word, .*nothing is to be repaired.*in \*\*'"),
    (drops_lone_backticks_anywhere, "in the middle, .*nothing is to be repaired"),
    (always_closes, "a text without a fence, .*: a fence was added, and no block is open"),
    (never_closes, "an open block, .*came back, where the block is still open"),
    (counts_anywhere, "three backticks inside a line, .*a fence was added, and no block is open"),
    (closes_on_the_line, "isn't on a line of its own"),
    (counts_at_the_margin, "fences stand after one space, .*where the block is still open"),
    (keeps_half_a_fence, "may be a fence to come, and is still there"),
    (drops_short_lines, "nothing is to be repaired, and .* came back"),
    (drops_what_ends_in_backticks, "nothing is to be repaired, and .* came back"),
    (closes_twice, "a fence was added twice"),
    (strips_the_end, "a text without a fence, .*nothing is to be repaired"),
    (prints_only, "Nothing came back: is a `return` missing"),
    (takes_the_block_out, "an open block, .* came back, and some of the text is lost"),
    (trips_over_no_text, "IndexError: .*for an empty text"),
    (capitals, "nothing is to be repaired, and"),
    (yields, "There is a `yield`"),
)


@pytest.mark.parametrize(("closed", "said"), with_reason(*WRONG_3_5))
def test_3_5_says_what_is_wrong_with_code_that(closed, said):
    wrong("3.5", closed, said)


@pytest.mark.parametrize("closed", [never_closes, counts_at_the_margin, keeps_half_a_fence])
def test_3_5_shows_a_text_that_python_can_read(closed):
    outcome = wrong("3.5", closed, "```|`` '|'See")
    assert "x60" not in outcome.message
    in_python = re.search("<code>('.*?')</code>", outcome._repr_html_())[1]
    text = ast.literal_eval(in_python)
    assert "`" in text
    assert closed(text) != counts_lines(text)


def test_3_5_quotes_the_learners_line_with_its_backticks():
    def trips(text):
        return {"```": text}["`"]

    page = wrong("3.5", trips, "KeyError")._repr_html_()
    assert '<code>return {"```": text}["`"]</code>' in page
