"""The source keeps the rules of rules.py, and each rule finds what it is for."""

from pathlib import Path

import pytest

from tests.hardening.rules import RULES, find_breaks, find_unescaped

pytestmark = pytest.mark.tools

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "quartapp"
FILES = sorted(PACKAGE.rglob("*.py"))

# A rule, a file with so many lines that may break it, and why: anything else is a fault.
NUMBERS = "numbers and names of ours, in statements that take no parameters"
ESCAPED = "what the template has escaped"
ALLOWED = {
    ("builds_text", "services/backup.py", 1): NUMBERS,
    ("builds_text", "services/retention.py", 2): NUMBERS,
    ("builds_sql", "services/backup.py", 1): NUMBERS,
    ("builds_sql", "services/retention.py", 2): NUMBERS,
    ("builds_sql", "database/turns.py", 1): NUMBERS,
    ("suppresses_all", "log/__init__.py", 1): "nothing can be said where the log itself fails",
    ("marks_up", "cache/fragment.py", 1): ESCAPED,
    ("marks_up", "web/entity/listing.py", 1): ESCAPED,
    ("marks_up", "web/second_factor/picture.py", 1): "black and white squares of its library",
    ("rolls_dice", "services/result.py", 1): "spreads looks over time, and guards nothing",
    (
        "loads_anything",
        "cli/shell.py",
        1,
    ): "the operator's own file, at a prompt that runs anything",
}

BAD = {
    "builds_text": [
        'text(f"SELECT {name}")',
        'text("SELECT " + name)',
        'sa.text("SELECT %s" % name)',
        'connection.exec_driver_sql("PRAGMA {}".format(name))',
        'text(",".join(names))',
    ],
    "builds_sql": [
        'q = f"SELECT {name} FROM a"',
        'q = "DELETE FROM " + name',
        'q = "UPDATE %s" % a',
    ],
    "shares_session": [
        "await asyncio.gather(get_a(session), get_b(session))",
        "tasks.create_task(get_a(db.session, 1))",
    ],
    "swallows_all": [
        "try:\n    a()\nexcept:\n    b()",
        "try:\n    a()\nexcept Exception:\n    pass",
        "while 1:\n    try:\n        a()\n    except BaseException:\n        continue",
    ],
    "suppresses_all": ["with suppress(Exception):\n    a()"],
    "marks_up": ["Markup(text)", 'markupsafe.Markup(f"<b>{name}")'],
    "asks_a_shell": [
        'subprocess.run("ls", shell=True)',
        'os.system("ls")',
        "Popen(a, shell=given)",
    ],
    "verifies_nothing": ["get(url, verify=False)", "get(url, ssl=False)", "a = ssl.CERT_NONE"],
    "takes_naive_time": [
        "datetime.now()",
        "datetime.utcnow()",
        "datetime.datetime.now()",
        "datetime.fromtimestamp(1)",
    ],
    "rolls_dice": ["random.choice(letters)", "random.SystemRandom()"],
    "compares_secrets": [
        "if token == given:\n    a()",
        "a = row.secret != b",
        "a = b == self.token",
    ],
    "loads_anything": ["import pickle", "from pickle import loads", "yaml.load(a)", "eval(a)"],
    "redirects_anywhere": [
        'redirect(request.args["next"])',
        "redirect(request.referrer)",
        'redirect(f"{request.url}/")',
    ],
}
GOOD = {
    "builds_text": ['text("SELECT 1 " "FROM a")', 'text("a" + "b")', "text(QUERY)"],
    "builds_sql": ['q = f"{name} was changed"', 'q = "Select a site" + name'],
    "shares_session": ["await asyncio.gather(look(a), look(b))"],
    "swallows_all": ["try:\n    a()\nexcept Exception:\n    logger.exception(b)"],
    "suppresses_all": ["with suppress(OSError):\n    a()"],
    "marks_up": ['Markup("<b>")'],
    "asks_a_shell": ['subprocess.run(["ls"])', "run(a, shell=False)"],
    "verifies_nothing": ["get(url, verify=True)", "get(url, ssl=context)"],
    "takes_naive_time": ["datetime.now(UTC)", "datetime.fromtimestamp(1, UTC)", "utcnow()"],
    "rolls_dice": ["secrets.choice(letters)"],
    "compares_secrets": [
        "compare_digest(token, given)",
        "a = Link.token == token",
        'a = kind == "token"',
    ],
    "loads_anything": ["import json", "yaml.safe_load(a)", "json.loads(a)"],
    "redirects_anywhere": ['redirect(url_for("a"))', "redirect(find_next(request.args['a']))"],
}


@pytest.mark.parametrize("name", RULES)
def test_source_keeps_the_rule(name: str) -> None:
    breaks = {path: find_breaks(path.read_text(), RULES[name]) for path in FILES}
    found = [
        (name, path.relative_to(PACKAGE).as_posix(), len(lines))
        for path, lines in breaks.items()
        if lines
    ]

    assert sorted(found) == sorted(place for place in ALLOWED if place[0] == name)


@pytest.mark.parametrize("name", RULES)
def test_rule_finds_what_it_is_for(name: str) -> None:
    assert [code for code in BAD[name] if not find_breaks(code, RULES[name])] == []
    assert [code for code in GOOD[name] if find_breaks(code, RULES[name])] == []


def test_each_exception_has_a_reason() -> None:
    assert [place for place, reason in ALLOWED.items() if len(reason.split()) < 3] == []


def test_templates_escape_everything() -> None:
    paths = [one for one in (PACKAGE / "templates").rglob("*") if one.is_file()]
    found = [f"{path.name}: {hit}" for path in paths for hit in find_unescaped(path.read_text())]

    assert (len(paths) > 50, found) == (True, [])


@pytest.mark.parametrize("bad", ["{{ a | safe }}", "{{a|safe|trim}}", "{% autoescape false %}"])
def test_unescaped_value_of_a_template_is_found(bad: str) -> None:
    assert list(find_unescaped(f"<p>{bad}</p>")) == [bad]
    assert list(find_unescaped("<p>{{ a | escape }} a|safe</p>")) == []
