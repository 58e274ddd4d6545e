"""Content security policies, as CSP Level 3 reads them."""

import re

Policy = dict[str, list[str]]  # sources by directive, all in small letters

EXACT = re.compile(r"'(?:nonce-|sha256-|sha384-|sha512-).+'")


def parse_policies(values: list[str]) -> list[Policy]:
    texts = (text for value in values for text in value.split(","))
    return [policy for text in texts if (policy := parse_policy(text))]


def parse_policy(text: str) -> Policy:
    policy: Policy = {}
    for directive in text.lower().split(";"):
        if words := directive.split():
            policy.setdefault(words[0], words[1:])  # a second one of that name is ignored
    return policy


def get_sources(policy: Policy, *names: str) -> list[str] | None:
    """Return the sources of the first directive that is there; None: it limits nothing."""
    return next((policy[name] for name in names if name in policy), None)


def limits_scripts(policy: Policy) -> bool:
    return get_sources(policy, "script-src", "default-src") is not None


def allows_inline(policy: Policy) -> bool:
    kinds = ("script-src-elem", "script-src-attr")
    return any(
        takes_inline(get_sources(policy, kind, "script-src", "default-src")) for kind in kinds
    )


def takes_inline(sources: list[str] | None) -> bool:
    """Tell whether any inline script runs: browsers ignore the word beside a nonce or hash."""
    if sources is None:
        return True
    is_strict = "'strict-dynamic'" in sources or any(map(EXACT.fullmatch, sources))
    return "'unsafe-inline'" in sources and not is_strict


def allows_eval(policy: Policy) -> bool:
    sources = get_sources(policy, "script-src", "default-src")
    return sources is None or "'unsafe-eval'" in sources


def get_wide(policy: Policy) -> set[str] | None:
    """Return the sources that let scripts come from anywhere; None: there is no limit at all."""
    sources = get_sources(policy, "script-src-elem", "script-src", "default-src")
    if sources is None:
        return None
    if "'strict-dynamic'" in sources:  # it makes browsers ignore hosts and schemes
        return set()
    return set(sources) & {"*", "http:", "https:", "data:"}
