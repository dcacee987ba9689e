"""`ChunkTable`: the chunks of a stream, one per row."""

import pytest
from langchain_core.messages import AIMessageChunk

from tests.widgets.doubles import find
from utils.widgets import ChunkTable, LatencyBadge
from utils.widgets.chunk_table.widget import Rows, row_of

USAGE = {"input_tokens": 12, "output_tokens": 31, "total_tokens": 43}


def reply(*words):
    """Yield a reply's chunks the way `ChatOpenAI` does."""
    yield AIMessageChunk("")
    for word in words:
        yield AIMessageChunk(word)
    yield AIMessageChunk("", response_metadata={"finish_reason": "stop"})
    yield AIMessageChunk("", usage_metadata=USAGE)


def rows(table):
    return find(table, Rows).whole


def test_the_printed_line_counts_chunks_by_content(capsys):
    table = ChunkTable("Reply")
    chunks = table.show(reply(*("word " * 31).split(" ")))
    assert (chunks, len(chunks)) == (table.chunks, 35)
    assert [row.get("empty") for row in rows(table)] == ["empty", *[None] * 31, *["empty"] * 3]
    assert capsys.readouterr().out.endswith(
        "35 chunks · 31 with text · 1 finish reason · 1 with usage\n"
    )


def test_reasoning_and_tool_calls_are_counted_if_there_are_any(capsys):
    thought = AIMessageChunk("", additional_kwargs={"reasoning_content": "Hm."})
    piece = {"name": "save", "args": "", "id": "1", "index": 0, "type": "tool_call_chunk"}
    ChunkTable().show([thought, AIMessageChunk("", tool_call_chunks=[piece])])
    assert (
        "2 chunks · 0 with text · 1 with reasoning · 1 with a tool call's piece · "
        "no finish reason · none with usage\n"
    ) in capsys.readouterr().out


def test_rows_show_when_chunks_arrived_and_the_badge_when_text_did(clock):
    def timed():
        clock.now = 1.25
        yield AIMessageChunk("")
        clock.now = 2.0
        yield AIMessageChunk("Hi")

    table = ChunkTable(clock=clock)
    table.show(timed())
    assert [row["at"] for row in rows(table)] == ["1.250", "2.000"]
    assert find(table, LatencyBadge).text == "first words 2.0 s · done 2.0 s"
    assert table.recording.ttfb == 1.25


def test_an_empty_stream_is_reported():
    table = ChunkTable()
    assert table.show([]) == []
    assert find(table, Rows).note == "No chunk arrived."


class TestRow:
    def test_text_is_shown_with_its_spaces_newlines_and_emoji(self):
        assert row_of(AIMessageChunk(" moon\n🌙")) == {"text": "' moon\\n🌙'"}

    def test_finish_reason_and_usage_are_shown(self):
        metadata = {"finish_reason": "length"}
        row = row_of(AIMessageChunk("", response_metadata=metadata, usage_metadata=USAGE))
        assert (row["finish"], row["usage"]) == ("length", "12 in · 31 out")

    @pytest.mark.parametrize(
        ("piece", "shown"),
        [
            ({"index": 0, "name": "get_weather", "args": ""}, "[0] get_weather"),
            ({"index": 1, "name": None, "args": '{"ci'}, "[1] '{\"ci'"),
            ({"index": None, "name": "save", "args": None}, "save"),
        ],
    )
    def test_a_tool_call_chunk_shows_its_index_name_and_arguments(self, piece, shown):
        row = row_of({"content": "", "tool_call_chunks": [piece]})
        assert (row["tool"], "empty" in row) == (shown, False)

    def test_reasoning_blocks_have_their_own_cell(self):
        blocks = [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Yes."}]
        assert row_of({"content": blocks}) == {"text": "'Yes.'", "reasoning": "'Hm.'"}

    @pytest.mark.parametrize("item", [3, {"name": "Jo"}, None])
    def test_other_objects_are_shown_by_their_repr(self, item):
        assert row_of(item) == {"text": repr(item)}


def test_a_long_cell_is_truncated_on_the_page():
    table = ChunkTable()
    table.show(["x" * 10_000])
    (row,) = rows(table)
    assert row["text"].endswith("… (10,002 characters)")
    assert len(row["text"]) < 500
