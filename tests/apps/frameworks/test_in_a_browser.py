"""The claims in `apps/README.md` about each app, tested with a browser and the request log.

The fixture `app` is each framework's app in turn. `app.site` controls the model and reads the
request log; `app.selectors` are those of its page. The FastAPI app's tests cover `assistant.py`.
"""

from tests.apps.frameworks.conftest import Visit
from tools.running_app import AppInBrowser
from utils.simulator.content import prepared_replies

RAINBOW = "Explain how a rainbow forms."
ANSWER = prepared_replies.answer(RAINBOW)
ORDER = "Where is my order 4711?"
MARKDOWN = "Show me Markdown with code and a table."
PICTURE = "http://127.0.0.1:1/x.png"
PAUSE = 30  # the number of tokens before a fault; `stall@30,600` is a silence of 600 s
BEFORE = ANSWER[:60]  # text that always arrives before the fault

NOTE_LENGTHS = """(log) => {
  window.lengths = [];
  const note = () => window.lengths.push(document.querySelector(log).innerText.length);
  new MutationObserver(note).observe(document.body, {
    childList: true, subtree: true, characterData: true });
}"""


def begun(app, visit, model):
    """Send `RAINBOW`, then wait for `BEFORE`; return the page and a marker for the request log."""
    app.site.behave(model)
    mark = app.site.mark()
    page = visit()
    app.send(page, RAINBOW)
    app.wait_for(page, BEFORE)
    return page, mark


