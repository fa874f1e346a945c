"""Where an operator's own upstream may be: public addresses over TLS, checked when it is named and at each connection.

A name can lead elsewhere tomorrow, so what counts is the address connected to.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from django.conf import settings


def check_address(url: str, *, by_operator: bool) -> None:
    """Raises ValueError, in words for a form, where `url` cannot be an upstream's address."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("An address reads https://host or http://host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("An address holds no password, query or fragment.")
    if not by_operator or settings.PRIVATE_UPSTREAMS:
        return
    if parts.scheme != "https":
        raise ValueError("Your key would travel unencrypted; use https.")
    try:
        literal = ip_address(parts.hostname)
    except ValueError:
        if parts.hostname == "localhost" or parts.hostname.endswith(".localhost"):
            raise ValueError("This address is not on the public internet.") from None
        return
    if not is_public(literal):
        raise ValueError("This address is not on the public internet.")


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
