"""Scan the running application by sqlmap and wapiti, as nobody, an editor and an administrator.

On demand: the two are in no lock of ours, and one role takes them minutes. CONTRIBUTING.md says how
to start it. It ends with 1 when one of them has found something.
"""

import argparse
import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from werkzeug.routing import Rule

from quartapp import create_app
from quartapp.app import QuartApp
from tests.conftest import migrate
from tests.hardening.places import find_operation
from tests.outside import ask
from tests.processes import free_port, running
from tests.security.asking import find_rules, find_things, is_of_api, prepare
from tests.security.expectations import ROUTES
from tests.security.world import World

ROLES = {"nobody": "anonymous", "editor": "owner", "administrator": "admin"}
# What ends the scanner's own session, or whom it is that scans; and where it would go in circles.
LEFT_OUT = {"auth.logout", "account.remove", "account.remove_other_sessions", "account.password"}
LEFT_OUT |= {"api_v1.session.remove_all", "link.reset", "api_v1.docs.asset"}
RENEWING = {"auth.login", "auth.confirm", "auth.setup", "link.new", "link.confirm"}  # other cookies
# Of pages, which leave out what they do not know; the API refuses it, and tells what it knows.
QUERY = {"q": "a", "page": "1", "limit": "10", "state": "up", "sort": "name", "period": "24h"}
QUERY |= {"kind": "opened", "entity_id": "1", "severity": "low", "since": "2026-01-01T00:00:00Z"}
OF_TYPES = {"integer": "1", "number": "1", "boolean": "true", "string": "a"}
OF_FORMATS = {"date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z"}
FORGED = {"cursor"}  # signed: whatever else stands there is refused before it is read
MODULES = "sql,timesql,xss,permanentxss,exec,file,redirect,ssrf,crlf,ssti,ldap,xxe,csrf,methods"
RULE = "=" * 54
RETRACTED = ",false positive or unexploitable"  # what sqlmap says itself when it has looked again
TOOLS = ("sqlmap", "wapiti")


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory() as place, serving(Path(place)) as (app, port):
        findings = [
            (role, finding)
            for role in options.role
            for finding in scan(app, port, role, Path(place), options)
        ]
    for role, finding in findings:
        sys.stdout.write(f"FOUND as {role}: {finding}\n")
    sys.exit(1 if findings else 0)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hardening.scan", description=__doc__)
    parser.add_argument("tools", type=Path, help="the folder with the commands sqlmap and wapiti")
    parser.add_argument("--role", action="append", choices=ROLES, help="default: all")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="default: both")
    parser.add_argument("--seconds", type=int, default=900, help="for each tool and role")
    parser.add_argument("--thorough", action="store_true", help="try all that sqlmap has")
    options = parser.parse_args()
    options.role = options.role or list(ROLES)
    options.tool = options.tool or list(TOOLS)
    return options


@contextmanager
def serving(place: Path) -> Iterator[tuple[QuartApp, int]]:
    """Serve in production's way but for the limits; the application is the one of this process."""
    os.environ |= {
        "APP_SETTINGS": "prod",
        "DATABASE_URL": f"sqlite:///{place}/scanned.db",
        "INSTANCE_PATH": str(place),
        "PUBLIC_URL": "https://127.0.0.1",
        "RATE_LIMITS": "false",
        "SECRET_KEY": secrets.token_hex(),
        "LOG_FILE": str(place / "app.log"),
    }
    migrate(os.environ["DATABASE_URL"])
    (place / "scanned.db").chmod(0o600)
    port = free_port()
    command = [sys.executable, "-m", "quart", "--app", "quartapp", "serve", "--bind"]
    with running(
        place, [*command, f"127.0.0.1:{port}"], lambda: is_ready(port), env=dict(os.environ)
    ):
        yield create_app("prod"), port


def is_ready(port: int) -> bool:
    try:
        return ask(("127.0.0.1", port), "/readyz").status == 200
    except OSError:
        return False


