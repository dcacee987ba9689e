"""Environment variables for the programs that the commands and the tests start."""

import os
import re

TEST_SPEED = "5"  # the simulator's speed, relative to real time; a higher speed distorts timings

# Prefixes of variables that would change what is installed and where, which modules are found, or
# how Python, Jupyter, Matplotlib and the test tools work.
_UNWANTED = (
    "PYTHON",
    "VIRTUAL_ENV",  # IPython would import packages from it
    "PIP_",
    "UV_",
    "JUPYTER",
    "JPY_",
    "CONFIGPROXY_",  # JupyterHub's proxy
    "IPYTHON",
    "PYDEVD_",  # the debugger, which every kernel imports
    "MPLBACKEND",
    "MATPLOTLIBRC",
    "PYTEST_",
    "COV",  # coverage.py and its pytest plugin
    "RUFF_",
    "MYPY",
    "UVICORN_",  # this prefix and the next four: settings of the apps' frameworks
    "WEB_CONCURRENCY",
    "FORWARDED_ALLOW_IPS",
    "STREAMLIT_",
    "CHAINLIT_",
    "_ARGCOMPLETE",  # makes Jupyter output shell completions and exit
)
_WANTED = re.compile(  # exceptions to `_UNWANTED`
    "PYTHON(DONTWRITEBYTECODE|PYCACHEPREFIX|NOUSERSITE)"
    # download settings for pip and uv
    "|(PIP|UV)_.*(INDEX|FIND_LINKS|PROXY|HOST|CERT|TLS|KEYRING|CREDENTIALS|CACHE|TIMEOUT|RETRIES"
    "|CONCURRENT|OFFLINE|CONFIG).*"
)

# Prefixes of variables for real providers, tracing services and certificates.
_EXTERNAL = (
    "OPENAI_",
    "AZURE_OPENAI_",
    "LANGSMITH_",
    "LANGCHAIN_",
    "LC_OUTPUT_VERSION",
    "SSL_CERT_",
    "SSLKEYLOGFILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY")


def clean_environ(**more: str) -> dict[str, str]:
    """Return this process's environment variables, minus unwanted ones, plus `more`.

    With these variables, clients use no proxy for the loopback address, and Jupyter starts this
    Python environment's kernel, even if the user has registered another one.
    """
    environ = {
        name: value
        for name, value in os.environ.items()
        if _WANTED.fullmatch(name) or not name.startswith(_UNWANTED)
    }
    own = [os.environ[name] for name in ("NO_PROXY", "no_proxy") if os.environ.get(name)]
    # dict.fromkeys drops duplicates; "*" works only on its own
    direct = "*" if "*" in own else ",".join(["127.0.0.1", "localhost", *dict.fromkeys(own)])
    environ.update(NO_PROXY=direct, no_proxy=direct)
    environ.update(PYTHONUNBUFFERED="1", PYTHONUTF8="1", JUPYTER_PREFER_ENV_PATH="1")
    environ.update(more)
    return environ


def simulated_environ(**more: str) -> dict[str, str]:
    """Return environment variables for programs that need neither a provider nor a proxy."""
    environ = {
        name: value
        for name, value in clean_environ().items()
        if not name.startswith(_EXTERNAL) and name.upper() not in _PROXIES
    }
    return environ | more


def suite_environ() -> dict[str, str]:
    """Return variables for tests, with a sped-up simulator and without keys that could leak."""
    environ = simulated_environ(COURSE_SPEED=os.environ.get("COURSE_SPEED") or TEST_SPEED)
    # Without cached bytecode, hundreds of test processes would recompile the course's modules.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ
