"""A race between several replies, streamed side by side."""
