"""What Prometheus asks as it is shipped is what the shipped units serve."""

import re

from tests.nginx import ROOT
from tests.papers import read_paper

DEPLOY = ROOT / "deploy"
ENABLED = re.compile(r"(?m)^systemctl enable --now (quartapp@1 .+)$")


def list_targets(job: str) -> list[str]:
    """Return whom Prometheus asks in a job."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    found = re.search(rf"job_name: {job}\n(?s:.)*?- targets: \[(?P<all>.*)\]", text)
    assert found
    return [name.strip('"') for name in found["all"].split(", ")]


def list_enabled(unit: str) -> list[str]:
    """Return the names of the processes that the paper has started."""
    (line,) = {*ENABLED.findall(read_paper("docs/operations.md"))}
    return re.findall(rf"\b{unit}@(\w+)", line)


def list_supervised(program: str) -> tuple[str, list[str]]:
    """Return the command of a program that supervisor keeps, and the numbers of its processes."""
    text = (DEPLOY / "supervisord.conf").read_text().partition(f"[program:{program}]")[2]
    command, count, first = (
        re.findall(rf"(?m)^{name}=(.+)$", text)[0]
        for name in ("command", "numprocs", "numprocs_start")
    )
    return command, [str(int(first) + number) for number in range(int(count))]


def test_each_process_that_serves_is_asked() -> None:
    sockets = (DEPLOY / "nginx.d" / "upstream.conf").read_text()

    assert list_targets("quartapp") == list_enabled("quartapp")
    assert list_targets("quartapp") == list_supervised("quartapp")[1]
    assert list_targets("quartapp") == re.findall(r"(?m)^server unix:.*/(\w+)\.sock ", sockets)


def test_each_worker_is_asked_where_it_tells() -> None:
    unit = (DEPLOY / "systemd" / "quartapp-worker@.service").read_text()
    (told,) = re.findall(r"(?m)^ExecStart=.* --metrics (\S+)$", unit)
    command, numbers = list_supervised("quartapp-worker")

    assert list_targets("quartapp-worker") == [
        told.replace("%i", name) for name in list_enabled("quartapp-worker")
    ]
    assert list_targets("quartapp-worker") == [
        command.partition(" --metrics ")[2] % {"process_num": int(number)} for number in numbers
    ]
