"""The settings in `hub/`, and its recipes: a cluster, a single server, an image."""

import os
import re
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from traitlets.config.loader import PyFileConfigLoader

from hub.class_test.schedule import LESSON_1, MB_EACH
from hub.class_test.temporary_hub import COURSE
from tools.programs import ROOT

HUB = ROOT / "hub"
CLUSTER = yaml.safe_load((HUB / "zero-to-jupyterhub" / "values.yaml").read_text("utf-8"))


def settings(file: Path) -> Any:
    return PyFileConfigLoader(file.name, str(file.parent)).load_config()


def a_server_that_loaded_its_settings(script: str, *words: str, **environ: str) -> str:
    """Run a script with a learner's server settings in `c`; return the script's output."""
    load = f"""
        import sys
        from traitlets.config.loader import PyFileConfigLoader
        c = PyFileConfigLoader("jupyter_server_config.py", {str(HUB / "jupyter")!r}).load_config()
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(load) + textwrap.dedent(script), *words],
        env=os.environ | environ,
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


def test_hub_and_servers_know_each_of_their_settings(monkeypatch):
    pytest.importorskip("jupyterhub", reason="JupyterHub does not run on Windows")
    from jupyter_client.manager import KernelManager
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
    from jupyterhub.app import JupyterHub
    from jupyterhub.spawner import Spawner
    from jupyterlab.labapp import LabApp
    from traitlets.config import Application

    # Loading the settings changes this value; monkeypatch restores it after the test.
    monkeypatch.setattr("jupyterlab.commands._yarn_config", None)
    server = (ServerApp, MappingKernelManager, KernelManager, LabApp, Application)
    known = {one.__name__: one for one in (*server, JupyterHub, Spawner)}
    for file in ("jupyter/jupyter_server_config.py", "jupyterhub_config.py"):
        for name, values in settings(HUB / file).items():
            assert set(values) <= set(known[name].class_trait_names(config=True)), name


def test_a_learners_server_starts_no_program_to_look_up_registries():
    script = """
        sys.addaudithook(lambda event, about: event == "subprocess.Popen" and print(about[1]))
        from jupyterlab import commands
        commands.which = lambda name: f"/bin/{name}"
        print(commands.AppOptions().registry)
    """
    assert a_server_that_loaded_its_settings(script).startswith("https://")


def test_a_learners_server_sends_each_message_immediately():
    script = """
        from types import SimpleNamespace
        class Connection(c.ServerApp.kernel_websocket_connection_class):
            websocket_handler = SimpleNamespace(set_nodelay=print)
            __init__ = multi_kernel_manager = kernel_id = lambda *_: None
        try:
            Connection().connect()
        except Exception:
            pass  # there is no kernel
    """
    assert a_server_that_loaded_its_settings(script) == "True\n"


def test_a_learners_server_receives_a_kernels_states_but_not_its_text(tmp_path):
    script = """
        import asyncio

        async def main():
            manager = c.ServerApp.kernel_manager_class(connection_dir=sys.argv[1])
            number = await manager.start_kernel()
            kernel = manager._kernels[number]
            client = kernel.client()
            client.start_channels()
            await client.wait_for_ready()
            received = []
            pass_on = kernel._activity_stream._recv_callback

            def note(parts):  # the first part is a topic, such as kernel.ID.status
                received.append(parts[0].rpartition(b".")[2])
                pass_on(parts)

            kernel._activity_stream.on_recv(note)
            client.execute("print('text')")
            while b"execute_input" not in received or kernel.execution_state != "idle":
                await asyncio.sleep(0.01)
            print(*sorted({word.decode() for word in received}), kernel.execution_state)
            client.stop_channels()
            await manager.shutdown_kernel(number, now=True)

        asyncio.run(asyncio.wait_for(main(), 240))
    """
    assert a_server_that_loaded_its_settings(script, str(tmp_path)) == "execute_input status idle\n"


@pytest.mark.parametrize(("folder", "by_file"), [("/run/ada", True), (f"/{'long' * 15}", False)])
def test_kernels_use_unix_sockets_if_the_path_is_short_enough(folder, by_file):
    script = "print(c.KernelManager.get('transport', 'tcp'))"
    output = a_server_that_loaded_its_settings(script, JUPYTER_RUNTIME_DIR=folder)
    assert output.strip() == ("ipc" if by_file else "tcp")
    socket = f"{folder}/kernel-{uuid.uuid4()}-ipc-5"
    assert (len(socket) < 104) is by_file  # macOS's limit on socket paths, lower than Linux's


def test_every_learner_opens_lesson_1_with_the_lightweight_settings():
    spawner = settings(HUB / "jupyterhub_config.py").Spawner
    assert spawner.default_url == f"/lab/tree/{COURSE}/{LESSON_1}"
    assert CLUSTER["singleuser"]["defaultUrl"] == spawner.default_url
    where = spawner.environment["JUPYTER_CONFIG_PATH"]
    assert (Path(where) / "jupyter_server_config.py").exists()
    overrides = Path(where, "labconfig/default_setting_overrides.json").read_text("utf-8")
    assert '"fetchNews": "false"' in overrides, "no page may ask to show news"
    print_it = [sys.executable, "-c", "import gc; print(gc.get_threshold()[0])"]
    environ = os.environ | {"PYTHONPATH": spawner.environment["PYTHONPATH"]}
    result = subprocess.run(print_it, env=environ, check=True, capture_output=True)
    assert int(result.stdout) > 100_000, "garbage must be collected less often"


def test_a_cluster_lets_a_whole_class_start_and_gives_more_than_was_measured():
    assert CLUSTER["hub"]["concurrentSpawnLimit"] >= 30
    memory = CLUSTER["singleuser"]["memory"]
    assert int(memory["guarantee"].removesuffix("M")) >= 2 * MB_EACH
    small = yaml.safe_load((HUB / "tljh" / "config.yaml").read_text("utf-8"))
    assert small["limits"]["memory"] == memory["limit"]


def test_the_recipes_name_one_folder_for_the_course_and_existing_files():
    pulled = CLUSTER["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    assert re.fullmatch(rf"gitpuller \S+ main {COURSE} \|\| true", pulled[-1])
    readme = (HUB / "README.md").read_text(encoding="utf-8")
    path = f"{COURSE}%2F{quote(LESSON_1, safe='')}"
    assert f"targetPath={COURSE}&urlpath=lab%2Ftree%2F{path}" in readme
    assert "tljh-config set users." not in readme, "lists of users need add-item"
    small = (HUB / "tljh" / "streaming_course.py").read_text(encoding="utf-8")
    assert re.findall(rf"/srv/{COURSE}/([\w/.]+)", small) == ["hub/jupyterhub_config.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="images are made on Linux and macOS")
def test_an_image_gets_the_lightweight_settings_and_the_puller_that_the_readme_names():
    script = ROOT / "postBuild"
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    (folder,) = re.findall(r"^cp -r (\S+)/\. ", text, flags=re.MULTILINE)
    assert (ROOT / folder / "jupyter_server_config.py").exists()
    (puller,) = re.findall(r"nbgitpuller==[\d.]+", text)
    assert puller in (HUB / "README.md").read_text(encoding="utf-8")
