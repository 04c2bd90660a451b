"""Who may ask: the key of a request, and the host that it thinks it talks to."""

import hashlib
import hmac
import ipaddress
import os
from pathlib import Path

from textkind.errors import SettingsError
from textkind.serve.refusals import RefusalError
from textkind.serve.settings import LOOPBACK

SHORTEST = 16  # characters of a key
VARIABLE = "TEXTKIND_API_KEY"


class Access:
    """Keys are kept and compared as digests, so that the time tells neither length nor match."""

    def __init__(self, keys: tuple[bytes, ...], host_names: tuple[str, ...]) -> None:
        self._digests = [hashlib.sha256(key).digest() for key in keys]
        self._hosts = {name.lower().encode() for name in host_names}

    def check_key(self, authorization: bytes | None) -> None:
        """RefusalError with 401 unless it is `Bearer KEY` with a known key, or none is needed."""
        if not self._digests:
            return
        scheme, _, key = (authorization or b"").partition(b" ")
        digest = hashlib.sha256(key.strip()).digest()
        known = [hmac.compare_digest(digest, one) for one in self._digests]
        if scheme.lower() != b"bearer" or not any(known):
            raise RefusalError(
                401,
                "this service needs a key" if authorization is None else "the key is not known",
                where="Authorization",
                hint="send the header Authorization: Bearer KEY",
                headers=((b"www-authenticate", b"Bearer"),),
            )

    def check_host(self, host: bytes | None) -> None:
        """RefusalError with 421 where the Host header names another machine than it should.

        A page of another site cannot reach a service on loopback by a name of its own that it lets
        point here.
        """
        if self._hosts and host is not None and _without_port(host) not in self._hosts:
            raise RefusalError(
                421,
                "the request is for another host",
                found=host.decode("latin-1"),
                where="Host",
                hint="name one that is allowed with --allow-host",
            )


def host_names(host: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The names that a request may give; none: any. On loopback they are its own."""
    if is_loopback(host):
        return (*LOOPBACK, *allowed)
    return (host, *allowed) if allowed else ()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def api_keys(file: Path | None) -> tuple[bytes, ...]:
    """The keys of a file, one a line, or of the environment; SettingsError for a weak one."""
    if file is not None:
        try:
            lines = file.read_bytes().split()
        except OSError as error:
            raise SettingsError(
                "the file of keys cannot be read", found=error.strerror, where=str(file)
            ) from None
        where = str(file)
    else:
        lines, where = os.environ.get(VARIABLE, "").encode().split(), VARIABLE
    if file is not None and not lines:
        raise SettingsError("the file of keys is empty", where=where)
    if any(len(key) < SHORTEST for key in lines):
        raise SettingsError(
            f"a key must have {SHORTEST} characters or more",
            where=where,
            hint="make one with: openssl rand -hex 32",
        )
    return tuple(lines)


def check_open(host: str, keys: tuple[bytes, ...], no_auth: bool) -> None:
    """SettingsError where others could reach a service that asks for no key."""
    if not is_loopback(host) and not keys and not no_auth:
        raise SettingsError(
            "an address that other machines reach needs a key",
            found=host,
            hint=f"--api-key-file FILE, or {VARIABLE}; or --no-auth, where anyone may ask",
        )


def _without_port(host: bytes) -> bytes:
    host = host.lower()
    if host.startswith(b"["):
        return host[1:].partition(b"]")[0]
    return host.partition(b":")[0]
