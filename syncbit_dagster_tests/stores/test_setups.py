"""Real set-ups and wrong ones: passwords, a real vmauth, private TLS, missing rights, retention."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import requests

from syncbit_dagster.stores.errors import (
    StoreMismatchError,
    StoreRefusedError,
    StoreUnavailableError,
)
from syncbit_dagster.stores.victoriametrics import (
    FileJournal,
    VictoriaMetricsConfig,
    VictoriaMetricsStore,
)
from syncbit_dagster_tests.stores.builders import ONE_DAY, joined, post, rows, series, slice_of
from syncbit_dagster_tests.victoriametrics import (
    FOREVER,
    Server,
    contents,
    find_binary,
    free_port,
    running,
    victoria_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.victoriametrics

DATA = ["/api/v1/import", "/api/v1/export", "/api/v1/series"]
ADMIN = ["/internal/force_flush", "/snapshot/create", "/snapshot/delete"]
DELETE = ["/api/v1/admin/tsdb/delete_series"]


def store_for(url: str, clock: Any = (), **settings: Any) -> VictoriaMetricsStore:
    config = VictoriaMetricsConfig(url, **{"read_back_seconds": 0.3, **settings})
    journal = FileJournal(Path(tempfile.mkdtemp()), config.key)
    return VictoriaMetricsStore(config, lock=nullcontext, journal=journal, **dict(clock))


def write_and_correct(store: VictoriaMetricsStore, user: str) -> None:
    """A first write, and a correction that needs every right there is."""
    store.replace(slice_of(user, days=2), joined(series(user, [1, 2]), series(user, [3], first=1)))
    assert store.replace(slice_of(user), [series(user, [1, 9])]).mode == "correct"
    assert [row[3] for row in rows(store.read(slice_of(user, days=2)))] == [1, 9, 3]


@pytest.fixture(scope="module")
def vmauth(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A proxy with users who may do everything, all but delete, all but administrate, read."""
    rights = {
        "whole": [*DATA, *ADMIN, *DELETE],
        "no-delete": [*DATA, *ADMIN],
        "no-admin": [*DATA, *DELETE],
        "reader": [*ADMIN, "/api/v1/export", "/api/v1/series"],
    }

    def routes(paths: list[str]) -> list[dict[str, Any]]:
        return [{"src_paths": paths, "url_prefix": server.url}]

    users: list[dict[str, Any]] = [
        {"username": name, "password": f"{name}-pässword", "url_map": routes(paths)}
        for name, paths in rights.items()
    ]
    users.append({"bearer_token": "token-of-whole", "url_map": routes(rights["whole"])})
    directory = tmp_path_factory.mktemp("vmauth")
    config = directory / "auth.yml"  # JSON is YAML
    config.write_bytes(orjson.dumps({"users": users}))
    port = free_port()
    command = [str(find_binary("vmauth")), f"-auth.config={config}"]
    command.append(f"-httpListenAddr=127.0.0.1:{port}")
    with running(Server(command, port, directory / "log")) as one:
        yield one


def through(vmauth: Server, name: str, **settings: Any) -> VictoriaMetricsStore:
    return store_for(vmauth.url, user=name, password=f"{name}-pässword", **settings)


def test_vmauth_with_basic_auth_and_with_a_bearer_token(vmauth: Server, user: str) -> None:
    write_and_correct(through(vmauth, "whole"), user)
    write_and_correct(store_for(vmauth.url, bearer_token="token-of-whole"), f"{user}-other")


@pytest.mark.parametrize(
    "settings", [{}, {"user": "whole", "password": "guessed"}, {"bearer_token": "guessed"}]
)
def test_wrong_credentials(vmauth: Server, user: str, settings: dict[str, str]) -> None:
    store = store_for(vmauth.url, **settings)
    with pytest.raises(StoreRefusedError, match=r"credentials .*VICTORIA_USER") as it:
        store.replace(slice_of(user), [series(user, [1])])
    assert "guessed" not in f"{it.value!r}{store.description}"


def test_no_right_to_write_or_to_delete(vmauth: Server, server: Server, user: str) -> None:
    """Nothing is written that would need a deletion later."""
    reader = through(vmauth, "reader")
    assert reader.replace(slice_of(user), []).mode == "noop"
    with pytest.raises(StoreRefusedError, match=r"does not write samples .*route /api/v1/import"):
        reader.replace(slice_of(user), [series(user, [1])])
    store = through(vmauth, "no-delete")
    store.replace(slice_of(user), [series(user, [1, 2])])
    with pytest.raises(StoreRefusedError, match=r"route /api/v1/admin/tsdb/delete_series .*delete"):
        store.replace(slice_of(user), [series(user, [1, 9, 4])])
    assert [row[3] for row in rows(store.read(slice_of(user)))] == [1, 2]
    assert contents(server.url, f'{{user="{user}"}}').total() == 2


