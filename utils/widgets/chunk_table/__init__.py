"""Table of a stream's chunks."""
