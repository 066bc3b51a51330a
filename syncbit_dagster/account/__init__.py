"""Whose data it is: an account is a value that is passed along, never module state."""

from syncbit_dagster.account.account import Account, OAuthApp, OAuthDialect, Quota
from syncbit_dagster.account.profile import Profile, ProfileFile
from syncbit_dagster.account.tokens import Token, TokenFile

__all__ = [
    "Account",
    "OAuthApp",
    "OAuthDialect",
    "Profile",
    "ProfileFile",
    "Quota",
    "Token",
    "TokenFile",
]
