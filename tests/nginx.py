"""The nginx configuration that is shipped, with the includes that a test needs."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.outside import Address

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "quartapp" / "static"


def copy_nginx(folder: Path) -> None:
    """Put `nginx.conf` and `nginx.d/` into *folder*, as an operator does."""
    shutil.copy(ROOT / "deploy" / "nginx.conf", folder)
    shutil.copytree(ROOT / "deploy" / "nginx.d", folder / "nginx.d")


def write_nginx(
    folder: Path,
    port: int,
    processes: Sequence[Address],
    *,
    rate: str = "100000r/s",
    static: Path = STATIC,
    listen: str = "",
    idle: str = "1s",
    at_once: int = 600,
) -> None:
    """The same, with the five includes that differ: nginx on *port* in front of the *processes*."""
    user = "user root root;\n" if os.geteuid() == 0 else ""  # sees what the tests make
    shipped = (ROOT / "deploy" / "nginx.d" / "upstream.conf").read_text()
    servers = "".join(f"server {name_server(process)};\n" for process in processes)
    bounded = servers.replace(";", f" max_conns={at_once};")
    upstream = bounded + re.sub("(?m)^server .*$", "", shipped).replace(
        "keepalive_timeout 1s", f"keepalive_timeout {idle}"
    )
    includes = {
        "main": f"{user}pid {folder}/nginx.pid;\nerror_log stderr warn;\nworker_processes 1;\n",
        "upstream": upstream,
        "sockets": servers,
        "http": f"access_log {folder}/access.log json;\n"
        f"limit_req_zone $client zone=requests:1m rate={rate};\n"
        "limit_conn_zone $client zone=connections:1m;\n"
        f"proxy_cache_path {folder}/cache keys_zone=status:1m inactive=60s use_temp_path=off;\n",
        "site": f"listen 127.0.0.1:{port}{listen};\nset $static {static};\n",
    }
    copy_nginx(folder)
    for name, text in includes.items():
        (folder / "nginx.d" / f"{name}.conf").write_text(text)


def name_server(process: Address) -> str:
    """Return what `upstream.conf` says of a process on this machine, or on another one."""
    if isinstance(process, Path):
        return f"unix:{process} max_fails=0"
    return "{}:{} max_fails=1 fail_timeout=2s".format(*process)
