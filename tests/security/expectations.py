"""Who may do what, route by route: what the matrix in test_matrix.py is compared with.

A new route costs a line of ROUTES: a policy for each of its methods and a body that is right. In a
body, `{n}` is a new number, `{name}` and `{email}` are those of who asks, `{password}` is theirs;
`{setup}`, `{invite}`, `{confirm}` and `{reset}` are links. A new kind of object costs a function of
MAKERS in things.py. What policies.py does not say is no policy yet: add its rows.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.security.policies import EXPECTED, METHODS, READERS, SOCKET


@dataclass(frozen=True)
class Route:
    """A policy for each method, and the rest of a request that is right."""

    policies: dict[str, str]
    body: dict[str, Any] | None = None
    values: dict[str, str] = field(default_factory=dict)  # in the address, where any would do
    query: dict[str, str] = field(default_factory=dict)


def route(body: dict[str, Any] | None = None, **given: Any) -> Route:
    """`route(SITE, get="seen", post="owned")`."""
    policies = {name: given.pop(name.lower()) for name in METHODS + SOCKET if name.lower() in given}
    return Route(policies, body, **given)


SITE = {"name": "Site {n}", "url": "https://example.org/"}
SITES = {"text": "name,url\nSite {n},https://example.org/"}
COMMENT = {"body": "Moved."}
WEEKLY = {"title": "Disks", "weekdays": "1", "start_time": "02:30", "minutes": 30}
NOTE = {"state": "resolved", "body": "Done."}
INCIDENT = {"title": "Slow", "impact": "minor", "body": "Slow."}
NEW = "a better horse battery"
ANOTHER = {"current_password": "{password}", "password": NEW}

ROUTES = {
    "health.livez": route(get="anyone"),
    "health.readyz": route(get="anyone"),
    "dashboard.index": route(get="signed-in"),
    "auth.setup": route(
        {"token": "{setup}", "name": "root{n}", "password": NEW}, get="anyone", post="setup"
    ),
    "auth.login": route({"name": "{name}", "password": "{password}"}, get="anyone", post="login"),
    "auth.confirm": route({"password": "{password}"}, get="signed-in", post="signed-in"),
    "auth.logout": route(post="logout"),
    "link.join": route({"email": "new{n}@example.org"}, get="anyone", post="anyone"),
    "link.new": route(
        {"token": "{invite}", "name": "new{n}", "password": NEW}, get="anyone", post="anyone"
    ),
    "link.forgot": route({"name": "{name}"}, get="anyone", post="anyone"),
    "link.reset": route({"token": "{reset}", "password": NEW}, get="anyone", post="logout"),
    "link.confirm": route({"token": "{confirm}"}, get="anyone", post="anyone"),
    "account.show": route(get="signed-in"),
    "account.preferences": route({"language": "ru", "theme": "dark"}, post="signed-in"),
    "account.email": route({"email": "new{n}@example.org"}, get="fresh", post="fresh"),
    "account.data": route(get="personal"),
    "account.remove": route(get="fresh", post="leave"),
    "account.password": route(ANOTHER, get="signed-in", post="signed-in"),
    "account.sessions": route(get="signed-in"),
    "account.remove_one_session": route(post="in-order"),
    "account.remove_other_sessions": route(post="fresh"),
    "account.tokens": route(get="signed-in"),
    "account.new_token": route({"name": "laptop", "scope": "read"}, get="fresh", post="fresh"),
    "account.remove_one_token": route(post="credential"),
    "channel.index": route(get="signed-in"),
    "channel.new_mail": route({"bug": "y", "remind_every": "0"}, get="signed-in", post="addressed"),
    "channel.new_webhook": route(
        {"url": "https://a.test/", "bug": "y", "remind_every": "0"}, get="editor", post="editor"
    ),
    "channel.show": route(get="private"),
    "channel.edit": route(
        {"url": "https://a.test/", "bug": "y", "remind_every": "5"}, get="private", post="webhook"
    ),
    "channel.test": route(post="webhook"),
    "channel.turn_on": route(post="webhook"),
    "channel.turn_off": route(post="webhook"),
    "channel.new_secret": route(post="webhook"),
    "channel.remove": route(post="private"),
    "second_factor.step": route({"code": "000000"}, get="logout", post="logout"),
    "second_factor.show": route(get="fresh"),
    "second_factor.new": route({"code": "000000"}, get="fresh", post="unasked"),
    "second_factor.new_codes": route(post="factor"),
    "second_factor.remove": route({"password": "{password}"}, get="fresh", post="fresh"),
    "passkey.request_options": route(post="anyone"),
    "passkey.sign_in": route({"answer": "{{}}"}, post="logout"),
    "passkey.index": route({"answer": "{{}}", "name": "key"}, get="fresh", post="unasked"),
    "passkey.creation_options": route(post="fresh"),
    "passkey.remove": route(post="in-order"),
    "admin.audit": route(get="admin"),
    "admin.invitations": route(get="admin"),
    "admin.new_invitation": route(
        {"email": "new{n}@example.org", "role": "viewer"}, get="adminfresh", post="adminfresh"
    ),
    "admin.remove_one_invitation": route(post="admin"),
    "admin.outbox": route(get="admin"),
    "admin.retry": route(post="admin"),
    "admin.cancel": route(post="admin"),
    "admin.settings": route(get="admin"),
    "admin.system": route(get="admin"),
    "admin.visits": route(get="admin"),
    "admin.users": route(get="admin"),
    "admin.show_user": route(get="admin"),
    "admin.change_role": route({"role": "editor"}, post="demote"),
    "admin.disable": route(post="demote"),
    "admin.enable": route(post="admin"),
    "admin.remove_second_factor": route(post="forget"),
    "admin.remove_all_sessions": route(post="admin"),
    "admin.sessions": route(get="admin"),
    "admin.remove_one_session": route(post="admin"),
    "admin.tokens": route(get="admin"),
    "admin.remove_one_token": route(post="admin"),
    "admin.remove_one_passkey": route(post="admin"),
    "status.index": route(get="anyone"),
    "status.show": route(get="public"),
    "status.show_group": route(get="public"),
    "status.badge": route(get="anyone"),
    "status.badge_of_group": route(get="public"),
    "status.badge_of_site": route(get="public"),
    "status.feed": route(get="anyone", values={"kind": "atom"}),
    "status.feed_of_group": route(get="public", values={"kind": "rss"}),
    "status.embed": route(get="anyone"),
    "status.embed_group": route(get="public"),
    "incident.index": route(get="signed-in"),
    "incident.new": route({**INCIDENT, "state": "monitoring"}, get="editor", post="editor"),
    "incident.show": route(get="seen"),
    "incident.note": route(NOTE, post="comment"),
    "incident.edit": route(INCIDENT, get="handler", post="handler"),
    "incident.remove": route(post="comment"),
    "group.index": route(get="signed-in"),
    "group.new": route({"name": "Group {n}"}, get="boss", post="boss"),
    "group.edit": route({"name": "Group {n}"}, get="boss", post="boss"),
    "group.remove": route(post="boss"),
    "entity.index": route(get="signed-in"),
    "entity.show": route(get="seen"),
    "entity.comment": route(COMMENT, post="comment"),
    "entity.new": route(SITE, get="editor", post="editor"),
    "entity.import_sites": route(SITES, get="editor", post="editor"),
    "entity.edit": route(SITE, get="owned", post="owned"),
    "entity.remove": route(get="owned", post="owned"),
    "entity.timeline": route(get="seen"),
    "comment.edit": route(COMMENT, get="owned", post="owned"),
    "comment.remove": route(get="owned", post="owned"),
    "usability.show": route(get="seen"),
    "usability.edit": route(
        {"interval": 60, "down_after": 1, "up_after": 1, "statuses": "200"},
        get="owned",
        post="owned",
    ),
    "usability.run": route(post="owned"),
    "usability.pause": route(post="owned"),
    "usability.resume": route(post="owned"),
    "bug.index": route(get="signed-in"),
    "bug.rules": route(get="signed-in"),
    "bug.show": route(get="seen"),
    "bug.board": route(get="signed-in"),
    "bug.move": route({"state": "fixed"}, post="comment"),
    "bug.bulk": route({"state": "fixed", "bug": "1"}, post="nobodys"),
    "bug.settle": route({"state": "fixed", "severity": "low"}, post="comment"),
    "bug.comment": route(COMMENT, post="comment"),
    "bug.of_site": route(get="seen"),
    "bug.new": route({"title": "Weak", "severity": "low"}, get="handler", post="handler"),
    "maintenance.index": route(get="signed-in"),
    "maintenance.new": route({**WEEKLY, "timezone": "UTC"}, get="boss", post="boss"),
    "maintenance.new_of_one": route({**WEEKLY, "timezone": "UTC"}, get="owned", post="owned"),
    "maintenance.edit": route({**WEEKLY, "timezone": "UTC"}, get="owned", post="owned"),
    "maintenance.remove": route(post="owned"),
    "tamper.index": route(get="signed-in"),
    "tamper.of_site": route(get="seen"),
    "tamper.edit": route({"is_on": "y"}, post="owned"),
    "tamper.accept": route(post="unlearned"),
    "tamper.relearn": route(post="owned"),
    "tamper.show": route(get="seen"),
    "tamper.settle": route({"state": "ignored"}, post="owned"),
    "api_v1.entity.index": route(get="signed-in"),
    "api_v1.entity.export_csv": route(get="signed-in"),
    "api_v1.entity.export_ndjson": route(get="signed-in"),
    "api_v1.entity.show": route(get="seen"),
    "api_v1.entity.new": route(SITE, post="editor"),
    "api_v1.entity.new_ones": route({"items": [SITE]}, post="editor"),
    "api_v1.entity.replace": route(SITE, put="owned"),
    "api_v1.entity.edit": route(SITE, patch="owned"),
    "api_v1.entity.remove": route(delete="owned"),
    "api_v1.check.show": route(get="seen"),
    "api_v1.check.edit": route({"interval": 60}, patch="owned"),
    "api_v1.check.run": route(post="owned"),
    "api_v1.usability.index": route(get="signed-in"),
    "api_v1.usability.export_csv": route(get="signed-in"),
    "api_v1.usability.export_ndjson": route(get="signed-in"),
    "api_v1.usability.show": route(get="seen"),
    "api_v1.usability.history": route(get="seen"),
    "api_v1.usability.results": route(get="seen"),
    "api_v1.usability.outages": route(get="seen"),
    "api_v1.usability.export_results_csv": route(get="seen"),
    "api_v1.usability.export_results_ndjson": route(get="seen"),
    "api_v1.usability.export_outages_csv": route(get="seen"),
    "api_v1.usability.export_outages_ndjson": route(get="seen"),
    "api_v1.live.live": route({"event": "subscribe"}, open="signed-in", say="signed-in"),
    "api_v1.event.index": route(get="signed-in"),
    "api_v1.event.export_csv": route(get="signed-in"),
    "api_v1.event.export_ndjson": route(get="signed-in"),
    "api_v1.maintenance.index": route(get="signed-in"),
    "api_v1.maintenance.show": route(get="seen"),
    "api_v1.maintenance.new": route(WEEKLY, post="boss"),
    "api_v1.maintenance.replace": route(WEEKLY, put="owned"),
    "api_v1.maintenance.edit": route({"title": "Disks"}, patch="owned"),
    "api_v1.maintenance.remove": route(delete="owned"),
    "api_v1.group.index": route(get="signed-in"),
    "api_v1.group.show": route(get="seen"),
    "api_v1.group.new": route({"name": "Group {n}"}, post="boss"),
    "api_v1.group.replace": route({"name": "Group {n}"}, put="boss"),
    "api_v1.group.edit": route({"description": "Moved."}, patch="boss"),
    "api_v1.group.remove": route(delete="boss"),
    "api_v1.incident.index": route(get="signed-in"),
    "api_v1.incident.show": route(get="seen"),
    "api_v1.incident.new": route({"title": "Slow", "body": "Slow."}, post="editor"),
    "api_v1.incident.edit": route({"title": "Moved"}, patch="comment"),
    "api_v1.incident.remove": route(delete="comment"),
    "api_v1.incident.note": route(NOTE, post="comment"),
    "api_v1.tamper.index": route(get="signed-in"),
    "api_v1.tamper.export_csv": route(get="signed-in"),
    "api_v1.tamper.export_ndjson": route(get="signed-in"),
    "api_v1.tamper.show": route(get="seen"),
    "api_v1.tamper.difference": route(get="seen"),
    "api_v1.tamper.settle": route({"state": "incident"}, patch="comment"),
    "api_v1.tamper.show_page": route(get="seen"),
    "api_v1.tamper.edit_settings": route({"is_on": False}, patch="owned"),
    "api_v1.tamper.accept": route(post="unlearned"),
    "api_v1.tamper.relearn": route(post="owned"),
    "api_v1.channel.index": route(get="signed-in"),
    "api_v1.channel.show": route(get="private"),
    "api_v1.channel.new": route({"kind": "webhook", "url": "https://a.test/"}, post="editor"),
    "api_v1.channel.edit": route({"remind_every": 60}, patch="webhook"),
    "api_v1.channel.remove": route(delete="private"),
    "api_v1.channel.new_secret": route(post="webhook"),
    "api_v1.channel.test": route(post="webhook"),
    "api_v1.channel.deliveries": route(get="private"),
    "api_v1.bug.index": route(get="signed-in"),
    "api_v1.bug.export_csv": route(get="signed-in"),
    "api_v1.bug.export_ndjson": route(get="signed-in"),
    "api_v1.bug.rules": route(get="signed-in"),
    "api_v1.bug.show": route(get="seen"),
    "api_v1.bug.new": route({"title": "Weak", "severity": "low"}, post="comment"),
    "api_v1.bug.edit": route({"severity": "high"}, patch="comment"),
    "api_v1.bug.edit_ones": route({"ids": [1], "severity": "high"}, patch="nothing"),
    "api_v1.bug.history": route(get="seen"),
    "api_v1.bug.comment": route(COMMENT, post="comment"),
    "api_v1.comment.index": route(get="seen"),
    "api_v1.comment.show": route(get="seen"),
    "api_v1.comment.new": route(COMMENT, post="comment"),
    "api_v1.comment.replace": route(COMMENT, put="owned"),
    "api_v1.comment.edit": route(COMMENT, patch="owned"),
    "api_v1.comment.remove": route(delete="owned"),
    "api_v1.comment.live": route(open="seen", say="comment"),
    "api_v1.user.setup": route(
        {"token": "{setup}", "name": "root{n}", "password": NEW}, post="setup"
    ),
    "api_v1.user.show_me": route(get="signed-in"),
    "api_v1.user.show_my_data": route(get="personal"),
    "api_v1.user.edit_me": route({"name": "renamed{n}"}, patch="signed-in"),
    "api_v1.user.index": route(get="admin"),
    "api_v1.user.show": route(get="admin"),
    "api_v1.user.edit": route({"role": "editor"}, patch="demote"),
    "api_v1.user.sessions": route(get="admin"),
    "api_v1.user.remove_sessions": route(delete="admin"),
    "api_v1.user.remove_second_factor": route(delete="forget"),
    "api_v1.invitation.index": route(get="admin"),
    "api_v1.invitation.show": route(get="admin"),
    "api_v1.invitation.new": route({"email": "new{n}@example.org"}, post="admin"),
    "api_v1.invitation.remove": route(delete="admin"),
    "api_v1.audit.index": route(get="admin"),
    "api_v1.system.show": route(get="admin"),
    "api_v1.token.index": route(get="signed-in"),
    "api_v1.token.new": route({"username": "{name}", "password": "{password}"}, post="exchange"),
    "api_v1.token.show": route(get="credential"),
    "api_v1.token.remove": route(delete="credential"),
    "api_v1.session.index": route(get="signed-in"),
    "api_v1.session.remove": route(delete="proven"),
    "api_v1.session.remove_all": route(delete="personal"),
    "api_v1.docs.openapi": route(get="anyone"),
    "api_v1.docs.index": route(get="anyone"),
    "api_v1.docs.asset": route(get="anyone", values={"name": "swagger-ui.css"}),
}


def find_expectation(endpoint: str, method: str, asker: str, thing: str) -> str | None:
    """Return what a request comes to; None where nobody has said it."""
    policy = ROUTES[endpoint].policies.get("GET" if method == "HEAD" else method)
    if method == "OPTIONS":
        return "yes"  # tells what may be asked, and does nothing
    expected = EXPECTED.get((policy or "", thing, asker))
    if asker in READERS and method in METHODS[1:]:
        return expected and "no"  # whatever the address: the scope is looked at first
    if expected and "/" in expected:
        expected = expected.split("/")[method in METHODS[1:]]
    is_api = endpoint.startswith("api_")
    return "no" if is_api and expected == "confirm" else expected
