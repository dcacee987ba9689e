"""The check of exercise 2.5: the spaces in the tokens that a handler heard."""

from utils.checks.engine.student_code import learners_code
from utils.checks.engine.wording import shown
from utils.checks.handlers import hears, never_called, overheard
from utils.checks.lesson_2_heard import attached_twice, no_class
from utils.checks.observe import asked_for_a_stream, not_asked_for, plain_call, the_function
from utils.checks.outcome import NotYet
from utils.checks.streams import Probe, Switchboard, cut
from utils.checks.texts import DANUBE, TIDE


def spaces_heard(answer: object) -> str:
    """The spaces in the tokens that a handler heard, not those in the reply."""
    if isinstance(answer, type):
        raise NotYet(
            "The check wants the function, `spaces_heard`; it was given the class "
            f"`{answer.__name__}`."
        )
    function = the_function(answer, "spaces_heard")
    before = 0
    for prompt, text, seed in (("Name a sea.", DANUBE, 91), ("Describe the tide.", TIDE, 92)):
        # Tokens that are pushed and aren't in the reply tell the handler's count from another.
        probe = Probe(cut(text, seed), asides=[" ", "by the by"])
        other = Probe(cut(TIDE, 93))
        with overheard() as log, learners_code():
            returned = function(Switchboard(probe=other, probes={prompt: probe}), prompt)
        plain_call(returned, "spaces_heard", probe, other)
        if other.requests:
            raise NotYet(f"The prompt was {shown(prompt)}, and the model was asked something else.")
        _tokens_were_pushed(probe)
        if log:
            raise NotYet(
                f"The model pushes its tokens, and the handler failed in silence {len(log)} times. "
                f"LangChain's log says {shown(log[0], 160)}."
            )
        heard = text.count(" ") + sum(aside.count(" ") for aside in probe.asides)
        _spaces(returned, heard, before, probe)
        before = heard
    return f"{heard} spaces, as the handler heard them, token by token."


def _tokens_were_pushed(probe: Probe) -> None:
    if probe.invoked and probe.streamed:
        raise NotYet(
            "The model was asked more than once for one reply: as a stream, and in a way in which "
            "it pushes no tokens. Each time is paid for."
        )
    if probe.invoked:
        raise NotYet(
            "The model was called in a way in which it pushes no tokens, so a handler hears none, "
            "however it is written. Which cell above showed that?"
        )
    asked_for_a_stream(probe, "spaces_heard")


def _spaces(returned: object, heard: int, before: int, probe: Probe) -> None:
    if isinstance(returned, bool) or not isinstance(returned, int):
        raise NotYet(not_asked_for(returned, "a number"))
    if returned == heard:
        return
    if not probe.handlers:
        raise NotYet(f"{returned} came back, and no handler listened to the model.")
    no_class(probe.handlers)
    if returned == probe.text.count(" "):
        ends = any(hears(handler, "on_llm_end") for handler in probe.handlers)
        raise NotYet(
            f"You counted the {'finished ' if ends else ''}reply; the exercise asks for what "
            "`on_llm_new_token` hears."
        )
    if not returned:
        silent = "".join(dict.fromkeys(never_called(handler) for handler in probe.handlers))
        raise NotYet(f"The tokens held {heard} spaces, and {returned} came back{silent}.")
    if returned == 2 * heard:
        asks = "How often is it attached" if attached_twice(probe.handlers) else "Who else listens"
        raise NotYet(f"{returned} came back, twice the {heard} spaces that were pushed. {asks}?")
    if before and returned == heard + before:
        raise NotYet(
            f"The first time the number is right. The second time {returned} came back for {heard} "
            "spaces: those of the first reply are still in it."
        )
    raise NotYet(f"The tokens held {heard} spaces, and {returned} came back.")
