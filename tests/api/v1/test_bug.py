from datetime import timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity, Role, User, utcnow
from quartapp.models.rules import RULES, Inspection, Sighting
from quartapp.services.bug import record_inspections
from tests.api.helpers import Api, add_site
from tests.helpers import add_person, make_bearer

RULE = "hsts-missing"


@pytest.fixture
async def entity(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def find_by_rule(app: Quart, entity: Entity) -> None:
    seen = Inspection([Sighting(RULE, "", "It is missing.")], {RULE: 200}, {RULE})
    for _ in range(2):
        async with app.app_context(), db.begin() as session:
            await record_inspections(session, {entity.id: seen}, utcnow())


async def test_bug_lives_from_report_to_its_end(app: Quart, api: Api, entity: Entity) -> None:
    given = {"title": " Open list ", "severity": "high", "body": "See /backup."}
    status, made = await api("POST", f"/entities/{entity.id}/bugs", json=given)
    assert status == 201
    path = f"/bugs/{made['id']}"
    assert api.answered["Location"] == f"/api/v1{path}"
    me = {"id": made["reporter"]["id"], "name": "admin"}
    assert made == {
        "id": made["id"],
        "entity": {
            "id": entity.id,
            "name": "My site",
            "slug": "my-site",
            "url": "https://example.org/",
        },
        "rule": None,
        "place": "",
        "title": "Open list",
        "detail": "",
        "body": "See /backup.",
        "severity": "high",
        "state": "confirmed",
        "opened_at": made["opened_at"],
        "closed_at": None,
        "due_on": None,
        "reporter": me,
        "assignee": None,
    }
    assert await api("GET", path) == (200, made)

    changes = {"severity": "low", "assignee_id": me["id"], "due_on": "2027-01-31"}
    status, found = await api("PATCH", path, json={**changes, "state": "fixed"})
    assert (status, found["assignee"], found["due_on"]) == (200, me, "2027-01-31")
    assert (found["severity"], found["state"]) == ("low", "fixed")
    assert found["closed_at"] is not None
    status, found = await api("PATCH", path, json={"assignee_id": None, "due_on": None})
    assert (status, found["assignee"], found["due_on"]) == (200, None, None)

    assert (await api("POST", f"{path}/comments", json={"body": "Done."}))[0] == 201
    _, page = await api("GET", f"{path}/history")
    assert [(line["change"], line["body"], line["author"]) for line in page["items"]] == [
        ("state", "fixed", me),
        ("severity", "low", me),
        ("assignee", "admin", me),
        ("due", "2027-01-31", me),
        ("assignee", "", me),
        ("due", "", me),
        ("comment", "Done.", me),
    ]


async def test_bugs_are_filtered(app: Quart, api: Api, entity: Entity) -> None:
    await find_by_rule(app, entity)
    severity = RULES[RULE].severity
    for query, count in [
        ("", 1),
        ("?state=open", 1),
        ("?state=fixed", 0),
        ("?state=fixed&state=open", 1),
        ("?q=MY+site", 1),
        ("?q=elsewhere", 0),
        (f"?severity={severity}", 1),
        ("?severity=critical", 0),
        (f"?entity={entity.id}", 1),
        (f"?entity={entity.id + 1}", 0),
        ("?assignee=1", 0),
        (f"?rule={RULE}", 1),
        ("?rule=csp-missing", 0),
        ("?overdue=true", 0),
        ("?overdue=false", 1),
    ]:
        status, page = await api("GET", f"/bugs{query}")
        assert (status, [bug["rule"] for bug in page["items"]]) == (200, [RULE] * count), query


async def test_bug_is_overdue_the_day_after_until_it_is_settled(
    app: Quart, api: Api, entity: Entity
) -> None:
    await find_by_rule(app, entity)
    _, page = await api("GET", "/bugs")
    (bug,) = page["items"]
    today = utcnow().date()
    changes = [
        {"due_on": today.isoformat()},
        {"due_on": (today - timedelta(days=1)).isoformat()},
        {"state": "fixed"},
    ]
    found = []
    for change in changes:
        assert (await api("PATCH", f"/bugs/{bug['id']}", json=change))[0] == 200
        _, page = await api("GET", "/bugs?overdue=true")
        found.append([one["id"] for one in page["items"]])

    assert found == [[], [bug["id"]], []]


async def test_rules_are_listed_with_their_remedies(api: Api) -> None:
    status, found = await api("GET", "/bugs/rules")
    assert status == 200
    assert [rule["id"] for rule in found["items"]] == list(RULES)
    assert all(rule["remedy"] for rule in found["items"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "gone"),
        ("state", None),
        ("severity", "worst"),
        ("due_on", "soon"),
        ("assignee_id", 0),
        ("assignee_id", 10**6),
        ("title", "x"),
    ],
)
async def test_wrong_changes_are_refused(
    app: Quart, api: Api, entity: Entity, field: str, value: object
) -> None:
    await find_by_rule(app, entity)
    _, page = await api("GET", "/bugs")
    status, problem = await api("PATCH", f"/bugs/{page['items'][0]['id']}", json={field: value})
    assert (status, problem["errors"][0]["loc"]) == (422, [field])


