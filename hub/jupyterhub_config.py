"""JupyterHub settings for a class, whatever runs the hub; `course.py class` tries these very lines.

Load them at the top of your own `jupyterhub_config.py`:

    load_subconfig("…/streaming-course/hub/jupyterhub_config.py")

and add who may log in and where servers run. `README.md` beside this file has whole recipes.
"""

from pathlib import Path

c = get_config()  # noqa: F821 -- JupyterHub puts it there

# Everybody opens lesson 1, in a folder with the name that the recipes give it.
LESSON_1 = "streaming-course/notebooks/01_enabling_streaming.ipynb"
c.Spawner.default_url = f"/lab/tree/{LESSON_1}"

# A class comes through the door together. The usual limits, 100 servers starting at once and half
# a minute for each, are for people who come one by one: past them, learners get an error page.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180

c.Spawner.environment = {
    # Server extensions that the course does not use cost each learner time and memory.
    "JUPYTER_CONFIG_PATH": str(Path(__file__).resolve().parent / "jupyter"),
    # Every Python of a learner starts with a garbage collector that waits (python/).
    "PYTHONPATH": str(Path(__file__).resolve().parent / "python"),
    # The kernel is that of the server's own environment, with the course's packages.
    "JUPYTER_PREFER_ENV_PATH": "1",
    # A notebook's own code steps back for what passes text on: on full cores, tokens come evenly.
    "COURSE_NICE": "10",
    # Threads for sums that nobody does here, in every kernel.
    "OPENBLAS_NUM_THREADS": "1",
}

# A server that nobody looks at is kept for the length of a break, a kernel as well (jupyter/).
c.JupyterHub.shutdown_on_logout = True
