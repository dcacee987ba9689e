"""The content of replies: text, tool calls, JSON, reasoning.

`answer` chooses. Arguments and JSON are found in the prompt, by `extract`, or made up by
`field_values`; `schema_values` puts them together.
"""
