"""Where an operator may have us connect to: public addresses over TLS, checked when named and at each connection.

A name can lead elsewhere tomorrow, so what counts is the address connected to.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings


class NotPublicError(OSError):
    """A name led to an address that is not on the public internet."""


def check_address(url: str, *, by_operator: bool) -> None:
    """Raises ValueError, in words for a form, where `url` cannot be an upstream's address."""
    parts = _split(url)
    if parts.query:
        raise ValueError("An address holds no password, query or fragment.")
    if by_operator and not settings.PRIVATE_UPSTREAMS:
        _check_public(parts)


def check_webhook_address(url: str) -> None:
    """Raises ValueError, in words for a form, where `url` cannot be a webhook's address."""
    parts = _split(url)
    if not settings.PRIVATE_WEBHOOKS:
        _check_public(parts)


def _split(url: str) -> SplitResult:
    # Some parsers drop what others keep: what none of them shows cannot be part of an address.
    if " " in url or not url.isprintable():
        raise ValueError("An address holds no spaces or control characters.")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("An address reads https://host or http://host.")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("An address holds no password, query or fragment.")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("The port is a number up to 65535.") from None
    return parts


def _check_public(parts: SplitResult) -> None:
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        raise ValueError("Nothing would be encrypted on its way; use https.")
    literal = _literal(host)
    inside = host == "localhost" or host.endswith(".localhost") if literal is None else not is_public(literal)
    if inside:
        raise ValueError("This address is not on the public internet.")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host spells out, short and hexadecimal forms of old included; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """aiohttp's socket factory, called for each address that is about to be connected to, whatever name led there."""
    family, kind, protocol, _, where = address
    if not is_public(ip_address(where[0].partition("%")[0])):
        raise NotPublicError("not on the public internet")
    return socket.socket(family, kind, protocol)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one host's on the public internet; what IPv6 wraps around an IPv4 address is unwrapped."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address.packed[:12] == _NAT64:
            inner = IPv4Address(address.packed[12:])
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = IPv6Address("64:ff9b::").packed[:12]
