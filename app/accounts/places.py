"""Where a browser comes from: its network, cut off so that it names no household."""

from __future__ import annotations

import ipaddress

from app.kernel.ids import hash_secret

# What is kept and shown; what counts as one network for limits.
_SHOWN = {4: 24, 6: 48}
_COUNTED = {4: 32, 6: 64}


def truncated_address(address: str) -> str:
    """Return the network to keep and show for an IP address, e.g. `203.0.113.0/24`; "" if none."""
    return _network(address, _SHOWN)


def network_key(address: str) -> str:
    """Return a hashed name of the network for counters: one IPv4 address or one IPv6 /64."""
    return hash_secret(f"network:{_network(address, _COUNTED)}")[:32]


def _network(address: str, width: dict[int, int]) -> str:
    try:
        ip = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, width[ip.version]), strict=False))