async def test_who_cannot_be_given_a_bug_is_not_told_apart_from_nobody(
    app: Quart, api: Api, entity: Entity
) -> None:
    await find_by_rule(app, entity)
    async with app.app_context(), db.begin() as session:
        viewer = await add_person(session, "viewer", role=Role.VIEWER)
        gone = await add_person(session, "gone")
        gone.disabled_at = utcnow()
    _, page = await api("GET", "/bugs")
    path = f"/bugs/{page['items'][0]['id']}"
    for user_id in (viewer.id, gone.id, 999):
        status, problem = await api("PATCH", path, json={"assignee_id": user_id})
        text = f"There is no user {user_id} who may settle bugs."
        assert (status, problem["errors"][0]["msg"]) == (422, text)


async def test_viewers_do_not_learn_who_there_is(
    app: Quart, api: Api, entity: Entity, admin: User
) -> None:
    await find_by_rule(app, entity)
    async with app.app_context(), db.begin() as session:
        viewer = await make_bearer(session, await add_person(session, "v", role=Role.VIEWER))
    _, page = await api("GET", "/bugs")
    path = f"/bugs/{page['items'][0]['id']}"
    for user_id in (admin.id, 999):
        assert (await Api(app, viewer)("PATCH", path, json={"assignee_id": user_id}))[0] == 403


async def test_several_bugs_are_settled_at_once(api: Api, entity: Entity, admin: User) -> None:
    made = [
        (await api("POST", f"/entities/{entity.id}/bugs", json={"title": "W", "severity": "low"}))
        for _ in range(2)
    ]
    ids = [bug["id"] for _, bug in made]
    given = {"ids": ids, "state": "open", "assignee_id": admin.id}
    status, answer = await api("PATCH", "/bugs", json=given)
    found = [(bug["id"], bug["state"], bug["assignee"]["id"]) for bug in answer["items"]]
    assert (status, sorted(found)) == (200, [(one, "open", admin.id) for one in ids])

    assert (await api("PATCH", "/bugs", json={**given, "ids": [*ids, 999]}))[0] == 404
    assert (await api("PATCH", "/bugs", json={**given, "ids": []}))[0] == 422
    assert (await api("PATCH", "/bugs", json={**given, "assignee_id": 999}))[0] == 422


async def test_bugs_are_sorted(api: Api, entity: Entity) -> None:
    for title in ("First", "Second"):
        given = {"title": title, "severity": "low"}
        await api("POST", f"/entities/{entity.id}/bugs", json=given)
    for order, titles in (("oldest", ["First", "Second"]), ("newest", ["Second", "First"])):
        _, page = await api("GET", f"/bugs?sort={order}")
        assert [bug["title"] for bug in page["items"]] == titles
    assert (await api("GET", "/bugs?sort=weather"))[0] == 422
