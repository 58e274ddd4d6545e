"""No rule breaks down, whatever a site answers."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quartapp.models.rules import inspect
from tests.models.rules.looks import SITE, see, set_cookies

ENDLESS = [
    "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Thu, 01 Jan 2037 00:00:00 +99999999999999",
    f"Thu, 01 Jan 2037 00:00:00 -{'9' * 5000}",
]


@pytest.mark.parametrize("expires", ENDLESS)
def test_cookie_with_an_endless_date_is_judged(expires: str) -> None:
    found = inspect(set_cookies(f"session=a; Expires={expires}"))

    assert found.broken == {}
    assert "session-cookie-not-secure" in {sighting.rule for sighting in found.sightings}


# What the rules read, to be put together in every way: names, signs, and numbers of any size.
WORDS = (
    "a session __Host- = ; , : / // . ' \" < > ( ) [ ] * # ? @ % & \\ + - \t \xa0 \ud800 é 0 1 -1"
    " 99 2037 0001 9999 99999999999999999999 +9999 +2359 -99999999999999 1.1 v1 inf nan ٣"
    " Expires= Max-Age= Secure HttpOnly SameSite=None Path=/ Domain=. GMT Thu Jan 00:00:00 24:60:61"
    " max-age= includeSubDomains preload script-src default-src 'nonce-a' 'unsafe-inline' *."
    " nosniff"
    " http:// https:// //[ [::1 :99999 :0 data: javascript: nginx/ unsafe-url charset= utf-16"
    " <title> <base href= <script src= <meta http-equiv= content= <link rel=stylesheet integrity="
    " <img src= <form action= <input type=password> </script> <!-- --> &#x110000; &#0; on line <b>"
    " refresh http-equiv=refresh Content-Security-Policy name=generator name=referrer"
)
TEXTS = st.lists(st.sampled_from(WORDS.split(" ")) | st.text(max_size=5), max_size=12).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda gap: gap.join(words))
)
# Words in any order make no date: here one has its shape, and parts that may be too large.
NUMBERS = st.sampled_from(["0", "1", "-1", "99", "9999", "10000", "9" * 12, "9" * 25, "9" * 5000])
ZONES = st.sampled_from(["GMT", "", "EST", "+2359"]) | st.tuples(
    st.sampled_from("+-"), NUMBERS
).map("".join)
DATES = st.builds(
    "session=a; Expires=Thu, {} Jan {} {}:00:00 {}".format,
    st.just("01") | NUMBERS,
    st.just("2037") | NUMBERS,
    st.just("00") | NUMBERS,
    ZONES,
)
NAMES = (
    "content-type server x-powered-by strict-transport-security content-security-policy"
    " x-frame-options x-content-type-options referrer-policy permissions-policy"
    " access-control-allow-origin access-control-allow-credentials location set-cookie"
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES.split()), TEXTS), max_size=4)
COOKIES = st.lists(st.tuples(st.just("set-cookie"), TEXTS | DATES), max_size=3)
BODIES = TEXTS.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=40)
ADDRESSES = st.just(SITE) | TEXTS.map(lambda text: f"https://{text}")


@settings(max_examples=500, deadline=None)
@given(
    HEADERS, COOKIES, BODIES, ADDRESSES, st.lists(TEXTS, max_size=2), st.sampled_from([200, 500])
)
def test_no_rule_breaks_down(
    headers: list[tuple[str, str]],
    cookies: list[tuple[str, str]],
    body: bytes,
    url: str,
    hops: list[str],
    status: int,
) -> None:
    sound = see()
    look = replace(
        sound,
        headers=(*headers, *sound.headers, *cookies),
        body=body,
        final_url=url,
        hops=tuple(hops),
        status=status,
    )
    assert inspect(look).broken == {}
