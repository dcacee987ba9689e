"""The two APIs; in each package, `request` parses requests and `encoder` encodes replies."""
