"""Where an endpoint may be: an address that a spec may name and a key may be sent to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def fault(base: str) -> str | None:
    """What is wrong with the address of an OpenAI-compatible server, or None.

    Plain http would send the key and the facts in the open, so it is for this machine only.
    """
    if not base.isascii() or not base.isprintable() or " " in base:
        return "an address has no spaces and no letters beyond ASCII"
    try:
        parts = urlsplit(base)
        port_fits = parts.port != 0
    except ValueError as error:
        return f"this is not an address: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "an address begins with http:// or https:// and a host"
    if parts.username is not None or parts.password is not None:
        return "an address holds no user and no password: the key comes from the environment"
    if parts.query or parts.fragment or "?" in base or "#" in base:
        return "an address ends with its path: no '?' and no '#'"
    if not port_fits:
        return "no server listens on port 0"
    if parts.scheme == "http" and not is_local(base):
        return "http is for servers on this machine (localhost): write https"
    return None


def is_local(base: str) -> bool:
    """Whether an address is on this machine by its name alone."""
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
