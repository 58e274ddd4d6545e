"""What is signed, sealed and drawn at random: with what, and for how long it can be read."""

import base64
import hashlib
import re

import pytest
from cryptography.fernet import InvalidToken
from itsdangerous import BadSignature, URLSafeTimedSerializer
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select

from quartapp.auth.tickets import make_signer
from quartapp.extensions import db
from quartapp.models import User, UserSession
from quartapp.security import SIGNING, make_box
from quartapp.services.second_factor import RECOVERY_BYTES, make_recovery_code
from tests.helpers import sign_in

pytestmark = pytest.mark.asvs

OLD, NEW = "old" * 12, "new" * 12


async def test_what_is_signed_names_no_algorithm(app: Quart, client: QuartClient) -> None:
    async with app.test_request_context("/"):
        signer = make_signer("x")
        signed = signer.dumps({"alg": "none"})
    payload, _, rest = signed.partition(".")
    signature = base64.urlsafe_b64decode(f"{rest.rpartition('.')[2]}==")

    assert base64.urlsafe_b64decode(payload + "==") == b'{"alg":"none"}'
    assert len(signature) == hashlib.sha256().digest_size
    for forged in (f"{payload}.{rest.rpartition('.')[0]}.", f"{payload}.", signed[:-4], payload):
        with pytest.raises(BadSignature):
            signer.loads(forged)
    weak = URLSafeTimedSerializer(app.secret_key or "", salt="quartapp x")  # SHA-1, as by default
    with pytest.raises(BadSignature):
        signer.loads(weak.dumps({}))


async def test_cookie_of_the_session_is_signed_alike(app: Quart) -> None:
    interface = app.session_interface
    signer = interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    signature = signer.dumps({"a": 1}).rpartition(".")[2]

    assert len(base64.urlsafe_b64decode(f"{signature}==")) == hashlib.sha256().digest_size


async def test_keys_of_the_settings_verify_and_no_others(app: Quart) -> None:
    app.config |= {"SECRET_KEY": OLD, "SECRET_KEY_FALLBACKS": []}
    async with app.test_request_context("/"):
        old = make_signer("x").dumps(1)
        app.config |= {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]}
        assert make_signer("x").loads(old) == 1
        new = make_signer("x").dumps(2)
        app.config |= {"SECRET_KEY_FALLBACKS": []}
        assert make_signer("x").loads(new) == 2
        with pytest.raises(BadSignature):
            make_signer("x").loads(old)


def test_what_is_sealed_is_authenticated() -> None:
    box = make_box([NEW])
    sealed = box.encrypt(b"secret")
    raw = bytearray(base64.urlsafe_b64decode(sealed))

    assert raw[0] == 0x80  # Fernet: AES-128-CBC, then HMAC with SHA-256
    assert box.encrypt(b"secret") != sealed  # not as in ECB
    for place in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(InvalidToken):
            box.decrypt(base64.urlsafe_b64encode(bytes(changed)))
    with pytest.raises(InvalidToken):
        make_box([OLD]).decrypt(sealed)
    assert make_box([OLD, NEW]).decrypt(sealed) == b"secret"


def test_recovery_code_has_120_random_bits() -> None:
    codes = {make_recovery_code() for _ in range(200)}

    assert RECOVERY_BYTES * 8 == 120
    assert len(codes) == 200
    assert all(re.fullmatch("([a-z2-7]{4}-){5}[a-z2-7]{4}", code) for code in codes)


def test_we_sign_with_sha_256() -> None:
    assert SIGNING["digest_method"] is hashlib.sha256


async def test_second_login_ends_the_session_before_it(app: Quart, admin: User) -> None:
    client, thief = await sign_in(app.test_client(), "admin"), app.test_client()
    before = {cookie.name: str(cookie.value) for cookie in client.cookie_jar}["quartapp"]
    await sign_in(client, "admin")
    thief.set_cookie("localhost", "quartapp", before)

    assert (await thief.get("/account/")).status_code == 303
    assert (await client.get("/account/")).status_code == 200
    async with app.app_context(), db.read() as session:
        assert len(list(await session.scalars(select(UserSession)))) == 1


async def test_where_a_value_comes_from_makes_a_difference(app: Quart, admin: User) -> None:
    """What stands in the address or a cookie is not in the form; of two, the first counts."""
    client = await sign_in(app.test_client(), "admin")
    page = await (await client.get("/entities/new")).get_data(as_text=True)
    token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[0]
    client.set_cookie("localhost", "name", "Cookie")
    path = "/entities/new?name=Query&url=https://a.test/"
    assert (await client.post(path, form={"csrf_token": token})).status_code == 422
    body = f"csrf_token={token}&name=First&name=Second&url=https%3A%2F%2Fa.test%2F"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/entities/new", data=body, headers=headers)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/entities/first")
