"""TLS to providers: the system's own certificates, or one file that the user named; made when first needed."""

from __future__ import annotations

import ssl
from functools import lru_cache
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


def context_for(ca: str | None, who: str) -> ssl.SSLContext:
    """The client context that trusts `ca` (a PEM file) alone, or the system's store; made again when the file changes.

    Reads files for some tens of milliseconds. Raises `Unreachable` if `ca` cannot be used.
    """
    try:
        return _make_context(ca, Path(ca).stat().st_mtime_ns if ca is not None else 0)
    except (OSError, ValueError) as error:
        readable = isinstance(error, ssl.SSLError | ValueError)
        why = (
            "it holds no PEM certificate" if readable else str(getattr(error, "strerror", None) or "it cannot be read")
        )
        step = "Correct ca in hearth.toml."
        raise Unreachable(f"the ca file {ca} cannot be used: {why}.", who=who, next_step=step) from None


@lru_cache(maxsize=16)
def _make_context(ca: str | None, _changed: int) -> ssl.SSLContext:
    if ca is None:
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=Path(ca).read_text("ascii"))
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
