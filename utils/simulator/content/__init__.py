"""The content of replies: text, tool calls, JSON, reasoning."""
