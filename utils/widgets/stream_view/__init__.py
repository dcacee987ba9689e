"""The base class of widgets that show a reply, a title, a badge and a Stop button."""
