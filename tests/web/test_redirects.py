import pytest

from quartapp.web.auth.redirects import is_own_path

# What browsers take for another host, or for no path at all (threats S-REDIR).
FOREIGN = [
    "",
    "e",
    "//e",
    "///e",
    "////e",
    "/\\e",
    "\\/e",
    "\\\\e",
    "/\\/e",
    "https://e",
    "http://e",
    "https:e",
    "https:/e",
    "HTTPS://e",
    "ftp://e",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@e",
    " //e",
    "\t//e",
    "/\t/e",
    "/\n/e",
    "/\r/e",
    "/\x00/e",
    "/\x7f/e",
    "/ /e",
    "\u00a0//e",
    "//e@h",
    "//h:80@e",
    "//%65",
    "//\u3002e",
    "?next=//e",
    "#//e",
    ".//e",
    "./e",
    "../e",
]
OWN = ["/", "/entities/", "/entities/?q=a", "/a/b#c", "/%2f/e", "/a//b", "/a?u=https://e", "/é"]


@pytest.mark.parametrize("target", FOREIGN)
def test_foreign_target_is_refused(target: str) -> None:
    assert not is_own_path(target)


@pytest.mark.parametrize("target", OWN)
def test_own_path_is_followed(target: str) -> None:
    assert is_own_path(target)
