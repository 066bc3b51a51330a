"""Where corrections are kept: a file, or rows of a PostgreSQL. Both promise the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.journal_rows import JournalRows
from syncbit_dagster.stores.errors import StoreRefusedError
from syncbit_dagster.stores.victoriametrics import FileJournal
from syncbit_dagster_tests.postgresql import running_postgresql
from syncbit_dagster_tests.stores.builders import joined, rows, series, slice_of
from syncbit_dagster_tests.stores.writers import store_at
from syncbit_dagster_tests.victoriametrics import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from syncbit_dagster.stores.victoriametrics import Journal, VictoriaMetricsStore
    from syncbit_dagster_tests.victoriametrics import Server

TARGET = "http://store:8428"


class PowerCutError(Exception):
    """Ends a write where it stands."""


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with running_postgresql() as new:
        yield new()


@pytest.fixture(params=["file", "rows"])
def journal_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Journal]:
    """The journals of a target, each time opened anew, as another process does."""
    if request.param == "file":
        return lambda target: FileJournal(tmp_path, target)
    url: str = request.getfixturevalue("database")
    return lambda target: JournalRows(url, f"{target}/{tmp_path.name}")


def read(journal: Journal, name: str) -> bytes:
    return b"".join(journal.read(name))


def test_a_journal_is_whole_or_not_there(journal_of: Callable[[str], Journal]) -> None:
    lines = [b'{"n":%d,"text":"%s"}\n' % (n, b"\xc3\xa4" * 1000) for n in range(1_500)]
    journal_of(TARGET).write("one", iter(lines))
    assert journal_of(TARGET).names() == ["one"]
    assert read(journal_of(TARGET), "one") == b"".join(lines)
    journal_of(TARGET).write("one", lines[:2])
    journal_of(TARGET).write("other", [b"{}\n"])
    assert journal_of(TARGET).names() == ["one", "other"]
    assert read(journal_of(TARGET), "one") == b"".join(lines[:2])
    assert journal_of("http://another").names() == []
    for name in ("one", "other"):
        journal_of(TARGET).remove(name)

    def broken() -> Iterator[bytes]:
        yield b"x" * 2_000_000
        raise PowerCutError

    with pytest.raises(PowerCutError):
        journal_of(TARGET).write("one", broken())
    assert journal_of(TARGET).names() == []


@pytest.mark.victoriametrics
def test_another_process_finishes_what_one_has_begun(
    journal_of: Callable[[str], Journal], server: Server, user: str, tmp_path: Path
) -> None:
    """It died when the series were gone; nobody but the journal knows what they held."""

    def store(last_step: str | None = None) -> VictoriaMetricsStore:
        def step(name: str) -> None:
            if name == last_step:
                raise PowerCutError

        return store_at(server.url, tmp_path, step, journal=journal_of(server.url))

    before = [series(user, range(1440)), series(user, [7], first=1)]
    store().replace(slice_of(user, days=2), joined(*before))
    with pytest.raises(PowerCutError):
        store("import journal").replace(slice_of(user), [series(user, [5])])
    assert not contents(server.url, f'{{user="{user}"}}')
    found = store().read(slice_of(user, days=2))
    assert rows(found) == rows([series(user, [5]), before[1]])


def test_files_are_the_owners(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journals", TARGET)
    journal.write("one", [b"{}\n"])
    (path,) = (tmp_path / "journals").iterdir()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    half = path.with_name(f".{path.name}.killed")
    half.write_bytes(b"{")
    assert journal.names() == ["one"]
    assert list(path.parent.iterdir()) == [path]


def test_no_room_for_a_journal_is_one_sentence(tmp_path: Path, database: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefusedError, match=r"without it no stored value .* Nothing was del"):
        FileJournal(tmp_path / "file", TARGET).write("one", [b"{}\n"])
    password = database.split(":")[2].split("@")[0]
    with pytest.raises(StateError, match="database of SYNCBIT_STATE_URL") as caught:
        JournalRows(f"{database}_gone", TARGET).names()
    assert password not in str(caught.value)
