"""An authenticator: it makes keys, and answers as a browser hands it on."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, HAS_KEY = 1, 4, 64  # flags of what an authenticator tells


class Authenticator:
    """Holds one key; what a test wants to be wrong, it changes."""

    def __init__(self, origin: str = "http://localhost", *, counts: bool = True) -> None:
        self.origin = origin
        self.host = origin.partition("://")[2].partition(":")[0]
        self.counts = counts
        self.count = 0
        self.flags = PRESENT | VERIFIED
        self.id = secrets.token_bytes(32)
        self.handle = b""
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())

    def create(self, options: str) -> str:
        """Answer `navigator.credentials.create()`."""
        asked = json.loads(options)
        self.handle = base64url_to_bytes(asked["user"]["id"])
        data = self.describe(HAS_KEY) + bytes(16) + len(self.id).to_bytes(2) + self.id
        attestation = {"fmt": "none", "attStmt": {}, "authData": data + self.describe_key()}
        return self.answer(
            clientDataJSON=self.describe_client("webauthn.create", asked["challenge"]),
            attestationObject=encode_cbor(attestation),
            transports=["internal", "hybrid", "of tomorrow"],
        )

    def get(self, options: str) -> str:
        """Answer `navigator.credentials.get()`."""
        self.count += self.counts
        client = self.describe_client("webauthn.get", json.loads(options)["challenge"])
        data = self.describe()
        signed = data + hashlib.sha256(client).digest()
        return self.answer(
            clientDataJSON=client,
            authenticatorData=data,
            signature=self.key.sign(signed, ECDSA(SHA256())),
            userHandle=self.handle,
        )

    def describe(self, flags: int = 0) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([self.flags | flags]) + self.count.to_bytes(4)

    def describe_key(self) -> bytes:
        """Return the public key as COSE writes it (RFC 9053): EC2, ES256, P-256."""
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        return bytes(encode_cbor({1: 2, 3: -7, -1: 1, **point}))

    def describe_client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def answer(self, **response: Any) -> str:
        name = bytes_to_base64url(self.id)
        coded = {
            key: bytes_to_base64url(value) if isinstance(value, bytes) else value
            for key, value in response.items()
        }
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": coded})
