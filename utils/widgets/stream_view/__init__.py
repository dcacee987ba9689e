"""Base of widgets that show a reply with a title, a badge and a Stop button."""
