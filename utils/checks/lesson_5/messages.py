"""What learners read about their answers to lesson 5's exercises."""

from utils.checks.engine.exercise import Messages
from utils.checks.engine.wording import count, first_difference, joined, kind, shown, times
from utils.checks.lesson_5 import answer, ticket
from utils.checks.lesson_5.given import BEFORE

# --- The capstone ---------------------------------------------------------------------------------

ANSWER: Messages[answer.Seen] = {
    "correct": lambda _: (
        "Each stage is shown before it begins, each chunk as it arrives, and tools run only when "
        "the model finished calling them."
    ),
    "calls twice": lambda s: (
        f"`answer` called the model {times(s.reply.requests)}, though its first reply called no "
        "tool. What ends your loop?"
    ),
    "yields nothing": lambda _: "`answer` ended without yielding anything.",
    "yields a stage's name": lambda s: (
        f"`answer` yields the string {shown(str(s.odd))}. The exercise asks for a `Status`."
    ),
    "yields strings": lambda s: (
        f"`answer` yields strings, such as {shown(repr(s.odd))}. The exercise asks for the chunk "
        "itself, whose finish reason the panel needs."
    ),
    "yields the wrong type": lambda s: (
        f"`answer` yields {kind(s.odd)}. The exercise asks for `Status` objects and chunks."
    ),
    "blank screen": lambda s: (
        f"The first item is {kind(s.items[0])}, after {s.at[0]:.1f} s. What does the screen show "
        "until then?"
    ),
    "begins with another stage": lambda s: (
        f"The first stage is named {shown(s.stages[0])}. The exercise names it `Thinking`."
    ),
    "first status late": lambda s: (
        f"The first status came after {s.at[0]:.1f} s. It says that a stage begins, so it should "
        "come before the stage does."
    ),
    "without tools": lambda _: (
        "The model was called without tools, so it can't know that there are any. Which of the two "
        "models has them?"
    ),
    "another conversation": lambda s: (
        f"`messages` holds {count(len(BEFORE), 'message')}, but the model was sent "
        f"{shown(' | '.join(m.text for m in s.readings[0].messages))}."
    ),
    "runs an unfinished call": lambda s: (
        f"The finish reason was {shown(repr(s.case.finish))}, but {shown(s.ran[0].name)} ran with "
        f"{shown(repr(s.ran[0].argument))}. Only `tool_calls` says that the call is complete and "
        "meant to run."
    ),
    "runs a tool without a call": lambda s: (
        f"The model called no tool, but {shown(s.ran[0].name)} ran. What decides that a tool runs?"
    ),
    "tools never run": lambda _: (
        "The model called a tool, but none ran. Which chunk has the finish reason, and which have "
        "the calls?"
    ),
    "second call never runs": lambda _: (
        "After the first tool's result the model called another, which never ran. Is there a loop, "
        "and does each reply get a sum of its own?"
    ),
    "another call": lambda s: (
        f"The model called {shown(joined([f'{n}({a})' for n, a in s.called]))}, but what ran was "
        f"{shown(joined([f'{n}({a})' for n, a in s.executed]))}."
    ),
    "another status of a tool": lambda s: (
        f"A tool ran, and its stage is named {shown(s.other_stages[0])}. The exercise names it "
        "`Tool call`."
    ),
    "no status of a tool": lambda _: (
        "A tool ran, but no `Status` named `Tool call` was yielded. What does the screen show "
        "meanwhile?"
    ),
    "status without the tool": lambda _: (
        "The `Status` of a tool call doesn't contain the tool's name. Which argument is it?"
    ),
    "fewer statuses than tools": lambda s: (
        f"{count(len(s.ran), 'tool')} ran, but a `Tool call` status was yielded "
        f"{times(len(s.details))}. Each tool needs its own."
    ),
    "status of another tool": lambda s: (
        f"{joined([shown(ran.name) for ran in s.ran])} ran, but the statuses of tool calls name "
        f"{shown(joined(s.details))}."
    ),
    "status after the tool began": lambda s: (
        f"The status of {shown(s.late_tool[0])} came {s.late_tool[1]:.1f} s after the tool had "
        "begun. What does the screen show until then?"
    ),
    "never called again": lambda s: (
        f"{count(len(s.ran), 'tool')} ran, but the model was called only {times(len(s.readings))}, "
        "so it never received the last result. How often may it call a tool?"
    ),
    "loses the conversation": lambda _: (
        "In its second request the model was sent only what is new. It remembers nothing: where is "
        "the conversation from before?"
    ),
    "adds nothing": lambda _: (
        "The second request repeats the first: it has neither the model's own message nor the "
        "tool's result."
    ),
    "adds no call": lambda _: (
        "The second request lacks the model's own message with the tool call. A provider rejects a "
        "result without its call."
    ),
    "adds no tool message": lambda s: (
        f"The second request has the call but no `ToolMessage` with the result; it ends with "
        f"{kind(s.added[-1])}. What does a tool return that is given the whole call?"
    ),
    "adds its message twice": lambda s: (
        f"The second request has {len(s.own)} messages of the model for one reply. The sum of the "
        "chunks is one message."
    ),
    "result before the call": lambda _: (
        "In the second request the tool's result comes before the message that calls the tool."
    ),
    "loses a call": lambda s: (
        f"The model made {count(len(s.case.calls[0]), 'call')}, but its message in the second "
        f"request has {len(s.ids)}."
    ),
    "another id": lambda s: (
        f"The calls have the ids {shown(joined(s.ids))}, but the results have the `tool_call_id` "
        f"{shown(joined(s.result_ids))}. Each result names its call."
    ),
    "loses the result": lambda s: (
        f"The tool's message in the second request is {shown(s.results[0].text or ' ')}, which "
        "isn't what the tool returned."
    ),
    "thinks too rarely": lambda s: (
        f"The model was called {times(len(s.readings))}, but `Thinking` was shown "
        f"{times(len(s.times('Thinking')))}. It belongs before each call."
    ),
    "thinks late": lambda s: (
        f"`Thinking` was shown {s.late_thought:.1f} s after the model had been called. It should "
        "come before the waiting begins."
    ),
    "yields no text": lambda _: (
        "`answer` yielded none of the model's text. Are the chunks passed on?"
    ),
    "yields the sum": lambda _: (
        "`answer` yields the sum of the chunks, which repeats what came before. Which variable "
        "holds what is new?"
    ),
    "loses the last reply": lambda _: (
        "The tool ran, but the model's reply to its result never came out."
    ),
    "another text": lambda s: (
        f"The text isn't what the model wrote{s.when}. {first_difference(s.text, s.whole_text)}"
    ),
    "no finish reason": lambda _: (
        "The model gave a finish reason, but no chunk that was yielded has one. Which chunks "
        "aren't passed on?"
    ),
    "held back": lambda s: (
        f"A piece of text came out {s.late_text:.1f} s after it had arrived{s.when}. Can it be "
        "passed on before you know whether tools are wanted?"
    ),
}

