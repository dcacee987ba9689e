"""A reply with its title, badge and Stop button, whatever shows its content."""