def scan(
    app: QuartApp, port: int, role: str, place: Path, options: argparse.Namespace
) -> list[str]:
    world = World(app)
    requests, cookie = asyncio.run(write_requests(app, world, port, ROLES[role]))
    (place / role).mkdir()
    findings = []
    for tool in options.tool:
        begin = time.monotonic()
        if tool == "sqlmap":
            found, asked = run_sqlmap(requests, place / role, options)
        else:
            found, asked = run_wapiti(port, cookie, place / role, options)
        check_session(port, cookie)
        found += find_failures(place / "app.log")
        seconds = time.monotonic() - begin
        tell(f"{role}: {tool} asked {asked}, found {len(found)}, took {seconds:.0f} s")
        findings += found
    return findings


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def check_session(port: int, cookie: str) -> None:
    """A scan by who is signed in no more would find nothing."""
    if "__Host-quartapp=" in cookie:
        status = ask(("127.0.0.1", port), "/account/", {"Cookie": cookie}).status
        assert status == 200, f"The session has ended: {status}"


def find_failures(log: Path) -> list[str]:
    """Return what the application itself calls a mistake of ours."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    log.write_text("")
    return [str(line)[:2000] for line in lines if line["level"] in ("ERROR", "CRITICAL")]


# --- requests that are right, for sqlmap to spoil


async def write_requests(
    app: QuartApp, world: World, port: int, asker: str
) -> tuple[list[str], str]:
    """Return a request for each route, and the cookies of who asks."""
    cookie, token, requests = "", "", []
    document = await (await app.test_client().get("/api/v1/openapi.json")).get_json()
    for rule in find_rules(app):
        left_out = LEFT_OUT if asker == "anonymous" else LEFT_OUT | RENEWING
        if rule.websocket or rule.endpoint in left_out:
            continue
        thing = "foreign" if asker == "admin" and find_things(rule) != ("-",) else "own"
        for method in sorted(ROUTES[rule.endpoint].policies):
            path, body, is_api = (sending := await prepare(world, rule, asker, thing))[1:]
            if not cookie:
                cookie, token = read_cookies(port, sending.asker.client.cookie_jar)
            if method == "GET":  # and the forms of pages are what wapiti sends
                body, path = {}, add_query(path, choose_query(document, rule))
            requests.append(write_request(port, method, path, body, is_api, cookie, token))
    return requests, cookie


def choose_query(document: dict[str, Any], rule: Rule) -> dict[str, str]:
    """Return a value for each parameter that a GET may have."""
    if not is_of_api(rule):
        return QUERY
    told = find_operation(document, rule, "GET").get("parameters", ())
    values = {
        one["name"]: choose_value(document, one["schema"])
        for one in told
        if one["in"] == "query" and one["name"] not in FORGED
    }
    if "to" in values:  # behind what it is from
        values["to"] = values["to"].replace("01-01", "01-02")
    return values


def choose_value(document: dict[str, Any], schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        return choose_value(document, document["components"]["schemas"][reference.split("/")[-1]])
    if inner := schema.get("items") or next(iter(schema.get("anyOf", ())), None):
        return choose_value(document, inner)
    if "enum" in schema:
        return str(schema["enum"][0])
    return OF_FORMATS.get(schema.get("format", "")) or OF_TYPES[schema["type"]]


def add_query(path: str, query: dict[str, str]) -> str:
    return f"{path}{'&' if '?' in path else '?'}{urlencode(query)}" if query else path


def read_cookies(port: int, jar: object) -> tuple[str, str]:
    """Return the cookies of a browser over HTTPS, and the token of its forms."""
    mine = "; ".join(f"__Host-{one.name}={one.value}" for one in jar)  # type: ignore[attr-defined]
    reply = ask(("127.0.0.1", port), "/auth/login", {"Cookie": mine} if mine else {})
    token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', reply.body)[0]
    new = reply.headers.get("set-cookie", "").partition(";")[0]
    return "; ".join(filter(None, (mine, new))), token


def write_request(
    port: int,
    method: str,
    path: str,
    body: dict[str, object],
    is_api: bool,
    cookie: str,
    token: str,
) -> str:
    head = {"Host": f"127.0.0.1:{port}", "Cookie": cookie, "X-CSRFToken": token}
    head |= {"Origin": "https://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    text = ""
    if method != "GET":
        head["Content-Type"] = "application/json" if is_api else "application/x-www-form-urlencoded"
        text = json.dumps(body) if is_api else urlencode({**body, "csrf_token": token})
    lines = "".join(f"{name}: {value}\n" for name, value in head.items() if value)
    return f"{method} {path} HTTP/1.1\n{lines}\n{text}"


# --- the tools


def run_sqlmap(
    requests: list[str], place: Path, options: argparse.Namespace
) -> tuple[list[str], str]:
    (place / "requests.log").write_text(
        "".join(f"{RULE}\n{request}\n{RULE}\n\n" for request in requests)
    )
    results = place / "results.csv"
    depth = ["--level=2", "--technique=BEUSTQ"] if options.thorough else ["--level=2", "--smart"]
    command = [options.tools / "sqlmap", "-l", place / "requests.log", "--batch", *depth]
    command += ["--skip=csrf_token,Cookie,User-Agent,Referer,Host", "--disable-coloring"]
    command += [f"--output-dir={place}", f"--results-file={results}", "--dbms=SQLite"]
    text = run_for(command, options.seconds, place / "sqlmap.txt")
    tested, tried = text.count("] testing URL"), text.count("heuristic (basic) test shows")
    assert tried, f"sqlmap has asked nothing:\n{text[-2000:]}"
    rows = results.read_text().splitlines()[1:] if results.exists() else []
    kept = [row for row in rows if row.split(",")[1:2] != [""]]
    found = [f"sqlmap: {row}" for row in kept if not row.endswith(RETRACTED)]
    return found, f"{tested} of {len(requests)} addresses, {tried} parameters"


def run_wapiti(
    port: int, cookie: str, place: Path, options: argparse.Namespace
) -> tuple[list[str], str]:
    report = place / "wapiti.json"
    base = f"http://127.0.0.1:{port}"
    command: list[object] = [options.tools / "wapiti", "-u", f"{base}/", "--scope", "folder"]
    command += ["-m", MODULES, "-f", "json", "-o", report, "--flush-session", "--no-bugreport"]
    command += ["--max-scan-time", options.seconds, "--store-session", place, "-v", "1", "-d", "3"]
    command += ["--max-attack-time", max(10, options.seconds // 12), "--max-files-per-dir", "30"]
    command += ["-s", f"{base}/status/", "-x", f"{base}/auth/logout*", "-x", f"{base}/account/*"]
    command += ["-x", f"{base}/admin/users/*", "-x", f"{base}/admin/sessions*"]
    command += ["-H", f"Cookie: {cookie}"] if cookie else []
    text = run_for(command, 2 * options.seconds + 120, place / "wapiti.txt")
    assert report.exists(), f"wapiti has reported nothing:\n{text[-2000:]}"
    found = json.loads(report.read_text())
    kinds = {**found["vulnerabilities"], **found["anomalies"]}
    told = [
        f"wapiti: {kind}: {one['method']} {one['path']} {one['parameter']} {one['info']}"
        for kind, ones in kinds.items()
        for one in ones
    ]
    return told, f"{found['infos']['crawled_pages_nbr']} pages"


def run_for(command: list[object], seconds: int, output: Path) -> str:
    """Run a tool, for so long at most; return what it has written."""
    words = [str(word) for word in command]
    with output.open("w") as file:
        try:
            subprocess.run(
                words, stdout=file, stderr=file, timeout=seconds, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            tell(f"{Path(words[0]).name}: its {seconds} s were over")
    return output.read_text(errors="replace")


if __name__ == "__main__":
    main()
