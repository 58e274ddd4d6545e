"""Examples of policies and other headers."""

from tests.models.rules.looks import SITE, Examples, csp, see

META = "<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">"
CSP: Examples = {
    "csp-missing": (
        [csp(None), csp("frame-ancestors 'none'"), csp(None, f"<!-- {META} -->")],
        [
            see(),
            csp(None, META),
            see(status=500, content_security_policy=None),
            see(content_type="image/png", content_security_policy=None),
        ],
    ),
    "csp-unsafe-inline": (
        [csp("default-src 'unsafe-inline'"), csp("Script-Src 'self' 'UNSAFE-INLINE'")],
        [
            csp("script-src 'unsafe-inline' 'nonce-abc'"),
            csp("script-src 'unsafe-inline' 'sha256-abc='"),
            csp("script-src 'unsafe-inline' 'strict-dynamic'"),
            csp("script-src 'self'; style-src 'unsafe-inline'"),
            csp("script-src 'unsafe-inline', script-src 'self'"),
            csp("script-src 'self'; script-src 'unsafe-inline'"),
            csp("script-src 'unsafe-inline'", META),
        ],
    ),
    "csp-unsafe-eval": (
        [csp("script-src 'unsafe-eval'"), csp("default-src 'self' 'unsafe-eval'")],
        [
            csp("script-src 'wasm-unsafe-eval'"),
            csp("default-src 'unsafe-eval'; script-src 'self'"),
            csp("frame-ancestors 'self'"),
        ],
    ),
    "csp-wide-sources": (
        [csp("script-src *"), csp("default-src https:"), csp("script-src 'self' data:")],
        [
            csp("script-src https: 'strict-dynamic' 'nonce-a'"),
            csp("script-src https://*.example.com"),
            csp("script-src 'self'; img-src * data:"),
            csp("frame-ancestors *"),
        ],
    ),
    "csp-object-src-missing": (
        [csp("script-src 'self'"), csp("script-src 'self'; base-uri 'none'")],
        [csp("default-src 'self'"), csp("script-src 'self'; object-src 'none'"), csp(None)],
    ),
    "csp-base-uri-missing": (
        [csp("script-src 'self'"), csp("default-src 'none'")],
        [csp("default-src 'none'; base-uri 'self'"), csp(None), csp("img-src 'self'")],
    ),
}
HEADERS: Examples = {
    "framing-allowed": (
        [
            csp("default-src 'self'"),
            see(content_security_policy=None, x_frame_options="ALLOW-FROM a"),
        ],
        [
            see(content_security_policy=None, x_frame_options="sameorigin"),
            see(content_security_policy=None, x_frame_options="DENY, DENY"),
            csp("frame-ancestors 'self'"),
            see(content_security_policy=None, content_type="application/json"),
        ],
    ),
    "nosniff-missing": (
        [see(x_content_type_options=None), see(x_content_type_options="yes")],
        [
            see(x_content_type_options="NoSniff"),
            see("", x_content_type_options=None),
            see(status=404, x_content_type_options=None),
        ],
    ),
    "referrer-policy-missing": (
        [see(referrer_policy=None), see(referrer_policy="never-heard-of")],
        [
            see(referrer_policy="never-heard-of, origin"),
            see("<meta name=Referrer content=origin>", referrer_policy=None),
            see(referrer_policy="unsafe-url"),
        ],
    ),
    "referrer-policy-unsafe": (
        [see(referrer_policy="unsafe-url"), see(referrer_policy="origin, Unsafe-URL")],
        [
            see(referrer_policy="unsafe-url, origin"),
            see("<meta name=referrer content=origin>", referrer_policy="unsafe-url"),
            see(referrer_policy=None),
        ],
    ),
    "permissions-policy-missing": (
        [see(permissions_policy=None), see(permissions_policy="")],
        [
            see(permissions_policy="geolocation=()"),
            see(permissions_policy=None, content_type="text/css"),
            see(permissions_policy=None, status=404),
        ],
    ),
    "cors-any-with-credentials": (
        [
            see(access_control_allow_origin="*", access_control_allow_credentials="true"),
            see(
                content_type="application/json",
                access_control_allow_origin="*",
                access_control_allow_credentials="true",
            ),
        ],
        [
            see(access_control_allow_origin="*"),
            see(access_control_allow_origin=SITE, access_control_allow_credentials="true"),
            see(access_control_allow_origin="*", access_control_allow_credentials="false"),
        ],
    ),
    "cors-null-origin": (
        [
            see(access_control_allow_origin="null"),
            see(access_control_allow_origin="null", access_control_allow_credentials="true"),
        ],
        [see(access_control_allow_origin="*"), see(), see(access_control_allow_origin=SITE)],
    ),
}
