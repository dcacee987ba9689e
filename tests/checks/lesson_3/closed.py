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


edit = edits("3.closed", closed)
edit(None, {"last.strip()": "last"})
edit(None, {'lines.append("```")': 'lines.append(fences[-1].split("`")[0] + "```")'})
edit(None, {'lines.append("```")': 'lines.append("```\\n")'})
edit(None, {'lines.append("```")': 'lines.append("\\n```")'})

MATCH = 're.match(" {0,3}```", line)'
edit("fence without an open block", {MATCH: '"```" in line'})
edit("fence without an open block", {MATCH: 'line.strip().startswith("```")'}, "four spaces")
edit("fence without an open block", {MATCH: 're.match(" {0,3}(```|~~~)", line)'}, "three tildes")
edit("fence without an open block", {" {0,3}": r"\\s{0,3}"}, "after a tab")
LONGER = {'append("```")': 'append(fences[-1].split("m")[0])'}
edit("changes the rest", LONGER, "What in your code changes more")
edit("leaves the block open", {MATCH: 'line.startswith("```")'}, "by one space")
edit("leaves the block open", {"3}```": "3}```(?!`)"}, "four backticks")
edit("leaves the block open", {'lines.append("```")': "pass"}, "x = 1' ` was returned unchanged\\.")
edit("leaves the block open", {'append("```")': 'append("    ```")'}, "is still open")
edit("fence in mid-line", {'lines.append("```")': 'lines[-1] += "```"'})
edit("changes the rest", {'last.strip() not in ("`", "``")': "len(last) > 2"})
INLINE = {'last.strip() not in ("`", "``")': 'not last.startswith("`") or last == "```"'}
edit("changes the rest", INLINE, "inline")
edit("changes the rest", {"return ": 'return "**" * (text.count("**") % 2) + '}, "bold")
ANY_LINE = {"    fences": '    lines = [line for line in lines if line != "`"]\n    fences'}
edit("changes the rest", ANY_LINE, "in the middle")
edit("changes the rest", {"text.split": "text.replace(chr(13), '').split"}, "other line breaks")
edit("raises", {"    *": "    text[0]\n    *"}, "for an empty string")


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


wrong("3.closed", "escapes HTML", "`closed` returns Markdown")(lambda t: html.escape(closed(t)))
