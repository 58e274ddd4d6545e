"""All rules; whoever changes one's severity, or what it sees, raises the version."""

from quartapp.models.rules import (
    certificate,
    cookies,
    csp,
    disclosure,
    foreign,
    headers,
    leftovers,
    mixed,
    transport,
)

VERSION = 1
FAMILIES = (certificate, transport, csp, headers, cookies, mixed, foreign, disclosure, leftovers)
RULES = {rule.id: rule for family in FAMILIES for rule in family.RULES}
