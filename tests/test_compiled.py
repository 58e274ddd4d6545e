"""Compiled templates are kept beside the database, where nobody else could put code."""

import os
from pathlib import Path

import pytest
from jinja2 import Environment

from quartapp import create_app
from quartapp.compiled import open_compiled


def make_env(instance: Path, **settings: object) -> Environment:
    config = {"DATABASE_URL": "sqlite:///test.db", "INSTANCE_PATH": instance, "DEBUG": False}
    return create_app({**config, **settings}).jinja_env


def refuse_to_compile(*_args: object) -> None:
    raise AssertionError("it was compiled")


def test_next_start_compiles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_env(tmp_path).get_template("base.html")
    later = make_env(tmp_path)
    monkeypatch.setattr(later, "compile", refuse_to_compile)

    assert later.get_template("base.html").blocks.keys() >= {"content"}


def test_template_that_was_changed_is_compiled_again(tmp_path: Path) -> None:
    folder = open_compiled(tmp_path)
    assert folder is not None
    env = Environment(bytecode_cache=folder)
    rendered = []
    for text in ("one", "two"):
        env.cache.clear()  # type: ignore[union-attr]
        bucket = folder.get_bucket(env, "page.html", None, text)
        rendered.append(bucket.code is None)
        bucket.code = compile("pass", "page.html", "exec")
        folder.set_bucket(bucket)

    assert rendered == [True, True]


@pytest.mark.parametrize("settings", [{"TESTING": True}, {"DEBUG": True}])
def test_nothing_is_kept_where_templates_are_written(
    tmp_path: Path, settings: dict[str, bool]
) -> None:
    make_env(tmp_path, **settings).get_template("base.html")

    assert not (tmp_path / "templates").exists()


@pytest.mark.parametrize("name", [".", "templates", "templates/*"])
def test_folder_that_others_may_write_in_is_left_alone(tmp_path: Path, name: str) -> None:
    assert open_compiled(tmp_path) is not None
    (folder,) = tmp_path.glob(name) if name != "." else (tmp_path,)
    folder.chmod(0o777)

    assert open_compiled(tmp_path) is None
    assert make_env(tmp_path).get_template("base.html")


def test_folder_that_is_elsewhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "templates").symlink_to(tmp_path)

    assert open_compiled(tmp_path / "instance") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone gives files away")
def test_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    assert open_compiled(tmp_path) is not None
    os.chown(tmp_path / "templates", 65534, 65534)

    assert open_compiled(tmp_path) is None


def test_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "templates").write_text("a file")

    assert open_compiled(tmp_path) is None
    assert make_env(tmp_path).get_template("base.html")


def test_no_instance_is_made_for_it(tmp_path: Path) -> None:
    assert open_compiled(tmp_path / "instance") is None
    assert list(tmp_path.iterdir()) == []


def test_folder_that_has_gone_is_done_without(tmp_path: Path) -> None:
    env = make_env(tmp_path)
    (folder,) = (tmp_path / "templates").iterdir()
    folder.rmdir()

    assert env.get_template("base.html")