TICKET: Messages[ticket.Seen] = {
    "correct": lambda _: (
        "The fields come as they are known, then a validated `Ticket`, and none if the reply was "
        "truncated, lost or invalid."
    ),
    "reads no JSON yet": lambda s: (
        "The first chunk is empty, so there was no JSON to read yet: "
        f"{shown(f'{type(s.error).__name__}: {s.error}')}. What has to be true before you read it?"
    ),
    "structured output": lambda _: (
        "The model was called for structured output, which comes as a tool call or parsed by the "
        "server. This one writes its JSON as text, as `request` says."
    ),
    "conversation missing": lambda s: (
        f"The model was sent {shown(s.sent)}, which lacks the conversation {shown(ticket.SAID)}."
    ),
    "wants no JSON": lambda _: (
        "The model was sent the conversation but never told to make a ticket in JSON. What is "
        "`request` for?"
    ),
    "yields nothing": lambda s: f"`ticket` ended without yielding anything{s.when}.",
    "ticket of an unfinished reply": lambda s: (
        f"A `Ticket` was yielded{s.when}: {shown(str(s.tickets[0]), 90)}. What tells you that the "
        "model finished?"
    ),
    "ticket of an invalid reply": lambda s: (
        f"A `Ticket` was yielded{s.when}: {shown(str(s.tickets[0]), 90)}. What validates its "
        "fields?"
    ),
    "ends quietly": lambda s: (
        f"`ticket` ended without an error{s.when}. How would its reader know that there is no "
        "ticket?"
    ),
    "ticket too early": lambda s: (
        f"A `Ticket` was yielded after {s.first_ticket_at:.1f} s, but the reply ended after "
        f"{s.reply.lasts:.1f} s. Can it be validated before?"
    ),
    "no dicts": lambda s: (
        f"`ticket` yields {kind(s.odd)}, {shown(repr(s.odd))}. Before the end the exercise asks "
        "for dicts."
    ),
    "invents a value": lambda s: (
        f"`ticket` yields {shown(repr(s.invented), 90)}, but the reply says something else."
    ),
    "fields at the end only": lambda s: (
        f"`{s.late_field}` was known after {s.due(s.late_field):.1f} s of {s.reply.lasts:.1f} s, "
        "but no dict contains it before the end. Where is the `yield`?"
    ),
    "field late": lambda s: (
        f"`{s.late_field}` was known after {s.due(s.late_field):.1f} s, but first yielded after "
        f"{s.shown_at(s.late_field):.1f} s."
    ),
    "no ticket at the end": lambda s: (
        f"The last item is {kind(s.items[-1])}. The exercise asks for a `Ticket`."
    ),
    "two tickets": lambda s: (
        f"{len(s.tickets)} tickets were yielded for one conversation. Only the last item is one."
    ),
    "another ticket": lambda s: (
        f"The ticket is {shown(str(s.tickets[0]), 90)}, but the reply says "
        f"{shown(s.case.text, 90)}."
    ),
}
