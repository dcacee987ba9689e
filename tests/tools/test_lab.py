"""`course.py lab`: what it serves, regardless of user settings, and how it stops.

`Lab` runs the command as a process. `left_after` stops it in one of `WAYS`, and returns the
processes, ports and folders that remain.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.simulator.orphans import PATIENCE, stream
from tests.tools.running_lab import WAYS, Lab, kernel, left_after
from tools import programs
from tools.env_vars import clean_environ
from tools.lab import LESSON_1, open_in_browser
from tools.lab_supervisor import marked

DEAD = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Lab]:
    # The proxy doesn't respond, so the course's own requests would fail if they used it. The home
    # folder is a file, so that not even root can create anything in it.
    home = tmp_path_factory.mktemp("no") / "home"
    home.touch()
    variables = dict.fromkeys(("HTTP_PROXY", "http_proxy"), DEAD)
    variables |= dict.fromkeys(("HOME", "USERPROFILE", "APPDATA"), str(home))
    opened = Lab(variables=variables)
    yield opened
    if opened.process.poll() is None:
        opened.interrupt()


def test_lab_opens_lesson_1_on_the_loopback_address(running: Lab):
    assert running.address.hostname == "127.0.0.1"
    assert running.ask("GET", running.address.path)[0] == 200
    assert running.address.path == f"/lab/tree/{LESSON_1}"
    assert running.ask("GET", f"/api/contents/{LESSON_1}")[0] == 200


def test_the_token_is_on_no_command_line(running: Lab):
    family = running.family()
    assert family
    assert not any(running.token in word for process in family for word in process.cmdline())


def test_lab_does_not_ask_about_news(running: Lab):
    status, body = running.ask(
        "GET", "/lab/api/settings/@jupyterlab/apputils-extension:notification"
    )
    assert status == 200
    assert json.loads(body)["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_lab_has_terminals(running: Lab):
    assert running.ask("GET", "/api/terminals") == (200, b"[]")


def test_ctrl_c_ends_lab_busy_kernels_and_a_simulator(running: Lab):
    """This must be the last test that uses `running`, since it stops JupyterLab."""
    with kernel(running) as reading, kernel(running) as client:
        _, simulators_pid = stream(reading)  # makes the kernel read a reply
        family = running.family()
        assert simulators_pid in [process.pid for process in family]
        assert len(family) >= 5, "JupyterLab, its supervisor, two kernels, a simulator"
        client.execute("print('running', flush=True)\nwhile True: pass")
        while client.get_iopub_msg(timeout=PATIENCE)["msg_type"] != "stream":
            pass
        code, printed = running.interrupt()
    assert code == 0
    assert "Stopping JupyterLab and its kernels." in printed
    assert "Traceback" not in printed
    if sys.platform == "linux":
        assert "WARNING" not in printed, "kernels must use Unix sockets"
    assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []


# --- User settings


CRASHING = "raise RuntimeError('this extension crashes')"
CONFIGURATION = """
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 1
c.ServerApp.sock = "/nowhere/socket"
c.ServerApp.base_url = "/elsewhere/"
c.ServerApp.certfile = "/nowhere/cert.pem"
c.ServerApp.root_dir = "/nowhere"
c.ServerApp.open_browser = True
c.ServerApp.contents_manager_class = "nowhere.Contents"
c.ServerApp.jpserver_extensions = {"crashing": True}
c.ServerApp.password = "argon2:nothing"
c.PasswordIdentityProvider.hashed_password = "argon2:nothing"
c.IdentityProvider.token = "theirs"
c.GatewayClient.url = "http://127.0.0.1:9"
c.MultiKernelManager.default_kernel_name = "theirs"
c.KernelSpecManager.allowed_kernelspecs = {"theirs"}
c.KernelManager.ip = "10.0.0.1"
c.LabApp.app_dir = "/nowhere"
"""
# JupyterLab's extension manager accepts neither of these.
PROXIES = {"http_proxy": "127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}
KERNEL = {"argv": ["/nowhere/python"], "display_name": "Theirs", "language": "python"}
ANOTHER_VENV = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def user_settings(folder: Path) -> dict[str, str]:
    """Write user settings of every kind; return the environment variables that point to them."""
    texts = {
        "config/jupyter_config.py": CONFIGURATION,
        "config/jupyter_server_config.py": CONFIGURATION,
        "config/jupyter_server_config.json": json.dumps({"ServerApp": {"sock": "/nowhere/s"}}),
        "config/jupyter_server_config.d/theirs.json": json.dumps(
            {"ServerApp": {"jpserver_extensions": {"crashing": True}}}
        ),
        "config/jupyter_lab_config.py": CONFIGURATION,
        "config/jupyter_jupyter_server_terminals_config.py": CONFIGURATION,
        "config/labconfig/page_config.json": json.dumps(
            {"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": True}}
        ),
        "config/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings": (
            '{"theme": "JupyterLab Dark"}'
        ),
        "data/kernels/python3/kernel.json": json.dumps(KERNEL),
        "ipython/profile_default/ipython_config.py": "c.InteractiveShell.autoawait = False",
        "ipython/profile_default/startup/first.py": "raise SystemExit('not today')",
        "modules/crashing.py": CRASHING,
        "modules/sitecustomize.py": "print('hi')",
        "modules/startup.py": "raise SystemExit('not today')",
        f"venv/{ANOTHER_VENV}/langchain_core/__init__.py": CRASHING,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_CONFIG_PATH": str(folder / "config"),
        "JUPYTER_PATH": str(folder / "data"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": "/nowhere",
        "JUPYTERLAB_DIR": "/nowhere",
        "JUPYTER_PORT": "1",
        "JUPYTER_TOKEN": "theirs",
        "JUPYTER_PREFER_ENV_PATH": "0",
        "JUPYTER_GATEWAY_URL": DEAD,
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
        "JPY_PARENT_PID": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "VIRTUAL_ENV": str(folder / "venv"),
        "PYTHONPATH": str(folder / "modules"),
        "PYTHONSTARTUP": str(folder / "modules" / "startup.py"),
        "PYTHONWARNINGS": "default",
        "MPLBACKEND": "TkAgg",
        "PYDEVD_USE_CYTHON": "perhaps",
        **PROXIES,
    }


CELL = f"""
import asyncio, langchain_core, os, sys
await asyncio.sleep(0)
print(sys.executable, os.environ["MPLBACKEND"], *map(os.environ.get, {list(PROXIES)}), end="")
"""


def test_a_users_jupyter_settings_change_nothing_but_the_theme(tmp_path):
    lab = Lab(variables=user_settings(tmp_path))
    try:
        assert lab.address.hostname == "127.0.0.1"
        assert lab.ask("GET", lab.address.path)[0] == 200
        assert lab.ask("GET", "/api/contents", token="theirs")[0] == 403
        assert lab.ask("GET", f"/api/contents/{LESSON_1}?content=0")[0] == 200
        specs = json.loads(lab.ask("GET", "/api/kernelspecs")[1])
        assert (specs["default"], list(specs["kernelspecs"])) == ("python3", ["python3"])
        page = lab.ask("GET", "/lab")[1].decode()
        (config,) = re.findall(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
        assert json.loads(config)["disabledExtensions"] == []
        theme = lab.ask("GET", "/lab/api/settings/@jupyterlab/apputils-extension:themes")[1]
        assert json.loads(theme)["settings"] == {"theme": "JupyterLab Dark"}, "the theme is kept"
        with kernel(lab) as client:
            messages = []
            reply = client.execute_interactive(CELL, timeout=PATIENCE, output_hook=messages.append)
        assert reply["content"]["status"] == "ok", reply["content"]
        printed = "".join(message["content"].get("text", "") for message in messages)
        backend = "module://matplotlib_inline.backend_inline"
        assert printed == " ".join([sys.executable, backend, *PROXIES.values()])
    finally:
        code, more = lab.interrupt()
    assert code == 0
    assert "Traceback" not in "".join([*lab.printed, more])


def test_a_damaged_file_of_settings_is_named_and_not_used(tmp_path):
    file = tmp_path / "apputils-extension" / "themes.jupyterlab-settings"
    file.parent.mkdir()
    file.write_text('{"theme"', encoding="utf-8")
    lab = Lab(variables={"JUPYTERLAB_SETTINGS_DIR": str(tmp_path)})
    try:
        assert lab.ask("GET", "/lab/api/settings")[0] == 200
    finally:
        printed = "".join([*lab.printed, lab.interrupt()[1]])
    assert f"{file} can't be read; correct or delete it." in printed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such users")
def test_a_user_without_a_home_gets_one(tmp_path, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda number: {}[number])
    with pytest.raises(RuntimeError):
        Path.home()
    programs.provide_home(tmp_path)
    assert Path.home() == tmp_path


@pytest.mark.parametrize(
    ("upper", "lower", "direct"),
    [
        ("", "intern.example", "127.0.0.1,localhost,intern.example"),
        ("a.example", "a.example", "127.0.0.1,localhost,a.example"),
        ("a.example", "b.example", "127.0.0.1,localhost,a.example,b.example"),
        ("", "*", "*"),
    ],
)
def test_hosts_without_a_proxy_are_kept_in_either_spelling(upper, lower, direct, monkeypatch):
    monkeypatch.setenv("NO_PROXY", upper)
    monkeypatch.setenv("no_proxy", lower)
    environ = clean_environ()
    assert (environ["NO_PROXY"], environ["no_proxy"]) == (direct, direct)


def test_a_long_folder_for_temporary_files_is_avoided_where_there_is_another(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/private/" + "x" * 60)
    monkeypatch.setattr(programs, "WINDOWS", False)
    assert programs.folder_for_sockets() == ("/tmp" if os.access("/tmp", os.W_OK) else None)
    monkeypatch.setattr(programs, "WINDOWS", True)
    assert programs.folder_for_sockets() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has a graphical browser")
@pytest.mark.parametrize("value", [" ", "unbalanced '%s", "w3m"])
def test_a_browser_variable_that_names_no_graphical_browser(value, tmp_path):
    (tmp_path / "w3m").touch(0o755)
    program = "from tools.lab import a_browser_can_open; print(a_browser_can_open())"
    environ = {**os.environ, "BROWSER": value, "PATH": str(tmp_path), "DISPLAY": ":0"}
    result = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True)
    assert result.stdout.split() == [b"False"], result.stderr.decode()


def test_a_browser_that_runs_in_the_foreground_is_not_waited_for(monkeypatch):
    opened, closed = threading.Event(), threading.Event()
    monkeypatch.setattr("tools.lab.a_browser_can_open", lambda: True)
    monkeypatch.setattr("webbrowser.open", lambda _: opened.set() or closed.wait(PATIENCE))
    open_in_browser("http://127.0.0.1:1/")
    assert opened.wait(PATIENCE)
    closed.set()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_when_it_ends_while_a_reply_streams(way):
    assert left_after(way) == []


def test_no_process_is_found_if_proc_is_empty(monkeypatch):
    monkeypatch.setattr(psutil, "process_iter", lambda: [][0])  # raises IndexError, as it does then
    assert list(marked("COURSE_X")) == []
