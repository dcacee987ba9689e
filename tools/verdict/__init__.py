"""The `verdict` command: acts as a browser for an endpoint, and reports how well it streams.

In the order in which a verdict is reached:

- `__main__`: the options, and the app if they start it
- `wire_format`: how a question is sent, and where the text is in the reply's events or JSON
- `endpoint`: sends questions; `sockets` lets it reach apps that use websockets
- `stream`: a reply as it is read; `endings`: whether it ended as complete ones do
- `model`: the simulator behind the app, its faults and its log
- `case`: the above, as the input of a line
- `lines`: the table, whose lines are in `delivery`, `failures` and `readers`
- `report`: prints it

For maintainers, `tables` writes apps/README.md's tables, with `nginx` in front of an app.
"""
