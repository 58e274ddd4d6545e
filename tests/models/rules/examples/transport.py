"""Examples of TLS and of the way to https."""

from quartapp.models.look import Reason
from tests.models.rules.looks import HTTP, SITE, Examples, fail, refuse, see, show, sts

OTHERS = [fail(Reason.DNS, "The name leads to no address."), see(), see(url=HTTP)]
TIMEOUT = fail(Reason.TIMEOUT, "Too slow: has expired.")
TLS: Examples = {
    "tls-protocol-old": (
        [
            show(protocol="TLSv1.1"),
            fail(Reason.TLS, "The TLS connection failed: unsupported protocol."),
        ],
        [show(), show(protocol="TLSv1.2"), refuse("certificate has expired"), *OTHERS],
    ),
    "certificate-expired": (
        [refuse("certificate has expired"), refuse("certificate is not yet valid")],
        [refuse("self-signed certificate"), TIMEOUT, *OTHERS],
    ),
    "certificate-name-mismatch": (
        [
            refuse("Hostname mismatch, certificate is not valid for 'a'"),
            refuse("IP address mismatch, certificate is not valid for '10.0.0.1'"),
        ],
        [refuse("certificate has expired"), *OTHERS],
    ),
    "certificate-untrusted": (
        [refuse("self-signed certificate"), refuse("unable to get local issuer certificate")],
        [
            refuse("certificate has expired"),
            refuse("Hostname mismatch, certificate is not valid for 'a'"),
            fail(Reason.TLS, "The TLS connection failed: it ended early."),
            *OTHERS,
        ],
    ),
    "certificate-ends-soon": (
        [show(left=14), show(left=3.1)],
        [show(left=14.1), show(left=3), show(left=4, whole=6), *OTHERS],
    ),
    "certificate-ends-now": (
        [show(left=3), show(left=0.1)],
        [show(left=3.1), show(left=2, whole=6), *OTHERS],
    ),
    "certificate-too-long": (
        [show(left=300, whole=398.1), show(left=3000, whole=3650)],
        [show(left=300, whole=398), show(left=1), *OTHERS],
    ),
}
WAY: Examples = {
    "https-missing": (
        [see(url=HTTP), see(url="http://b.example/x", hops=(HTTP,))],
        [
            see(hops=(HTTP,)),
            see(url="http://localhost:5000/"),
            see(url="http://127.0.0.1/"),
            see(url=HTTP, status=503),
            see(url=HTTP, hops=(SITE,)),
        ],
    ),
    "https-left": (
        [see(url=HTTP, hops=(SITE,)), see(hops=(SITE, HTTP))],
        [see(hops=(HTTP,)), see(url=HTTP), see(hops=("https://example.com/",))],
    ),
    "hsts-missing": (
        [sts(None), sts("includeSubDomains")],
        [
            sts("max-age=1"),
            sts('max-age="31536000"'),
            sts(None, HTTP),
            sts(None, "https://192.0.2.1/"),
            sts(None, "https://example.dev/"),
            see(status=503, strict_transport_security=None),
        ],
    ),
    "hsts-short": (
        [sts("max-age=0"), sts("includeSubDomains; Max-Age=15551999")],
        [sts("max-age=15552000"), sts(None), sts("max-age=1", HTTP)],
    ),
    "hsts-without-subdomains": (
        [sts("max-age=31536000"), sts("max-age=31536000; preload")],
        [sts("max-age=31536000;INCLUDESUBDOMAINS"), sts("max-age=1"), sts(None)],
    ),
}
