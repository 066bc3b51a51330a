"""Where a VictoriaMetrics answers: one base URL, four places, each of which can be set apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_IMPORT_SUFFIX = re.compile(r"/api/v1/import(/prometheus)?$")
_CLUSTER_PATH = re.compile(r"(?P<prefix>.*)/(insert|select|delete)/(?P<tenant>\d+(:\d+)?)(/.*)?")


@dataclass(frozen=True)
class Endpoints:
    """The bases that paths like ``/api/v1/import`` or ``/internal/force_flush`` are appended to.

    ``admin`` is None for a cluster: flush and snapshot live on the vmstorage nodes, whose
    addresses no other URL reveals.
    """

    write: str
    read: str
    delete: str
    admin: str | None


@dataclass(frozen=True)
class VictoriaMetricsConfig:
    """How to reach a VictoriaMetrics. Nothing is opened here; a wrong URL raises ConfigError.

    Attributes:
        url: base of a single node (``http://host:8428``, also with ``/prometheus``), of a vmauth
            with any path prefix, or of a cluster (``http://host/insert/0/prometheus``). A
            trailing ``/api/v1/import`` or ``/api/v1/import/prometheus`` is dropped.
        user, password: basic auth.
        bearer_token: sent as ``Authorization: Bearer``; excludes ``user``.
        ca_file: PEM file with the certificate authority of a private TLS set-up.
        extra_labels: labels that every series of this store carries on the server and that its
            callers do not see, as ``{"source": "home"}``.
        write_url, read_url, delete_url, admin_url: replace the base that ``url`` leads to.
        delete_auth_key, flush_auth_key, snapshot_auth_key: the values of the server's flags
            ``-deleteAuthKey``, ``-forceFlushAuthKey`` and ``-snapshotAuthKey``.
        timeout_seconds: longest silence of the server within one request.
        read_back_seconds: how long samples may take from accepted to readable.
    """

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    extra_labels: Mapping[str, str] = field(default_factory=dict)
    write_url: str | None = None
    read_url: str | None = None
    delete_url: str | None = None
    admin_url: str | None = None
    delete_auth_key: str | None = field(default=None, repr=False)
    flush_auth_key: str | None = field(default=None, repr=False)
    snapshot_auth_key: str | None = field(default=None, repr=False)
    timeout_seconds: float = 300.0
    read_back_seconds: float = 20.0

    def __post_init__(self) -> None:
        if self.bearer_token and (self.user or self.password):
            raise ConfigError(
                "A bearer token and a user with password are both set for VictoriaMetrics; "
                "one of the two is legal, remove the other."
            )
        if bool(self.user) != bool(self.password):
            raise ConfigError("User and password for VictoriaMetrics come together; set both.")
        if self.ca_file is not None and not self.ca_file.is_file():
            raise ConfigError(f"The CA file {self.ca_file} for VictoriaMetrics does not exist.")
        _ = self.endpoints  # refuses a wrong URL here and not in the middle of a run

    @property
    def endpoints(self) -> Endpoints:
        """The four bases, without a trailing slash."""
        derived = _derive(_checked(self.url))
        return Endpoints(
            write=_base(self.write_url) or derived.write,
            read=_base(self.read_url) or derived.read,
            delete=_base(self.delete_url) or derived.delete,
            admin=_base(self.admin_url) or derived.admin,
        )

    @property
    def key(self) -> str:
        """Equal for configurations that write to the same place; holds no secret."""
        return self.endpoints.write


def _base(url: str | None) -> str | None:
    return _checked(url).geturl() if url else None


def _checked(url: str) -> SplitResult:
    """The URL, lower-case where case means nothing, without an import path or trailing slash."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        # The URL itself stays out of all these sentences: it may hold a password.
        raise ConfigError(
            "The VictoriaMetrics URL has a wrong host or port; legal is http://HOST:PORT."
        ) from error
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(
            "The VictoriaMetrics URL must begin with http:// or https:// and a host, as "
            "http://localhost:8428."
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "The VictoriaMetrics URL holds credentials; put them into VICTORIA_USER and "
            "VICTORIA_PASSWORD or into VICTORIA_BEARER_TOKEN."
        )
    if parts.query or parts.fragment:
        raise ConfigError("The VictoriaMetrics URL has a part after ? or #; remove it.")
    path = _IMPORT_SUFFIX.sub("", parts.path.rstrip("/")).rstrip("/")
    return parts._replace(netloc=parts.netloc.lower(), path=path)


def _derive(base: SplitResult) -> Endpoints:
    def at(path: str) -> str:
        return base._replace(path=path).geturl()

    if cluster := _CLUSTER_PATH.fullmatch(base.path):
        prefix, tenant = cluster["prefix"], cluster["tenant"]
        return Endpoints(
            write=at(f"{prefix}/insert/{tenant}/prometheus"),
            read=at(f"{prefix}/select/{tenant}/prometheus"),
            delete=at(f"{prefix}/delete/{tenant}/prometheus"),
            admin=None,
        )
    # A single node serves its API also below /prometheus, its admin paths only at the root.
    return Endpoints(
        write=base.geturl(),
        read=base.geturl(),
        delete=base.geturl(),
        admin=at(base.path.removesuffix("/prometheus")),
    )
