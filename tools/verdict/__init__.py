"""The `verdict` command: calls an endpoint as a browser would, and reports how well it streams.

The modules, in the order in which they are used:

- `__main__`: parses the options, and starts the app if they name one
- `wire_format`: how a question is sent, and where the text is in the reply's events or JSON
- `endpoint`: sends questions; `sockets` lets it reach apps that use websockets
- `stream`: a reply as it is read; `endings`: whether it ended like a complete reply
- `model`: the simulator behind the app, its faults and its log
- `case`: combines the above into a `Case`, the input for each line of the table
- `lines`: lists those lines, whose tests are in `delivery`, `failures` and `readers`
- `report`: formats the table

For maintainers, `tables` writes the tables in apps/README.md; `nginx` runs a proxy for one app.
"""
