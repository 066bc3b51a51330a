"""Configuration: read in one place, once, and passed along as a value."""

from syncbit_dagster.config.accounts import load_account, load_accounts
from syncbit_dagster.config.providers import DEMO_URL
from syncbit_dagster.config.settings import Settings, load_settings
from syncbit_dagster.config.variables import VARIABLES

__all__ = [
    "DEMO_URL",
    "VARIABLES",
    "Settings",
    "load_account",
    "load_accounts",
    "load_settings",
]
