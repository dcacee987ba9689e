"""Exercise 3.5: half-written Markdown with its code fence closed."""

import html
import re

from tests.checks.answers import right, wrong

FENCE = "```"


@right("3.closed")
def counts_lines(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(re.match(" {0,3}```", line) is not None for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


@right("3.closed")
def searches(text):
    text = re.sub(r"(\A|\n)`{1,2}\Z", r"\1", text)
    if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2:
        text += ("" if text.endswith("\n") else "\n") + FENCE
    return text


@right("3.closed")
def walks_through(text):
    is_open, lines = False, text.splitlines()
    if lines and lines[-1] in ("`", "``"):
        text = text[: -len(lines.pop())]
    for line in lines:
        if line[:6].lstrip(" ").startswith(FENCE):
            is_open = not is_open
    return text + "\n" + FENCE + "\n" if is_open else text


@right("3.closed")
def closes_as_deep_as_it_opened(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    fences = [line for line in lines if re.match(" {0,3}```", line)]
    if len(fences) % 2:
        lines.append(fences[-1][: fences[-1].index(FENCE)] + FENCE)
    return "\n".join(lines)


@right("3.closed")
def closes_after_the_last_line_with_text(text):
    repaired = counts_lines(text)
    if repaired.count(FENCE) == text.count(FENCE):
        return repaired
    return repaired.removesuffix(FENCE).rstrip("\n") + f"\n{FENCE}\n"


@wrong("3.closed", "fence without an open block")
def always_closes(text):
    return f"{text}\n{FENCE}"


@wrong("3.closed", "leaves the block open")
def never_closes(text):
    return text


@wrong("3.closed", "fence without an open block")
def counts_anywhere(text):
    *lines, last = text.split("\n")
    text = text if last not in ("`", "``") else "\n".join(lines)
    return f"{text}\n{FENCE}" if text.count(FENCE) % 2 else text


@wrong("3.closed", "fence in mid-line")
def closes_on_the_line(text):
    *lines, last = text.split("\n")
    text = text if last not in ("`", "``") else "\n".join(lines)
    is_open = sum(line.startswith(FENCE) for line in text.split("\n")) % 2
    return text + FENCE if is_open else text


@wrong("3.closed", "keeps half a fence")
def keeps_half_a_fence(text):
    is_open = sum(line.startswith(FENCE) for line in text.split("\n")) % 2
    return f"{text}\n{FENCE}" if is_open else text


@wrong("3.closed", "repairs what is whole")
def drops_short_lines(text):
    *lines, last = text.split("\n")
    return counts_lines("\n".join(lines) if len(last) < 3 else text)


@wrong("3.closed", "repairs what is whole")
def drops_what_ends_in_backticks(text):
    return counts_lines(text.rstrip("`") if not text.endswith(FENCE) else text)


@wrong("3.closed", "adds two fences")
def closes_twice(text):
    repaired = counts_lines(text)
    return f"{repaired}\n{FENCE}\n{FENCE}" if repaired != text else text


@wrong("3.closed", "repairs what is whole")
def strips_the_end(text):
    return counts_lines(text.rstrip())


@wrong("3.closed", "returns nothing")
def prints_only(text):
    print(counts_lines(text))


@wrong("3.closed", "loses text")
def takes_the_block_out(text):
    repaired = counts_lines(text)
    return text[: text.rindex(FENCE)] if repaired.count(FENCE) > text.count(FENCE) else repaired


@wrong("3.closed", "raises")
def trips_over_no_text(text):
    return counts_lines(text) if text[0] else text


@wrong("3.closed", "loses text")
def capitals(text):
    return counts_lines(text).upper()


@wrong("3.closed", "leaves the block open")
def counts_at_the_margin(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(line.startswith(FENCE) for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


@wrong("3.closed", "fence without an open block")
def counts_at_any_depth(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    if sum(line.strip().startswith(FENCE) for line in lines) % 2:
        lines.append(FENCE)
    return "\n".join(lines)


@wrong("3.closed", "repairs what is whole")
def closes_bold_words_too(text):
    repaired = counts_lines(text)
    return f"{repaired}**" if repaired.count("**") % 2 else repaired


@wrong("3.closed", "repairs what is whole")
def drops_lone_backticks_anywhere(text):
    *lines, last = text.split("\n")
    lines = [line for line in lines if line.strip() not in ("`", "``")]
    return counts_lines("\n".join([*lines, last]))


@wrong("3.closed", "drops inline code")
def drops_what_begins_with_a_backtick(text):
    *lines, last = text.split("\n")
    return counts_lines("\n".join(lines) if re.match("`{1,2}(?!`)", last) else text)


@wrong("3.closed", "changes blank lines")
def drops_blank_lines(text):
    repaired = counts_lines(text)
    return re.sub(r"\n+", "\n", repaired) if repaired != text else text


@wrong("3.closed", "escapes HTML", "`closed` returns Markdown")
def escaped(text):
    return html.escape(counts_lines(text))


@wrong("3.closed", "another text")
def indents_the_fence(text):
    repaired = counts_lines(text)
    return repaired if repaired == text else f" {repaired}"


@wrong("3.closed", "fence without an open block", "after a tab")
def takes_any_white_space_for_indentation(text):
    head, newline, last = text.rpartition("\n")
    if last in ("`", "``"):
        text = head + newline
    fences = [line for line in text.split("\n") if re.match(r"\s{0,3}```", line)]
    return text + "\n```" if len(fences) % 2 else text


@wrong("3.closed", "keeps half a fence", "nothing else")
def expects_a_line_break_before_backticks(text):
    text = re.sub(r"\n`{1,2}\Z", "\n", text)
    return text + "\n```" if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2 else text


@wrong("3.closed", "repairs what is whole", "other line breaks")
def changes_line_breaks(text):
    text = text.replace("\r\n", "\n")
    head, newline, last = text.rpartition("\n")
    if last in ("`", "``"):
        text = head + newline
    return text + "\n```" if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2 else text


@wrong("3.closed", "leaves the block open", "Which line closes it")
def closes_with_tildes(text):
    text = re.sub(r"(^|\n)`{1,2}\Z", r"\1", text)
    return text + "\n~~~" if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2 else text
