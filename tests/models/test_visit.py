from datetime import date

from quartapp.models.visit import PageVisits, VisitKey, Visits, make_key, sum_up

TODAY = date(2026, 3, 1)
BEFORE = date(2026, 2, 28)


def test_route_is_cut_and_status_becomes_its_class() -> None:
    assert make_key(TODAY, "/a", 404) == VisitKey(TODAY, "/a", "4xx")
    assert len(make_key(TODAY, "/" * 999, 200).route) == 190


def test_pages_are_added_up_by_days_the_most_visited_first() -> None:
    counts = [
        (VisitKey(TODAY, "/a", "2xx"), 2),
        (VisitKey(BEFORE, "/b", "2xx"), 5),
        (VisitKey(TODAY, "/b", "2xx"), 1),
        (VisitKey(TODAY, "/b", "3xx"), 7),
        (VisitKey(TODAY, "", "4xx"), 8),
        (VisitKey(BEFORE, "", "5xx"), 1),
        (VisitKey(date(2026, 2, 27), "/a", "2xx"), 100),
        (VisitKey(date(2026, 3, 2), "/a", "2xx"), 100),
    ]
    assert sum_up(counts, TODAY, 2) == Visits(
        [BEFORE, TODAY],
        PageVisits("", [5, 3], 7, 9),
        [
            PageVisits("/b", [5, 1], 7, 0),
            PageVisits("/a", [0, 2], 0, 0),
            PageVisits("", [0, 0], 0, 9),
        ],
    )


def test_nothing_comes_to_nothing() -> None:
    assert sum_up([], TODAY, 3).whole == PageVisits("", [0, 0, 0], 0, 0)
