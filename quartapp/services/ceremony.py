"""What is asked of a passkey, and whether its answer is sound (WebAuthn level 3, §7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from quartapp.errors import BadRequestError
from quartapp.models import Passkey, User
from quartapp.models.passkey import CREDENTIAL_ID_LENGTH, PUBLIC_KEY_LENGTH
from quartapp.texts import Text

UNSOUND = Text("What the device made cannot be used as a passkey here; try again.")
REQUIRED = UserVerificationRequirement.REQUIRED  # a PIN, a finger, a face: the second factor
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
RSA_BITS = 2048  # what Windows Hello makes


@dataclass(frozen=True, slots=True)
class Site:
    """This installation, as passkeys know it: what is made for one host works on no other."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """Random bytes that the answer has to repeat."""

    value: bytes
    made_at: datetime


class Made(NamedTuple):
    """What an authenticator tells of a new key."""

    credential_id: str
    public_key: bytes
    sign_count: int
    transports: str


def make_handle(user: User) -> bytes:
    """Return what stands for *user* in an authenticator; it says nothing about them."""
    return str(user.id).encode()


def describe_creation(user: User, known: list[Passkey], *, site: Site, challenge: bytes) -> str:
    """Return what `navigator.credentials.create()` takes, as JSON."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name="quartapp",
        user_id=make_handle(user),
        user_name=user.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(row.credential_id)) for row in known
        ],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


def describe_request(*, site: Site, challenge: bytes) -> str:
    """Return what `navigator.credentials.get()` takes, as JSON; it names nobody."""
    return options_to_json(
        generate_authentication_options(
            rp_id=site.host, challenge=challenge, user_verification=REQUIRED
        )
    )


def check_attestation(answer: str, *, site: Site, challenge: Challenge) -> Made:
    try:
        credential = parse_registration_credential_json(answer)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge.value,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        is_strong = is_strong_key(verified.credential_public_key)
    except Exception as error:  # strangers' bytes break the parsers anywhere
        raise BadRequestError(UNSOUND) from error
    transports = credential.response.transports or []
    made = Made(
        credential_id=bytes_to_base64url(verified.credential_id),
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=",".join(dict.fromkeys(transport.value for transport in transports)),
    )
    is_long = len(made.credential_id) > CREDENTIAL_ID_LENGTH
    if is_long or len(made.public_key) > PUBLIC_KEY_LENGTH or not is_strong:
        raise BadRequestError(UNSOUND)
    return made


def is_strong_key(public_key: bytes) -> bool:
    """Tell whether a key is long enough, where its maker chose how long; raise if it is none."""
    key = decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
    return not isinstance(key, RSAPublicKey) or key.key_size >= RSA_BITS


def read_credential_id(answer: str) -> str:
    """Return which passkey an answer says to be of; empty when it cannot be read."""
    try:
        return bytes_to_base64url(parse_authentication_credential_json(answer).raw_id)
    except Exception:  # noqa: BLE001  # as above
        return ""


def check_assertion(row: Passkey, answer: str, *, site: Site, challenge: Challenge) -> int | None:
    """Return how often the key was used, as its authenticator counts; None: the answer is wrong."""
    try:
        credential = parse_authentication_credential_json(answer)
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge.value,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001  # as above
        return None
    is_own = credential.response.user_handle == make_handle(row.user)
    return verified.new_sign_count if is_own else None
