"""Whose data it is: an account is a value that is passed along, never module state."""

from syncbit_dagster.account.account import Account, OAuthApp, OAuthDialect, Priority, Quota
from syncbit_dagster.account.profile import Profile, ProfileFile
from syncbit_dagster.account.state import StateError, StatePlace
from syncbit_dagster.account.token_file import TokenFile
from syncbit_dagster.account.token_table import TokenTable
from syncbit_dagster.account.tokens import Token, TokenStore

__all__ = [
    "Account",
    "OAuthApp",
    "OAuthDialect",
    "Priority",
    "Profile",
    "ProfileFile",
    "Quota",
    "StateError",
    "StatePlace",
    "Token",
    "TokenFile",
    "TokenStore",
    "TokenTable",
]
