"""The servers of the tests: they answer, they end, and they say why when they cannot start."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncmy
import asyncpg
import pytest
from redis import Redis

from tests.processes import IMPORTS
from tests.servers import (
    Server,
    ServerError,
    check_nginx,
    create_database,
    drop_database,
    free_port,
    is_running,
    start_valkey,
)


async def test_postgres_answers(postgres_server: Server) -> None:
    connection = await asyncpg.connect(postgres_server.url.replace("+asyncpg", ""))
    encoding, collation = await connection.fetchrow(
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database LIMIT 1"
    )
    await connection.close()

    assert (encoding, collation) == ("UTF8", "C.UTF-8")


async def test_mariadb_answers(mariadb_server: Server) -> None:
    connection = await asyncmy.connect(host="127.0.0.1", port=mariadb_server.port, user="root")
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT @@character_set_server, @@default_storage_engine")
        row = await cursor.fetchone()
    connection.close()

    assert row == ("utf8mb4", "InnoDB")


def test_valkey_answers(valkey_server: Server) -> None:
    with Redis.from_url(valkey_server.url) as client:
        client.set("a", "b")

        assert client.get("a") == b"b"


async def test_a_database_is_made_and_removed(postgres_server: Server) -> None:
    url = create_database(postgres_server, "made_here")
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("CREATE TABLE copied (id int)")
    await connection.close()
    copy = create_database(postgres_server, "copied_here", template="made_here")
    connection = await asyncpg.connect(copy.replace("+asyncpg", ""))
    rows = await connection.fetchval("SELECT count(*) FROM copied")
    drop_database(postgres_server, "copied_here")
    drop_database(postgres_server, "made_here")
    connection.terminate()

    assert rows == 0
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url.replace("+asyncpg", ""))


def test_mariadb_database_is_made_and_removed(mariadb_server: Server) -> None:
    url = create_database(mariadb_server, "made_here")
    drop_database(mariadb_server, "made_here")

    assert url == f"mysql+asyncmy://root@127.0.0.1:{mariadb_server.port}/made_here"
    assert create_database(mariadb_server, "made_here") == url
    drop_database(mariadb_server, "made_here")


def test_a_stopped_server_leaves_nothing() -> None:
    with start_valkey() as server:
        assert is_running(server.pid)
        assert server.folder.is_dir()

    assert not is_running(server.pid)
    assert not server.folder.exists()


def test_a_killed_test_run_leaves_nothing() -> None:
    script = (
        "import time; from tests.servers import start_valkey\n"
        "with start_valkey() as server:\n"
        "    print(server.pid, server.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], env=os.environ | IMPORTS, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        pid, folder = run.stdout.readline().split()
        run.kill()

    deadline = time.monotonic() + 10
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not Path(folder).exists()
    assert not is_running(int(pid))


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("tests.servers.free_port", lambda: port)

        with pytest.raises(ServerError, match="already in use"), start_valkey():
            pass


def test_a_wrong_nginx_configuration_says_why(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("events {}\nhttp { nonsense on; }\n")

    with pytest.raises(ServerError, match='unknown directive "nonsense"'):
        check_nginx(tmp_path)


def test_free_ports_differ() -> None:
    assert len({free_port() for _ in range(50)}) == 50


def test_a_free_port_is_kept_from_all_but_the_server_that_it_is_for() -> None:
    port = free_port()

    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)) as server:
        socket.create_connection(server.getsockname()).close()
