"""The Chat Completions and Responses APIs.

In each package, `request` parses requests and `encoder` encodes replies.
"""
