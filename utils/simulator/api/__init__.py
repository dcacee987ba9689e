"""The two APIs. In each package, `request` parses requests and `encoder` encodes replies."""
