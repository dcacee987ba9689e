"""Code shared by all widgets: page synchronisation, stream reading, throttling and theming."""
