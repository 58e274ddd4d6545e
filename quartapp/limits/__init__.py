"""The limits extension: so many requests for each, and no more guesses than that."""

import logging

from quart import Quart, Response, current_app, g, has_websocket_context, request, websocket
from werkzeug import Response as WerkzeugResponse

from quartapp.errors import TooManyRequestsError
from quartapp.limits.counters import Counters
from quartapp.limits.headers import describe_wait, write_headers
from quartapp.limits.keys import by_account, by_address, by_all, by_asker, by_user
from quartapp.limits.rules import (
    ELSEWHERE,
    LOGIN_BY_ACCOUNT,
    LOGIN_BY_ADDRESS,
    LOGIN_BY_USER,
    LOGIN_IN_ALL,
    MESSAGES,
    RESET_BY_ACCOUNT,
    RESET_BY_ADDRESS,
    RESET_BY_USER,
    SECOND_BY_ACCOUNT,
    SECOND_BY_DAY,
    Rule,
    Verdict,
    apply_settings,
    find_rules,
    limit,
    unlimited,
)
from quartapp.texts import Text

__all__ = ["Limiter", "by_address", "by_all", "by_asker", "limit", "unlimited"]

logger = logging.getLogger(__name__)


class Limiter:
    """Count what each asker does, and refuse what is too much."""

    def init_app(self, app: Quart) -> None:
        if not app.config["RATE_LIMITS"]:
            if not app.testing:
                logger.warning("RATE_LIMITS is off: passwords can be guessed at any speed.")
            return
        app.extensions["limits"] = Counters(app.extensions.get("redis"))
        app.extensions["limit_rules"] = {}  # of each endpoint, as it is asked for
        app.after_request(add_headers)
        app.after_websocket(add_refusal_headers)

    async def check_request(self) -> None:
        """Count this request or handshake; TooManyRequestsError when it is one too many."""
        known: dict[str | None, list[Rule]] | None = current_app.extensions.get("limit_rules")
        if known is None:
            return
        asked = websocket if has_websocket_context() else request
        if asked.method == "OPTIONS":  # tells what may be asked, and does nothing
            return
        if (rules := known.get(asked.endpoint)) is None:
            found = find_rules(current_app, asked.endpoint)
            rules = [apply_settings(current_app, ELSEWHERE)] if found is None else found
            known[asked.endpoint] = rules
        for rule in rules:
            await self.count(rule, rule.by())

    async def check_login(self, account: str) -> None:
        """Count a guess, before the password is looked at.

        The address comes first and everybody last: one attacker does not use up what others have.
        """
        await self.count(LOGIN_BY_ADDRESS, by_address())
        await self.count(LOGIN_BY_ACCOUNT, by_account(account))
        await self.count(LOGIN_IN_ALL, by_all())

    async def may_guess(self, account: str, user_id: int | None) -> bool:
        """Count a guess at whoever *account* names, by their name or by their address.

        That both are one is no stranger's business: a refusal must look like a wrong password.
        """
        return await self.is_allowed(
            LOGIN_BY_USER, by_account(account) if user_id is None else by_user(user_id)
        )

    async def check_second_factor(self, user_id: int) -> None:
        """Count a guess at a code, whose password was right."""
        await self.count(SECOND_BY_ACCOUNT, by_user(user_id))
        await self.count(SECOND_BY_DAY, by_user(user_id))

    async def check_reset(self, account: str) -> None:
        """Count that somebody asks for a new password."""
        await self.count(RESET_BY_ADDRESS, by_address())
        await self.count(RESET_BY_ACCOUNT, by_account(account))

    async def may_mail(self, user_id: int) -> bool:
        """Count a mail that a stranger causes; a refusal must look as if it were sent."""
        return await self.is_allowed(RESET_BY_USER, by_user(user_id))

    async def check_message(self) -> None:
        """Count a message of a socket, each one, as opposed to `count()`."""
        counters: Counters | None = current_app.extensions.get("limits")
        if counters is not None:
            refuse_too_much(await counters.count(MESSAGES, MESSAGES.by()))

    async def count(self, rule: Rule, key: str) -> None:
        refuse_too_much(await self.find_verdict(rule, key))

    async def is_allowed(self, rule: Rule, key: str) -> bool:
        verdict = await self.find_verdict(rule, key)
        return verdict is None or verdict.is_allowed

    async def find_verdict(self, rule: Rule, key: str) -> Verdict | None:
        """Count once in a request, however often its view runs; None: nothing is limited."""
        counters: Counters | None = current_app.extensions.get("limits")
        if counters is None:
            return None
        verdicts: dict[tuple[Rule, str], Verdict] = g.setdefault("limits", {})
        if (rule, key) not in verdicts:
            verdicts[rule, key] = await counters.count(rule, key)
        return verdicts[rule, key]


def refuse_too_much(verdict: Verdict | None) -> None:
    if verdict and not verdict.is_allowed:
        wait = describe_wait(verdict.wait)
        raise TooManyRequestsError(
            Text("That was too often. Try again in %(wait)s.", wait=wait), verdict.wait
        )


async def add_headers(response: Response) -> Response:
    """Tell who asks what is left; not in what caches give to others."""
    if "public" not in response.headers.get("Cache-Control", ""):
        write_headers(response.headers, g.get("limits", {}).values())
    return response


async def add_refusal_headers(
    response: Response | WerkzeugResponse | None,
) -> Response | WerkzeugResponse | None:
    if response is not None:  # else the socket was opened
        write_headers(response.headers, g.get("limits", {}).values())
    return response
