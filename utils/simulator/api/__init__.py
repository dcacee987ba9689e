"""The two protocols, a folder each: `request` parses a request, `encoder` encodes the reply."""
