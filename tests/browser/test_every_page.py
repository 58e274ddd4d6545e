"""No page is left out of what browsers are tried on."""

from quart import Quart
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from tests.browser.pages import PAGES

OTHERS = {"api_v1", "health", "static"}
ELSEWHERE = {
    "account.data": "a file",
    "second_factor.step": "test_second_step.py",
    "status.badge": "a picture",
    "status.badge_of_group": "a picture",
    "status.badge_of_site": "a picture",
    "status.feed": "for programs",
    "status.feed_of_group": "for programs",
}


def find_endpoint(address: MapAdapter, path: str) -> str:
    try:
        return str(address.match(path.partition("?")[0], "GET")[0])
    except HTTPException:
        return ""  # a page that is not there


def test_every_page_is_tried(app: Quart) -> None:
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.partition(".")[0] not in OTHERS
    }
    address = app.url_map.bind("localhost")
    tried = {find_endpoint(address, path) for _, path, _ in PAGES}

    assert sorted(pages - tried) == sorted(ELSEWHERE)
