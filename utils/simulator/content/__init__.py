"""The content of replies: text, tool calls, JSON, reasoning.

`answer` chooses the parts. Tool arguments and JSON values are extracted from the prompt by
`extract`, or made up by `field_values`; `schema_values` assembles them.
"""
