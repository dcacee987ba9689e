"""Table of the chunks in a stream."""