def test_without_admin_paths_it_waits_instead(
    vmauth: Server, server: Server, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What the server does by itself within 11 s happens here in each pause of a false clock."""
    passed: list[float] = []

    def sleep(seconds: float) -> None:
        passed.append(seconds)
        requests.get(f"{server.url}/internal/force_flush", timeout=10).raise_for_status()

    clock = {"sleep": sleep, "monotonic": lambda: sum(passed)}
    store = through(vmauth, "no-admin", clock=clock, read_back_seconds=20)
    write_and_correct(store, user)
    assert contents(server.url, f'{{user="{user}"}}').total() == 3
    assert passed[0] == 15, "a process that died just before may have left hidden samples"
    assert passed.count(15) >= 3
    assert "route /internal/force_flush" in caplog.text
    assert "route /snapshot/create" in caplog.text


def test_keys_and_password_of_the_server_itself(tmp_path: Path, user: str) -> None:
    flags = ["-httpAuth.username=me", "-httpAuth.password=secret", "-deleteAuthKey=del"]
    flags += ["-forceFlushAuthKey=flush", "-snapshotAuthKey=snap"]
    with running(victoria_metrics(tmp_path, flags=[*FOREVER, *flags])) as one:
        keys = {"flush_auth_key": "flush", "snapshot_auth_key": "snap"}
        login = {"user": "me", "password": "secret"}
        write_and_correct(store_for(one.url, **login, **keys, delete_auth_key="del"), user)
        store = store_for(one.url, **login, **keys, delete_auth_key="wrong")
        with pytest.raises(StoreRefusedError, match="-deleteAuthKey"):
            store.replace(slice_of(user), [])


def test_private_tls(tmp_path: Path, user: str) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    flags = [*FOREVER, "-tls", f"-tlsCertFile={certificate}", f"-tlsKeyFile={key}"]
    with running(victoria_metrics(tmp_path, flags=flags, scheme="https")) as one:
        write_and_correct(store_for(one.url, ca_file=certificate), user)
        stranger = store_for(one.url)
        with pytest.raises(StoreRefusedError, match=r"certificate .* is not trusted"):
            stranger.read(slice_of(user))
        plain = store_for(one.url.replace("https", "http"))
        with pytest.raises((StoreUnavailableError, StoreRefusedError), match=r"https://|TLS"):
            plain.read(slice_of(user))


def test_default_retention_is_refused_before_writing(tmp_path: Path, user: str) -> None:
    """One month, as Debian starts it. Behind a proxy the flag is named when reading back."""
    # Without the admin paths each wait is real seconds; they are of no use here.
    ticks = itertools.count(0.0, 5.0)
    clock = {"sleep": lambda _: None, "monotonic": lambda: next(ticks)}
    with running(victoria_metrics(tmp_path, flags=())) as one:
        with pytest.raises(StoreRefusedError) as caught:
            store_for(one.url).replace(slice_of(user), [series(user, [1])])
        hidden = store_for(one.url, clock, admin_url=f"{one.url}/behind/a/proxy")
        with pytest.raises(StoreMismatchError, match=r"2 of 2 .*-retentionPeriod=100y"):
            hidden.replace(slice_of(user), [series(user, [1, 2])])
    assert str(caught.value).replace("=1M", "=1") == (  # as newer servers spell it
        "VictoriaMetrics keeps samples for 31 days (-retentionPeriod=1) and would drop those from "
        "2024-03-01 without an error; start it with -retentionPeriod=100y. Nothing was written."
    )


def test_deduplication_is_named(tmp_path: Path, user: str) -> None:
    flags = [*FOREVER, "-dedup.minScrapeInterval=1m"]
    with running(victoria_metrics(tmp_path, flags=flags)) as one:
        store = store_for(one.url)
        with pytest.raises(StoreMismatchError, match=r"-dedup\.minScrapeInterval=1m0s|=1m "):
            store.replace(slice_of(user), [series(user, range(60), step=1000)])


def test_nobody_answers(user: str) -> None:
    store = store_for(f"http://127.0.0.1:{free_port()}", clock={"sleep": lambda _: None})
    with pytest.raises(StoreUnavailableError, match="is VictoriaMetrics running there"):
        store.read(slice_of(user))


def test_extra_labels_stay_on_the_server(server: Server, user: str) -> None:
    """Two stores with other extra labels never see each other's series."""
    home = store_for(server.url, extra_labels={"source": "home"})
    work = store_for(server.url, extra_labels={"source": "work"})
    write_and_correct(home, user)
    assert work.read(slice_of(user)) == []
    write_and_correct(work, user)
    assert work.replace(slice_of(user, days=2), []).removed == 3
    assert len(rows(home.read(slice_of(user, days=2)))) == 3
    assert contents(server.url, f'{{user="{user}",source="home"}}').total() == 3


def test_samples_of_another_program(server: Server, user: str) -> None:
    """In the slice they go, copies and infinities too. Outside they stay, in 11 digits, if finite:
    VictoriaMetrics takes nothing else back."""
    wanted = [series(user, [60, 61, 62])]
    store = store_for(server.url)
    store.replace(slice_of(user), wanted)
    post(server.url, series(user, [60, 99]))
    for at in (1709254920000, 1709254920000 + 5 * ONE_DAY):
        requests.post(
            f"{server.url}/api/v1/import/prometheus",
            data=f'fitbit_heart_rate_intraday{{user="{user}",device="watch"}} +Inf {at}\n',
            timeout=10,
        ).raise_for_status()
    post(server.url, series(user, [2 / 3, 7], first=3))
    report = store.replace(slice_of(user), wanted)
    assert (report.mode, report.equal, report.changed, report.removed) == ("correct", 3, 0, 3)
    outside = series(user, [0.66666666667, 7], first=3)
    found = contents(server.url, f'{{user="{user}"}}')
    assert sorted(found.elements()) == rows([*wanted, outside])
