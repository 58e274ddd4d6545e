"""The figures of each process, for Prometheus on the same machine."""

from pathlib import Path

import pytest

from tests.deploy.conftest import Mirror, answering
from tests.nginx import ROOT, write_nginx
from tests.outside import ask
from tests.processes import free_port
from tests.servers import start_nginx


@pytest.mark.parametrize(
    ("path", "status"), [("/1", 200), ("/2", 502), ("/", 404), ("/1/x", 404), ("/..%2f1", 400)]
)
def test_figures_are_asked_of_the_process_that_is_named(
    tmp_path: Path, path: str, status: int
) -> None:
    port, figures = free_port(), free_port()
    write_nginx(tmp_path, port, [tmp_path / "1.sock"])
    shipped = (ROOT / "deploy" / "nginx.d" / "metrics.conf").read_text()
    mine = shipped.replace("9145", str(figures)).replace("/run/quartapp", str(tmp_path))
    (tmp_path / "nginx.d" / "metrics.conf").write_text(mine)
    with (tmp_path / "nginx.d" / "http.conf").open("a") as file:
        file.write("include nginx.d/metrics.conf;\n")

    with answering(tmp_path / "1.sock", Mirror), start_nginx(tmp_path, port):
        reply = ask(("127.0.0.1", figures), path, {"Authorization": "Basic eA=="})

    assert reply.status == status
    if status == 200:
        head = reply.body.splitlines()
        assert head[0] == "GET /metrics HTTP/1.1"
        assert "Authorization: Basic eA==" in head
