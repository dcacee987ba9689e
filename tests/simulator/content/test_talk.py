"""Conversations with the simulated model: properties of its replies."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.simulator.api.chat_completions import parse
from utils.simulator.content import prepared_replies, wording
from utils.simulator.content.answer import answer
from utils.simulator.content.talk import topic_of, topics

CONVERSATIONS = [
    ["Hi there!", "My name is Maria and I work as a nurse in Lisbon.", "Why do cats purr?",
     "Can you give me an example?", "Where do I work?"],
    ["What is TTFT?", "why?", "ok, give me an example", "shorter please", "What did I ask first?"],
    ["Why is the sky blue?", "And why are sunsets red?", "Is it the same on Mars?",
     "How far away is Mars?", "Thanks, that helps!"],
    ["I'm stuck on exercise 2", "How do callbacks work?", "How do they differ from generators?",
     "Which one should I use?", "What have we talked about?"],
    ["Tell me a joke", "another one", "haha", "Tell me something interesting", "Is that true?"],
    ["Hallo, wie geht es dir?", "Was ist Streaming?", "Can you speak German?",
     "Ok. What is backpressure?", "why does it matter?"],
    ["How do I bake sourdough bread?", "How long does it take?", "What flour should I use?",
     "Can I freeze it?", "thank you"],
    ["I like otters.", "What do they eat?", "Where do they live?", "Write a haiku about otters",
     "What do I like?"],
    ["what is 17 * 23?", "count to 10", "Should I learn Rust or Go?", "why",
     "Should I be worried?"],
    ["My lamp flickers when I dim it. What can I do?", "I already changed the bulb",
     "Do you sell dimmable bulbs?", "That doesn't help", "bye"],
    ["Write an email to my boss about a day off", "Make it shorter", "Recommend a good book",
     "Why that one?", "What was my first message?"],
    ["Who won the chess championship?", "What is the population of Japan?", "Who painted Guernica?",
     "When was Oslo founded?", "Where is Lake Como?"],
    ["Why do birds sing?", "Why is glass transparent?", "Why do stars twinkle?",
     "Why is gold yellow?", "Why do onions make me cry?"],
]  # fmt: skip


def reply(*turns, seed=0):
    """Return the reply to a conversation in which user and assistant take turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    (part,) = answer(parse({"model": "sim", "messages": messages, "seed": seed}))
    return part.text


def replies(messages, seed=0):
    """Return the reply to each message; each request contains the conversation so far."""
    turns = []
    for message in messages:
        turns.append(message)
        turns.append(reply(*turns, seed=seed))
    return turns[1::2]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("messages", CONVERSATIONS, ids=lambda messages: messages[0])
def test_no_sentence_is_repeated_and_none_mentions_prepared_replies(messages, seed):
    sentences = [
        sentence
        for reply in replies(messages, seed)
        for sentence in re.split(r"(?<=[.?!])\s+", reply)
    ]
    assert len(sentences) == len(set(sentences))
    assert not re.search(r"simulat|prepared|\{\w+\}", " ".join(sentences))  # {…}: a placeholder


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (["What is backpressure?"], ["Backpressure"]),
        (["What is the population of Japan?"], ["the population of Japan"]),
        (["I'm Zoë. Why do cats purr?"], ["Nice to meet you, Zoë.", "cats purr"]),
        (["How do I bake my own bread?"], ["o bake your own bread"]),
        (["Should I learn Rust or Go?"], ["learn Rust or Go"]),
        (["Write a haiku about my garden"], ["your garden"]),
        (["I play chess on Sundays."], ["play chess on Sundays"]),
        (["I like otters.", "What do they eat?"], ["otters eat"]),
        (["I like otters.", "Thanks", "Why?"], ["otters"]),
        (["Was ist Backpressure?"], ["German", "Backpressure"]),
        (["你好"], ["Chinese", "你好"]),
    ],
)
def test_a_reply_uses_the_words_of_its_question(messages, words):
    for seed in range(6):
        last = replies(messages, seed)[-1]
        assert all(word in last for word in words), last


@pytest.mark.parametrize(
    ("messages", "recalled"),
    [
        (["I'm Zoë. What is SSE?", "thanks", "Do you remember my name?"], "Zoë"),
        (["Please call me Zoë, will you?", "What's my name?"], "Zoë"),
        (["I'm tired", "thanks", "What's my name?"], "don't know your name|haven't told me"),
        (["I'm German", "Call me Al", "Who am I?"], r"\bAl\b"),
        (["Hello", "What is SSE?", "why?", "What did I ask first?"], "“What is SSE\\?”"),
        (["What is SSE?", "why?", "shorter", "What was my second question?"], "“why\\?”"),
        (["What is SSE?", "And TTFT?", "What did I ask before?"], "“And TTFT\\?”"),
        (["What is SSE?", "And TTFT?", "What did I ask about SSE?"], "“What is SSE\\?”"),
        (["I live in Oslo.", "Name a river.", "Where do I live?"], "“I live in Oslo.”"),
        (["My dog is called Rex.", "Is he old?", "What's my dog's name?"], "Rex"),
        (["Name a river.", "What is SSE?", "What did we talk about?"], "“Name a river.”, “What is"),
        (["Name a river.", "What did you say?"], "“The Danube."),
        (["I'm Maria and I work in Oslo.", "What's my name and where do I work?"], "Maria.*Oslo"),
        (["Call me Al", "What do you know about me?"], r"\bAl\b"),
        (["I like otters.", "I live in Oslo.", "What do you know about me?"], "otters.*Oslo"),
        (["Hi", "What do you know about me?"], "haven't told me|Nothing so far"),
        (["Hi", "What was my second message?"], "no such message|that far"),
        (["What did I ask first?"], "no such message|that far"),
    ],
)
def test_earlier_messages_are_remembered(messages, recalled):
    assert re.search(recalled, replies(messages)[-1])


