"""The `verdict` command: acts as a browser for an endpoint, and reports how well it streams.

`endpoint` sends requests and reads streams; `model` controls the simulator behind the app; `lines`
has the table, one function per line; `report` prints it.
"""
