"""Status line that shows the stages of a run."""
