"""Certificates for the farm, good and bad, of an authority that only the tests trust."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

NAMES = "*.farm.test"


class Authority:
    def __init__(self) -> None:
        self._ca = trustme.CA()

    def write_file(self, folder: Path) -> str:
        path = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(path)
        return str(path)

    def make_tls(
        self,
        *names: str,
        begins: timedelta = -timedelta(days=1),
        ends: timedelta = timedelta(days=90),
    ) -> ssl.SSLContext:
        """Return what a server needs to show a certificate for these names."""
        now = datetime.now(UTC)
        leaf = self._ca.issue_cert(
            *(names or [NAMES]), not_before=now + begins, not_after=now + ends
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        leaf.configure_cert(context)
        return context
