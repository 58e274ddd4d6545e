"""The end of a certificate is told of in time, and once."""

from datetime import UTC, datetime, timedelta

import pytest

from quartapp.models.certificate import (
    CertificateWatch,
    find_notice,
    is_notice,
    watch_certificate,
    write_notice,
)
from quartapp.models.look import SeenCertificate

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def show(until: datetime, fingerprint: str = "aa") -> SeenCertificate:
    return SeenCertificate(fingerprint, "site", "issuer", NOW - 60 * DAY, until, "TLSv1.3")


def walk(days: range, until: datetime) -> list[int]:
    """Look once a day; return the days left at each notice."""
    watch, told = CertificateWatch(), []
    for day in days:
        at = NOW + day * DAY
        old, watch = watch, watch_certificate(watch, show(until), at)
        if is_notice(old, watch):
            told.append((until - at).days)
    return told


def test_notices_come_30_14_7_3_and_1_days_before_the_end() -> None:
    assert walk(range(100), NOW + 90 * DAY) == [30, 14, 7, 3, 1]


def test_site_that_is_seen_late_gets_the_notice_that_is_due() -> None:
    assert walk(range(80, 100), NOW + 90 * DAY) == [10, 7, 3, 1]


def test_renewed_certificate_is_told_of_anew() -> None:
    first = watch_certificate(CertificateWatch(), show(NOW + 2 * DAY), NOW)
    second = watch_certificate(first, show(NOW + 90 * DAY, "bb"), NOW)
    third = watch_certificate(second, show(NOW + 2 * DAY, "cc"), NOW)
    assert (first.told, second.told, third.told) == (3, None, 3)
    assert [is_notice(first, second), is_notice(second, third)] == [False, True]


def test_other_certificate_with_the_same_days_left_is_told_of() -> None:
    first = watch_certificate(CertificateWatch(), show(NOW + 2 * DAY), NOW)
    second = watch_certificate(first, show(NOW + 2 * DAY, "bb"), NOW)
    assert is_notice(first, second)


def test_look_without_a_certificate_changes_nothing() -> None:
    first = watch_certificate(CertificateWatch(), show(NOW + 2 * DAY), NOW)
    assert watch_certificate(first, None, NOW + DAY) == first


@pytest.mark.parametrize(
    ("left", "notice", "text"),
    [
        (timedelta(days=31), None, "Its certificate ends in 31 days"),
        (timedelta(days=30), 30, "Its certificate ends in 30 days"),
        (timedelta(hours=25), 3, "Its certificate ends in 2 days"),
        (timedelta(hours=24), 1, "Its certificate ends within a day"),
        (timedelta(), 1, "Its certificate has ended"),
        (timedelta(days=-3), 1, "Its certificate has ended"),
    ],
)
def test_notice_says_how_long_it_still_holds(
    left: timedelta, notice: int | None, text: str
) -> None:
    assert (find_notice(NOW + left, NOW), write_notice(NOW + left, NOW)) == (notice, text)
