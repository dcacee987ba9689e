"""Runs nginx as a proxy in front of the FastAPI app, for tests and the table in apps/README.md."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from tools.app import FASTAPI, HOST, running, wait_until_it_listens
from tools.env_vars import clean_environ
from tools.lab import free_port
from tools.programs import ROOT

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
README = ROOT / "apps" / "README.md"

# The app with h11, uvicorn's default if only the app's own packages are installed. h11 answers
# nginx's HTTP/1.0 requests without chunked encoding, and nginx buffers such responses.
ALONE = replace(FASTAPI, command=(*FASTAPI.command, "--http", "h11"))

# Turns on buffering (nginx's default), even for responses with a header that turns it off.
BUFFERING = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr error;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream workers {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://workers;
      {settings}
    }}
  }}
}}
"""


def settings_in_the_readme() -> str:
    """Return the nginx settings that apps/README.md recommends, except `proxy_pass`."""
    block = README.read_text(encoding="utf-8").partition("```nginx\n")[2].partition("```")[0]
    assert "proxy_pass" in block
    return "\n".join(line for line in block.splitlines() if "proxy_pass" not in line)


@contextmanager
def behind_nginx(settings: str, folder: Path, *workers: str) -> Iterator[str]:
    """Run nginx in front of app workers, given by their URLs; yield nginx's URL."""
    port = free_port()
    servers = " ".join(f"server {urlsplit(url).netloc};" for url in workers)
    text = CONFIGURATION.format(folder=folder, port=port, servers=servers, settings=settings)
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with running(command, folder, clean_environ()) as child:
        wait_until_it_listens(child, port, "nginx")
        yield f"http://{HOST}:{port}"
