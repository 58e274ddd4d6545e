"""For each rule, looks that it must see something in, and looks that it must leave alone."""

from tests.models.rules.examples.cookies import COOKIES
from tests.models.rules.examples.headers import CSP, HEADERS
from tests.models.rules.examples.pages import LEFT, PAGES, SHOWN
from tests.models.rules.examples.transport import TLS, WAY

EXAMPLES = TLS | WAY | CSP | HEADERS | COOKIES | PAGES | SHOWN | LEFT
