"""What the widgets share: page synchronisation, stream reading with Stop, throttling and theme."""
