"""The `verdict` command: plays a browser against an endpoint, and reports whether it streams.

`endpoint` sends requests and reads what comes; `model` controls the simulator behind the app;
`lines` holds the table, one function a line; `report` prints it.
"""
