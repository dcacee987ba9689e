"""Starts kernels and scripts as forks of one process that has already done the slow imports.

A fork is a separate process with its own namespace, like a restarted kernel. Only third-party
modules that lessons import anyway are preloaded. Forking like this is only safe on Linux;
elsewhere, kernels and scripts start normally.

This file is also a program with two commands. All workers of a test run share one `serve` process,
which imports nothing until the first fork is requested. A test that would start `python ARGUMENTS`
starts `join ADDRESS ARGUMENTS` instead. `join` sends `serve` its arguments, folder and environment
as a line of JSON, along with its standard streams, for the fork to use. It then reads the fork's
process ID. Finally, it reads the fork's exit code and exits with the same code.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

IMPORTED = (
    "ipykernel.kernelapp",
    "langchain_openai",
    "openai.resources.chat",
    "anywidget",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "fastapi",
    "uvicorn",
)
# Settings for the imports: a kernel's usual Matplotlib backend, and no threads in numpy, since
# threads don't survive a fork.
ENVIRON = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "OPENBLAS_NUM_THREADS": "1"}

STDIN = 0


@contextmanager
def preloaded() -> Iterator[str | None]:
    """Run the forking process during the `with` block; yield its address (on Linux) or None."""
    if sys.platform != "linux":
        yield None
        return
    import subprocess
    import tempfile

    from tools.programs import folder_for_sockets

    with (
        tempfile.TemporaryDirectory(prefix="kernels-", dir=folder_for_sockets()) as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        address = str(Path(folder, "socket"))
        listener.bind(address)
        listener.listen()  # connections are queued until the server process is ready
        descriptor = listener.fileno()
        serve = [sys.executable, __file__, "serve", str(descriptor)]
        environ = os.environ | ENVIRON
        # The server exits when its stdin closes: when this process ends, even if it is killed.
        with subprocess.Popen(
            serve, stdin=subprocess.PIPE, pass_fds=[descriptor], env=environ
        ) as server:
            listener.close()  # so that connections are refused if the server dies
            try:
                yield address
            finally:
                server.terminate()


def command(address: str) -> list[str]:
    """Return the command that starts a kernel; `{connection_file}` is a placeholder."""
    return [*script_command(address), "-f", "{connection_file}"]


def script_command(address: str) -> list[str]:
    """Return the command that runs a script; the script's path and arguments must be appended."""
    return [sys.executable, "-S", __file__, "join", address]


def serve(descriptor: str) -> None:
    """Fork a process for each connection to a listening socket, until standard input closes."""
    import gc
    import importlib
    import select
    from io import BytesIO

    del sys.path[0]  # this file's folder, which isn't on a normal kernel's path
    # The process ID and connection of each fork, keyed by a file descriptor that signals its exit.
    forks: dict[int, tuple[int, socket.socket]] = {}
    with socket.socket(fileno=int(descriptor)) as listener:
        while True:
            ready, _, _ = select.select([listener, STDIN, *forks], [], [])
            if STDIN in ready:
                return
            for ended in forks.keys() & ready:
                pid, connection = forks.pop(ended)
                os.close(ended)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with connection, suppress(OSError):  # `join` may have been killed
                    connection.send(b"%d\n" % code)
            if listener not in ready:
                continue
            if "matplotlib.figure" not in sys.modules:
                modules = {name: importlib.import_module(name) for name in IMPORTED}
                figure = modules["matplotlib.figure"].Figure()
                figure.subplots().set_title("finds the font")
                figure.savefig(BytesIO())
                gc.freeze()  # so that a fork's garbage collection doesn't copy imported objects
            threads = os.listdir("/proc/self/task")  # noqa: PTH208
            assert len(threads) == 1, "a fork would lose the other threads"
            connection, _ = listener.accept()
            pid = os.fork()
            if pid == 0:
                listener.close()
                for _, other in forks.values():
                    other.close()
                # Restore the default handler: if pytest runs in the background, SIGINT is ignored.
                signal.signal(signal.SIGINT, signal.default_int_handler)
                run(connection)
                return
            forks[os.pidfd_open(pid)] = pid, connection


def run(connection: socket.socket) -> None:
    """In a fork, take over `join`'s standard streams and settings; run the kernel or script."""
    from threading import Thread

    from ipykernel.kernelapp import launch_new_instance

    request, files = b"", []
    while not request.endswith(b"\n"):
        part, more, _, _ = socket.recv_fds(connection, 1 << 16, 3)
        request, files = request + part, files + more
    settings: dict[str, Any] = json.loads(request)
    os.setsid()  # starts a process group, to which `join` forwards Ctrl-C
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(settings["folder"])
    os.environ.clear()
    os.environ.update(settings["environ"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    connection.send(b"%d\n" % os.getpid())
    Thread(target=end_with, args=(connection,), daemon=True).start()
    if settings["arguments"][0] == "-f":
        sys.argv = ["ipykernel_launcher", *settings["arguments"]]
        launch_new_instance(parent_handle=os.getppid())
    else:
        run_script(*settings["arguments"])


def run_script(path: str, *arguments: str) -> None:
    """Run a script as `python path …` would."""
    import runpy

    for number, name in enumerate(("stdin", "stdout", "stderr")):
        mode = "w" if number else "r"
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.argv = [path, *arguments]
    sys.path.insert(0, str(Path(path).parent))
    runpy.run_path(path, run_name="__main__")


def end_with(connection: socket.socket) -> None:
    """Exit this fork immediately when its `join` process is killed."""
    connection.recv(1)
    os._exit(1)


def join(address: str, *arguments: str) -> None:
    """Run Python with these arguments in a fork. Forward Ctrl-C, and exit with the same code."""
    process = ""

    def forward(number: int, _frame: object) -> None:
        if process:
            os.killpg(int(process), number)

    signal.signal(signal.SIGINT, forward)
    settings = {
        "arguments": arguments,
        "folder": os.getcwd(),  # noqa: PTH109
        "environ": dict(os.environ),
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [json.dumps(settings).encode() + b"\n"], [0, 1, 2])
        answers = connection.makefile()
        process = answers.readline()
        code = int(answers.readline() or 1)  # no line if `serve` was killed
    if code < 0:  # a signal killed the fork; exit the same way
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    {"serve": serve, "join": join}[sys.argv[1]](*sys.argv[2:])
