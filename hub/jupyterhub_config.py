"""JupyterHub settings for a class on any hub; `course.py class` uses them too.

Load them at the top of your own `jupyterhub_config.py`:

    load_subconfig("…/streaming-course/hub/jupyterhub_config.py")

Then add your authenticator and spawner. `README.md` in this folder has complete recipes.
"""

from pathlib import Path

c = get_config()  # noqa: F821 -- defined by JupyterHub

# The notebook that opens after login. The recipes in README.md use the same folder.
LESSON_1 = "streaming-course/notebooks/01_enabling_streaming.ipynb"
c.Spawner.default_url = f"/lab/tree/{LESSON_1}"

# A whole class logs in at the same time. By default, learners get an error page if more than 100
# servers are starting, or if a server takes over a minute to start or half a minute to respond.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180

c.Spawner.environment = {
    # Turn off server features that the course does not use (see jupyter/jupyter_server_config.py).
    "JUPYTER_CONFIG_PATH": str(Path(__file__).resolve().parent / "jupyter"),
    # Run the garbage collector less often while Python starts (see python/sitecustomize.py).
    "PYTHONPATH": str(Path(__file__).resolve().parent / "python"),
    # Use the kernel of the server's own environment, where the course's packages are installed.
    "JUPYTER_PREFER_ENV_PATH": "1",
    # Lower the priority of notebook code, so that tokens arrive evenly on a busy machine.
    "COURSE_NICE": "10",
    # Don't start thread pools for linear algebra, which the course doesn't use.
    "OPENBLAS_NUM_THREADS": "1",
}

# Stop a learner's server on logout: an idle server shuts down its kernels, but not itself.
c.JupyterHub.shutdown_on_logout = True
