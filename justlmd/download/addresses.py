"""Links may lead to the internet only, not into the network of the computer that follows them."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from justlmd.core.errors import plain


def is_public(address: str) -> bool:
    """Whether an IPv4 or IPv6 address, with or without a zone, is one of the internet."""
    return ipaddress.ip_address(address.partition("%")[0]).is_global


class PrivateAddressError(OSError):
    """A name leads to an address that is not one of the internet."""


@contextmanager
def internet_only(allow_private: bool = False) -> Iterator[None]:
    """Refuse connections to private, loopback, link-local and reserved addresses, also those that redirects ask for.

    All names are resolved by ``socket.getaddrinfo``, so that no second look at a name can lead elsewhere: what it
    returns is what is connected to. A configured proxy resolves names itself and must do its own refusing.

    Raises
    ------
    PrivateAddressError
        Inside the block, where a connection is asked for.
    """
    if allow_private:
        yield
        return
    resolve = socket.getaddrinfo

    def checked(host: Any, *arguments: Any, **named: Any) -> Any:
        found = resolve(host, *arguments, **named)
        for *_, address in found:
            if not is_public(str(address[0])):
                raise PrivateAddressError(f"{plain(host)} is {address[0]}, an address of a private network")
        return found

    socket.getaddrinfo = checked
    try:
        yield
    finally:
        socket.getaddrinfo = resolve
