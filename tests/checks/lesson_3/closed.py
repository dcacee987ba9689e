"""Right and wrong answers to 3.closed, which asks for a function that closes open code fences."""

import html
import re

from tests.checks.answers import edits, right, wrong


@right("3.closed")
def closed(text):
    *lines, last = text.split("\n")
    if last.strip() not in ("`", "``"):
        lines.append(last)
    fences = [line for line in lines if re.match(" {0,3}```", line)]
    if len(fences) % 2:
        lines.append("```")
    return "\n".join(lines)


edit = edits("3.closed", closed)  # edit(mistake or None, {old: new}, regex)
edit(None, {"last.strip()": "last"})
edit(None, {'lines.append("```")': 'lines.append(fences[-1].split("`")[0] + "```")'})
edit(None, {'lines.append("```")': 'lines.append("```\\n")'})
edit(None, {'lines.append("```")': 'lines.append("\\n```")'})

MATCH = 're.match(" {0,3}```", line)'
for mistake, says, changes in (
    ("fence without an open block", "", {MATCH: '"```" in line'}),
    ("fence without an open block", "four spaces", {MATCH: 'line.strip().startswith("```")'}),
    ("fence without an open block", "three tildes", {MATCH: 're.match(" {0,3}(```|~~~)", line)'}),
    ("fence without an open block", "after a tab", {" {0,3}": r"\\s{0,3}"}),
    ("leaves the block open", "by one space", {MATCH: 'line.startswith("```")'}),
    ("leaves the block open", "four backticks", {"3}```": "3}```(?!`)"}),
    ("fence in mid-line", "", {'lines.append("```")': 'lines[-1] += "```"'}),
    ("changes the rest", "", {'last.strip() not in ("`", "``")': "len(last) > 2"}),
    (
        "changes the rest",
        "inline",
        {'last.strip() not in ("`", "``")': 'not last.startswith("`") or last == "```"'},
    ),
    ("changes the rest", "bold", {"return ": 'return "**" * (text.count("**") % 2) + '}),
    (
        "changes the rest",
        "in the middle",
        {"    fences": '    lines = [line for line in lines if line != "`"]\n    fences'},
    ),
    ("changes the rest", "other line breaks", {"text.split": "text.replace(chr(13), '').split"}),
    ("raises", "for an empty text", {"    *": "    text[0]\n    *"}),
):
    edit(mistake, changes, says)


@right("3.closed")
def searches(text):
    text = re.sub(r"(\A|\n)`{1,2}\Z", r"\1", text)
    if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2:
        text += ("" if text.endswith("\n") else "\n") + "```"
    return text


@right("3.closed")
def closes_after_the_last_line_with_text(text):
    repaired = closed(text)
    if repaired.count("```") == text.count("```"):
        return repaired
    return repaired.removesuffix("```").rstrip("\n") + "\n```\n"


@wrong("3.closed", "changes the rest")
def strips_backticks_at_the_end(text):
    return closed(text.rstrip("`") if not text.endswith("```") else text)


@wrong("3.closed", "keeps half a fence", says="nothing else")
def expects_a_line_break_before_backticks(text):
    text = re.sub(r"\n`{1,2}\Z", "\n", text)
    return text + "\n```" if len(re.findall(r"^ {0,3}```", text, re.MULTILINE)) % 2 else text


wrong("3.closed", "escapes HTML", says="`closed` returns Markdown")(
    lambda text: html.escape(closed(text))
)
