"""Ray's token: whether this machine has one, and one for a cluster that lives as long as we do.

A cluster runs what it is sent, so one without a token belongs to everybody who can reach it
(CVE-2023-48022). Ray takes the token from RAY_AUTH_TOKEN, the file RAY_AUTH_TOKEN_PATH, or
~/.ray/auth_token, and asks for one where RAY_AUTH_MODE is token.
"""

import os
import secrets
from pathlib import Path

from textkind.optional import need

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


def has_token() -> bool:
    """Whether Ray would find a token here."""
    if os.environ.get(TOKEN) or os.environ.get(TOKEN_PATH):
        return True
    try:
        return (Path.home() / ".ray" / "auth_token").is_file()
    except (OSError, RuntimeError):  # no home, or one that may not be read
        return False


def asked_token() -> dict[str, str]:
    """The environment of a cluster that asks for a token: the user's own, else a new one.

    It is in the environment alone, which other users of a machine cannot read.
    """
    asks = {MODE: "token"}
    return asks if has_token() else asks | {TOKEN: secrets.token_hex(32)}


def shown_token() -> dict[str, str]:
    """The environment in which our token is shown to a cluster, where there is one.

    Ray shows none to an address that it is told, unless RAY_AUTH_MODE says so.
    """
    return {MODE: "token"} if has_token() and MODE not in os.environ else {}


def reread_token() -> None:
    """Let Ray see the present environment: it reads mode and token once, when it is imported."""
    compiled = need("ray._raylet")
    compiled.Config.initialize("")
    compiled.AuthenticationTokenLoader.instance().reset_cache()
