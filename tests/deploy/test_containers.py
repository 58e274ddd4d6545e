"""The image and the compose file, read as docker would: there is none where the tests run."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from quart import Quart

from quartapp.config import Config
from tests.nginx import ROOT
from tests.papers import check_command

DEPLOY = ROOT / "deploy"
SETTINGS = {*Config.model_fields, "APP_SETTINGS"}
OF_PYTHON = {"PATH", "PYTHONDONTWRITEBYTECODE"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run the image."""
    services = compose["services"].items()
    return {name: service for name, service in services if service["image"] == "quartapp"}


@pytest.fixture(scope="module")
def image() -> dict[str, str]:
    """What each instruction of the last stage of the Dockerfile says, the last of its kind."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").rpartition("\nFROM ")[2]
    return dict(re.findall(r"(?m)^([A-Z]+) (.+)$", text))


def read_lines(start: str) -> list[str]:
    """Return what the paragraph of the compose file that begins so says to type."""
    text = (DEPLOY / "compose.yaml").read_text().partition(start)[2]
    return re.findall(r"(?m)^#   (.+)$", re.split(r"(?m)^(?:# [A-Z]|name:)", text)[0])


async def test_commands_of_the_containers_are_taken(
    app: Quart, image: dict[str, str], ours: dict[str, dict[str, Any]]
) -> None:
    (program,) = json.loads(image["ENTRYPOINT"])
    default = json.loads(image["CMD"])
    commands = [one.get("command", default) for one in ours.values() if "entrypoint" not in one]

    assert commands == [
        ["db", "upgrade", "--wait"],
        ["serve", "--bind", "0.0.0.0:8000"],
        ["worker"],
    ]
    for command in commands:
        check_command(" ".join([program, *command]), app)


def test_environment_of_the_containers_is_settings(
    image: dict[str, str], ours: dict[str, dict[str, Any]]
) -> None:
    shared = {name for one in ours.values() for name in one["environment"]}
    own = set(re.findall(r"(\w+)=", image["ENV"])) - OF_PYTHON

    assert {name.removesuffix("_FILE") for name in shared | own} <= SETTINGS
    assert {"APP_SETTINGS", "DATABASE_URL_FILE", "SECRET_KEY_FILE"} <= shared | own


def test_secrets_are_where_the_services_look(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        given = service.get("environment", {}).items()
        wanted = {value for setting, value in given if setting.endswith("_FILE")}
        got = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}

        assert (name, wanted if got else got) == (name, got)
        assert {*service.get("secrets", [])} <= compose["secrets"].keys()


def test_image_is_built_by_one_service(ours: dict[str, dict[str, Any]]) -> None:
    """Several that build the same at once end with `image already exists`."""
    assert [name for name, one in ours.items() if "build" in one] == ["migrate"]
    assert ours["migrate"]["build"] == {
        "context": "..",
        "dockerfile": "deploy/Dockerfile",
        "args": {"EXTRAS": "${EXTRAS:-}"},
    }


def test_what_services_name_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        volumes = [volume.partition(":")[0] for volume in service.get("volumes", [])]

        assert service.get("depends_on", {}).keys() <= compose["services"].keys()
        assert {*service.get("networks", [])} <= compose["networks"].keys()
        assert {one for one in volumes if one[0] != "."} <= compose["volumes"].keys()


def test_settings_of_the_papers_have_a_way_in(ours: dict[str, dict[str, Any]]) -> None:
    """All but `static`, which copies files as root."""
    ways = {name: one["env_file"] for name, one in ours.items()}
    given = [{"path": "quartapp.env", "required": False}]

    assert ways == {"migrate": given, "static": [], "web": given, "worker": given}


def test_processes_get_out_and_nginx_comes_in_where_it_is_trusted(compose: dict[str, Any]) -> None:
    networks = {name: {*one.get("networks", [])} for name, one in compose["services"].items()}
    open_ = {name for name, one in compose["networks"].items() if not one.get("internal")}

    assert [bool(networks[name] & open_) for name in ("web", "worker")] == [True, True]
    assert networks["web"] & networks["nginx"] == {"front"}
    (subnet,) = compose["networks"]["front"]["ipam"]["config"]
    trusted = compose["services"]["web"]["environment"]["TRUSTED_PROXIES"]
    assert subnet == {"subnet": trusted}


def test_extras_that_the_image_may_have_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    image = (DEPLOY / "Dockerfile").read_text()
    (line,) = [line for line in read_lines("# Later, ") if line.startswith("echo EXTRAS=")]
    named = line.removeprefix("echo EXTRAS=").split()[0].split(",")

    assert {*named} <= {*project["optional-dependencies"]}
    assert 'ARG EXTRAS=""\nRUN test -z "$EXTRAS"' in image
    assert '".[$EXTRAS]"' in image.partition("ARG EXTRAS")[2].partition("\nFROM ")[0]


def test_backup_is_written_to_a_folder_of_the_user_of_the_image(app: Quart) -> None:
    owner, command = read_lines("# Later, ")[-2:]
    user = re.search(r"--uid (\d+)", (DEPLOY / "Dockerfile").read_text())
    head, _, words = command.partition(" migrate ")

    assert user
    assert owner.startswith(f"sudo install -d -m 700 -o {user[1]} backups ")
    assert head == 'docker compose run --rm --volume "$PWD/backups:/backups"'
    assert words.startswith('backup "/backups/')
    check_command(f"quartapp {words}", app)


def test_plain_http_is_published_to_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = {name: one.get("ports", []) for name, one in compose["services"].items()}

    assert {name: found for name, found in ports.items() if found} == {
        "nginx": ["127.0.0.1:8080:8080"]
    }


def test_files_that_are_mounted_over_others_have_a_place_there(compose: dict[str, Any]) -> None:
    """What is mounted to be read alone can get no new file to mount another one at."""
    volumes = [volume.split(":") for volume in compose["services"]["nginx"]["volumes"]]
    over = [target for _, target, *_ in volumes if target.startswith("/etc/nginx/nginx.d/")]
    places = [DEPLOY / target.removeprefix("/etc/nginx/") for target in over]

    assert [place.exists() for place in places] == [True] * 5


def test_healthcheck_asks_where_the_image_serves(image: dict[str, str]) -> None:
    bind = json.loads(image["CMD"])[-1]
    check = json.loads(image["HEALTHCHECK"].partition(" CMD ")[2])

    assert f"http://127.0.0.1:{bind.rpartition(':')[2]}/readyz" in check[2]
    assert image["EXPOSE"] == bind.rpartition(":")[2]
    compile(check[2], "HEALTHCHECK", "exec")


def test_first_lines_make_the_secrets_and_what_each_command_asks_for(
    tmp_path: Path, compose: dict[str, Any]
) -> None:
    lines = read_lines("# nginx, ")
    assert [line for line in lines if " docker " in f" {line}"] == [
        "docker compose up --detach --build",
        "docker compose run --rm migrate user setup-link",
    ]
    assert lines[0] == "cd deploy"

    script = "\n".join(line for line in lines[1:] if " docker " not in f" {line}")
    subprocess.run(["sh", "-euc", script], cwd=tmp_path, check=True)

    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+):\?", text))  # of each command, not of the first alone
    assert dotenv_values(tmp_path / ".env") == {"PUBLIC_URL": "https://sites.example.org"}
    assert asked == {"PUBLIC_URL"}
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    password = made["postgres_password"].strip()
    assert {f"./secrets/{name}" for name in made} == {
        secret["file"] for secret in compose["secrets"].values()
    }
    assert len(made["secret_key"].strip()) == 64
    assert made["database_url"] == f"postgresql://quartapp:{password}@postgres/quartapp\n"
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
