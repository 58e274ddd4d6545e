"""What a site shows in its handshake."""

import ssl
from asyncio import BaseTransport

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from quartapp.models.look import SeenCertificate
from quartapp.models.words import clean_line


def read_certificate(transport: BaseTransport) -> SeenCertificate | None:
    """Return what is known of the certificate; None without TLS, or when it cannot be read."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls else None
    if tls is None or not der:
        return None
    try:
        found = load_der_x509_certificate(der)
        return SeenCertificate(
            fingerprint=found.fingerprint(SHA256()).hex(),
            subject=clean_line(found.subject.rfc4514_string()),
            issuer=clean_line(found.issuer.rfc4514_string()),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            protocol=tls.version() or "",
        )
    except ValueError:  # OpenSSL reads more kinds than we do
        return None
