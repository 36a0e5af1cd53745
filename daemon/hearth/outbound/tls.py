"""TLS to providers: the system's own certificates, or one file that the user named; made when first needed."""

from __future__ import annotations

import ssl
from pathlib import Path

from hearth.problems import Problem, TimedOut, Unreachable

_TRUST_IT = 'If you trust this server, set ca = "its-root.pem" for this provider in hearth.toml.'
_NEXT_STEP = {
    "certificate has expired": "Check this machine's clock; otherwise the provider must renew its certificate.",
    "certificate is not yet valid": "Check this machine's clock.",
    "self-signed certificate": _TRUST_IT,
    "unable to get local issuer certificate": _TRUST_IT,
    "not valid for": "The certificate is for another name: correct the address in hearth.toml.",
}


def make_context(ca: str | None) -> ssl.SSLContext:
    """Build a client context: only `ca` (a PEM file) if given, else the system's store. Reads files for tens of ms.

    Raises `Unreachable` if the file cannot be used.
    """
    if ca is None:
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        try:
            context = ssl.create_default_context(cadata=Path(ca).read_text("ascii"))
        except (OSError, ValueError, ssl.SSLError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no PEM certificate"
            raise Unreachable(
                f"the ca file {ca} cannot be used: {why}.", next_step="Correct ca in hearth.toml."
            ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def tls_problem(error: BaseException, host: str, who: str, seconds: float) -> Problem:
    """Say why a handshake failed (F18)."""
    if isinstance(error, TimeoutError) or "is taking longer than" in str(error):
        return TimedOut(f"no TLS handshake with {host} within {seconds:g} s.", who=who)
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        step = next((step for words, step in _NEXT_STEP.items() if words in why), "")
        return Unreachable(f"the certificate of {host} is refused: {why}.", who=who, next_step=step)
    if isinstance(error, ssl.SSLError) and error.reason in {
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "RECORD_LAYER_FAILURE",
    }:
        return Unreachable(
            f"{host} does not speak TLS.", who=who, next_step="Is its address http:// rather than https://?"
        )
    if isinstance(error, ssl.SSLError):
        return Unreachable(f"no TLS with {host}: {(error.reason or 'it failed').replace('_', ' ').lower()}.", who=who)
    return Unreachable(f"{host} closed the connection during the TLS handshake.", who=who)