def test_text_grows_until_it_is_complete(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-chat")
    page = visit()
    page.evaluate(NOTE_LENGTHS, app.selectors.log)
    app.send(page, RAINBOW)
    app.wait_for(page, ANSWER)
    assert len(set(page.evaluate("window.lengths"))) > 10


def test_the_tools_status_appears_while_it_runs(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-chat")
    page = visit()
    app.send(page, ORDER)
    calling = {"chainlit": "Using\norder_status"}.get(app.name, "Calling order_status…")
    app.wait_for(page, calling)
    app.wait_for(page, "That's what I was told.")
    assert calling not in app.text(page)


def test_stop_during_a_silence_stops_the_model(app: AppInBrowser, visit: Visit) -> None:
    page, mark = begun(app, visit, f"sim-chat:stall@{PAUSE},600")
    app.stop(page)
    (request,) = app.site.requests(mark)
    assert (request.ended, request.tokens_sent) == ("client left", PAUSE)
    app.site.behave("sim-chat")
    app.wait_for(page, BEFORE)  # text that has arrived is kept
    if app.name != "streamlit":
        app.wait_for(page, {"chainlit": "Task manually stopped."}.get(app.name, "Stopped."))
    app.send(page, "Name a river.")
    if app.name == "streamlit":
        app.wait_for(page, "Stopped.")
    app.wait_for(page, prepared_replies.answer("Name a river."))
    _system, question, reply, *_ = app.site.requests(mark)[-1].body["messages"]
    assert question["content"] == RAINBOW
    assert reply["content"].startswith(BEFORE)
    assert reply["content"].endswith("[Stopped.]")


def test_a_failure_is_reported_and_not_retried(app: AppInBrowser, visit: Visit) -> None:
    page, mark = begun(app, visit, f"sim-chat:drop@{PAUSE}")
    app.wait_for(page, "The connection to the model failed.")
    assert BEFORE in app.text(page)
    assert len(app.site.requests(mark)) == 1


def test_a_reload_during_a_reply_matches_the_table(app: AppInBrowser, visit: Visit) -> None:
    page, mark = begun(app, visit, f"sim-chat:stall@{PAUSE},4")
    page.reload()
    page.wait_for_selector(app.selectors.box)
    (request,) = app.site.requests(mark)
    stops = app.name != "chainlit"
    assert request.ended == ("client left" if stops else "finished")
    assert stops == (request.tokens_unsent > 0)
    if app.name == "django":
        page.reload()  # at the first reload, the server may not have noticed the disconnect
        app.wait_for(page, "Stopped.")
        assert BEFORE in app.text(page)
    else:  # in the other apps, a reload starts a new conversation
        assert RAINBOW not in app.text(page)


def test_a_message_that_is_too_long_is_not_sent(app: AppInBrowser, visit: Visit) -> None:
    mark = app.site.mark()
    page = visit()
    if app.name == "streamlit":  # Streamlit's input box accepts at most 8,000 characters
        page.click(app.selectors.box)
        page.keyboard.insert_text("x" * 8_000)
        page.wait_for_selector(f"{app.selectors.send}:enabled")
        page.keyboard.insert_text("y")
        assert page.input_value(app.selectors.box) == "x" * 8_000
    else:
        app.send(page, "x" * 8_010)
        page.wait_for_function("document.body.innerText.includes('8,000 characters')")
    assert app.site.requests(mark) == []


def test_a_blank_message_is_not_sent(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-fast")
    mark = app.site.mark()
    page = visit()
    page.click(app.selectors.box)
    page.keyboard.insert_text("   ")
    page.keyboard.press("Enter")
    page.fill(app.selectors.box, "")
    app.send(page, "Name a river.")
    app.wait_for(page, prepared_replies.answer("Name a river."))
    assert len(app.site.requests(mark)) == 1


def test_half_a_character_in_a_question_breaks_nothing(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-fast")
    page = visit()
    page.click(app.selectors.box)
    page.keyboard.insert_text("half ")
    if app.name == "django":  # other apps' pages ignore text set by a script
        page.evaluate(r"document.activeElement.value += '\ud83d'")
    page.wait_for_selector(f"{app.selectors.send}:enabled:visible")
    page.keyboard.press("Enter")
    app.send(page, "Name a river.")
    app.wait_for(page, prepared_replies.answer("Name a river."))
    page.reload()
    page.wait_for_selector(app.selectors.box)


def test_a_narrow_window_shows_the_stop_button(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-chat:stall@100,600")
    page = visit()
    page.set_viewport_size({"width": 320, "height": 400})
    app.send(page, RAINBOW)
    app.wait_for(page, ANSWER[:300])
    box = page.locator(app.selectors.stop).bounding_box()
    assert box["y"] + box["height"] <= 400
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    app.stop(page)


def test_a_second_question_is_not_sent_during_a_reply(app: AppInBrowser, visit: Visit) -> None:
    page, mark = begun(app, visit, f"sim-chat:stall@{PAUSE},600")
    if app.name == "streamlit":
        assert page.is_disabled(app.selectors.box)
    else:
        page.click(app.selectors.box)
        page.keyboard.insert_text("Name a river.")
        page.keyboard.press("Enter")
    app.stop(page)
    assert [request.ended for request in app.site.requests(mark)] == ["client left"]


def test_a_second_tab_matches_the_table(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-chat")
    page = visit()
    app.send(page, RAINBOW)
    app.wait_for(page, ANSWER)
    tab = page.context.new_page()
    app.open(tab)
    assert (RAINBOW in app.text(tab)) == (app.name == "django")


def test_markdown_matches_the_table(app: AppInBrowser, visit: Visit) -> None:
    app.site.behave("sim-fast")
    page = visit()
    app.send(page, MARKDOWN)
    app.wait_for(page, "For a moment each of them is open")
    if app.name == "django":  # this app shows Markdown as plain text
        assert "```" in app.text(page)
        assert page.locator("table").count() == 0
    else:
        page.wait_for_selector(f"{app.selectors.log} table")
    app.send(page, f"![x]({PICTURE})")
    app.send(page, "What did I ask before?")  # the reply quotes the previous message
    if app.name == "django":
        app.wait_for(page, f"“![x]({PICTURE})”")
    # Chainlit shows the picture in the question as well as in the reply.
    pictures = {"django": 0, "streamlit": 1, "chainlit": 2}
    there = "([picture, n]) => document.querySelectorAll(`img[src='${picture}']`).length === n"
    page.wait_for_function(there, arg=[PICTURE, pictures[app.name]])


def test_two_concurrent_visitors_are_separate(app: AppInBrowser, visit: Visit) -> None:
    one, mark = begun(app, visit, f"sim-chat:stall@{PAUSE},600")
    other = visit()
    app.site.behave("sim-chat")
    app.send(other, "Name a river.")
    app.wait_for(other, prepared_replies.answer("Name a river."))
    assert app.text(one).count(BEFORE) == 1
    assert RAINBOW not in app.text(other)
    app.stop(one)
    assert len(app.site.requests(mark)) == 2