@pytest.mark.parametrize("question", ["Who are you?", "Are you ChatGPT?", "What model is this?"])
def test_the_model_says_it_is_a_simulator_if_asked(question):
    assert "simulator" in replies(["Hi!", question])[-1]


@pytest.mark.parametrize(
    ("wish", "words"), [("why", "But why?"), ("example", "For instance?"), ("short", "Shorter!")]
)
def test_a_follow_up_gets_the_requested_part_of_the_topic(wish, words):
    first, second = replies(["What is backpressure?", words])
    topic = topic_of("backpressure")
    assert first.startswith(topic.parts["says"])
    assert second == topic.parts[wish]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Write a poem.", "the poem about a river"),
        ("Write a verse about a river.", "the poem about a river"),
        ("Tell me a short story.", "the lighthouse"),
        ("Make a table with three rows.", "the packing list"),
        ("Show me a code example.", "Python"),
        ("My lamp flickers when I dim it. What can I do?", "the flickering lamp"),
        ("Why do tokens make it faster?", "streaming"),
        ("Give me three tips.", "a pleasant chat"),
    ],
)
def test_a_prepared_reply_is_continued_whichever_prompt_it_matched(asked, name):
    (topic,) = [topic for topic in topics() if topic.name == name]
    prepared, why, short = replies([asked, "Why?", "Shorter, please."])
    assert prepared == prepared_replies.answer(asked)
    assert (why, short) == (topic.parts["why"], topic.parts["short"])


def test_a_similar_message_does_not_continue_a_prepared_reply():
    assert topic_of("Write a poem about cats") is None


def test_a_topic_ends_when_all_its_parts_have_been_used():
    topic = topic_of("backpressure")
    *earlier, last = replies(["What is backpressure?", *["more"] * len(topic.parts)])
    assert all(any(part in reply for reply in earlier) for part in topic.parts.values())
    assert topic.name in last
    assert not any(part in last for part in topic.parts.values())


@pytest.mark.parametrize("messages", [["  "], ["?"], ["more"], ["Hello", "why?"]])
def test_the_reply_to_a_message_without_a_subject_is_a_question(messages):
    assert re.search(r"\?|[Tt]ell me", replies(messages)[-1])


def test_every_topic_is_complete_and_has_a_message_that_selects_it():
    for topic in topics():
        assert {*topic.parts, "says"} == {"says", "why", "example", "short"}, topic.name
        assert topic in [topic_of(" ".join(words)) for words in topic.asks], topic.name


def test_a_topic_without_says_continues_a_prepared_reply():
    firsts = [" ".join(next(iter(reply.asks), ())) for reply in prepared_replies.all_replies()]
    continued = [topic_of(words) for words in firsts]
    assert [it.name for it in topics() if "says" not in it.parts and it not in continued] == []


@settings(max_examples=25)
@given(st.text(), st.integers(0, 9))
def test_the_same_prompt_and_seed_give_the_same_reply(prompt, seed):
    assert reply(prompt, seed=seed) == reply(prompt, seed=seed)


def test_braces_in_a_message_are_kept():
    assert all("your cat is {dear}" in reply("My cat is {dear}.", seed=seed) for seed in range(9))


@pytest.mark.parametrize("letter", ["\u0130", "\u0131"])  # matched like "i" if case is ignored
def test_turkish_letters_are_kept(letter):
    assert letter in reply(f"Tell me about {letter} and Ankara.")


def test_another_seed_can_give_another_reply():
    assert len({reply("Why do cats purr?", seed=seed) for seed in range(30)}) > 1


@pytest.mark.parametrize(
    ("text", "language"),
    [("Wie geht es dir?", "German"), ("Merci", "French"), ("¿Cómo está usted?", "Spanish"),
     ("Привет", "Russian"), ("What is La La Land?", None), ("Is it a die?", None), ("", None)],
)  # fmt: skip
def test_languages_are_recognised(text, language):
    assert wording.language(text) == language


ASKED = "Write a poem about a river."
POEM = prepared_replies.answer(ASKED)


@pytest.mark.parametrize("wish", ["Continue.", "Please go on", "Carry on where you stopped."])
@pytest.mark.parametrize("length", [1, 40, len(POEM) - 1])
def test_a_truncated_reply_is_continued_where_it_ended(wish, length):
    assert POEM[:length] + reply(ASKED, POEM[:length], wish) == POEM


def test_a_truncated_continuation_is_continued_too():
    parts = (POEM[:40], "Go on.", POEM[40:60], "Continue.")
    assert POEM[:60] + reply(ASKED, *parts) == POEM


def test_a_truncated_free_reply_is_continued():
    asked = ("Name a river.", "The Rhine.", "Why do cats purr?")
    whole = reply(*asked)
    assert whole[:20] + reply(*asked, whole[:20], "Continue.") == whole


def test_a_complete_reply_is_not_continued():
    assert "complete" in reply(ASKED, POEM, "Continue.")


def test_the_last_reply_is_repeated():
    assert reply("Name a river.", "The Rhine.", "Say that again, please.") == "The Rhine."


def test_an_earlier_conversation_does_not_change_a_prepared_reply():
    assert reply("hello", "Hello!", ASKED) == POEM
