"""A reply with its title, badge and Stop button, for any kind of content."""
