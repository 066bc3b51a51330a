"""Where an export may lie: folders, zips, parts; and the zips that nobody should open."""

from __future__ import annotations

import logging
import stat
import struct
import zipfile
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from syncbit_dagster.core.civil import DayRange
from syncbit_dagster.core.errors import ConfigError
from syncbit_dagster.sources.takeout import archive
from syncbit_dagster_tests.sources.takeout.exports import (
    INSIDE,
    fetched,
    minutes,
    source,
    write_folder,
    write_zip,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2021, 6, 11, 12, tzinfo=UTC)
DAYS = DayRange(date(2021, 6, 11), date(2021, 6, 12))
STEPS = {"steps-2021-06-11.json": minutes(NOON, ["5", "7"])}
MORE = {"steps-2021-06-12.json": minutes(NOON.replace(day=12), ["11"])}
BOTH = [5.0, 7.0, 11.0]


def steps_of(path: Path) -> list[float]:
    found = source(path)
    values = list(fetched(found, "intraday_steps", DAYS)["fitbit_steps_intraday"].values())
    assert found.problems == []
    found.close()
    return values


def gzipped(files: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.gz": content for name, content in files.items()}


def plain_folder(folder: Path) -> Path:
    return write_folder(folder, STEPS | MORE, inside="")


def nested_folder(folder: Path) -> Path:
    return write_folder(folder, STEPS | MORE)


def gzipped_files(folder: Path) -> Path:
    return write_folder(folder, gzipped(STEPS | MORE))


def one_zip(folder: Path) -> Path:
    return write_zip(folder / "takeout.zip", STEPS | MORE)


def zip_of_gzipped_files(folder: Path) -> Path:
    return write_zip(folder / "takeout.zip", gzipped(STEPS | MORE))


def folder_of_parts(folder: Path) -> Path:
    write_zip(folder / "takeout-20260101T000000Z-001.zip", STEPS)
    write_zip(folder / "takeout-20260101T000000Z-002.zip", MORE)
    return folder


def one_part_of_two(folder: Path) -> Path:
    other = {"steps-2021-06-12.json": minutes(NOON.replace(day=12), ["999"])}
    write_zip(folder / "takeout-20200101T000000Z-001.zip", other)  # another export
    return folder_of_parts(folder) / "takeout-20260101T000000Z-002.zip"


def zip_and_folder(folder: Path) -> Path:
    write_zip(folder / "takeout.zip", STEPS)
    return write_folder(folder, MORE)


@pytest.mark.parametrize(
    "layout",
    [
        plain_folder,
        nested_folder,
        gzipped_files,
        one_zip,
        zip_of_gzipped_files,
        folder_of_parts,
        one_part_of_two,
        zip_and_folder,
    ],
)
def test_a_layout(tmp_path: Path, layout: Callable[[Path], Path]) -> None:
    assert steps_of(layout(tmp_path)) == BOTH
    if layout is one_zip:
        assert {path.name for path in tmp_path.iterdir()} == {"takeout.zip"}  # nothing unpacked


def test_a_minute_in_two_parts_counts_once(tmp_path: Path) -> None:
    for number, values in ((1, ["5", "0"]), (2, ["5", "7"])):
        files = {"steps-2021-06-11.json": minutes(NOON, values)}
        write_zip(tmp_path / f"takeout-x-{number:03}.zip", files | MORE)
    assert steps_of(tmp_path) == BOTH


def test_closed_zips_are_closed(tmp_path: Path) -> None:
    found = source(one_zip(tmp_path))
    found.close()
    with pytest.raises(ValueError, match="closed"):
        fetched(found, "intraday_steps", DAYS)


def test_an_archive_in_the_export_is_named_and_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inner = write_zip(tmp_path / "inner.zip", MORE).read_bytes()
    (tmp_path / "inner.zip").unlink()
    with caplog.at_level(logging.WARNING):
        path = write_zip(tmp_path / "takeout.zip", STEPS | {"old.zip": inner})
        assert steps_of(path) == [5.0, 7.0]
    assert f"takeout.zip/{INSIDE}/old.zip is an archive" in caplog.text
    caplog.clear()
    folder = write_folder(tmp_path / "folder", STEPS | {"old.zip": inner})
    assert steps_of(folder) == [5.0, 7.0]
    assert f"{INSIDE}/old.zip is an archive" in caplog.text


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        source(path)
    return str(caught.value)


def test_no_export(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "missing")
    assert "holds no Fitbit data" in refused(tmp_path)
    assert "holds no Fitbit data" in refused(write_folder(tmp_path, {"notes.txt": "none"}))
    (tmp_path / "takeout.tgz").write_bytes(b"")
    assert "neither a folder nor a .zip" in refused(tmp_path / "takeout.tgz")


def test_a_zip_that_is_cut_short(tmp_path: Path) -> None:
    path = one_zip(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "download that part of the export again" in refused(path)


@pytest.mark.parametrize(
    "name",
    [
        "../steps-2021-06-11.json",
        "Takeout/../../steps-2021-06-11.json",
        "/etc/steps-2021-06-11.json",
        "C:/steps-2021-06-11.json",
        "../",
    ],
)
def test_names_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    sentence = refused(write_zip(tmp_path / "evil.zip", {**STEPS, name: b""}, inside=""))
    assert "leaves the archive's own folder" in sentence
    assert repr(name) in sentence


def test_links_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "evil.zip", STEPS)
    link = zipfile.ZipInfo(f"{INSIDE}/steps-2021-06-12.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "symbolic link" in refused(path)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = one_zip(tmp_path)
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    flags = struct.unpack_from("<H", content, directory + 8)[0]
    struct.pack_into("<H", content, directory + 8, flags | 1)
    path.write_bytes(bytes(content))
    assert "encrypted" in refused(path)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = {"steps-2021-06-12.json": b" " * 3_000_000}
    assert "times its size" in refused(write_zip(tmp_path / "bomb.zip", STEPS | bomb))
    unread = {"photos.bin": b" " * 3_000_000}  # not read, so nobody is harmed
    assert steps_of(write_zip(tmp_path / "fine.zip", STEPS | MORE | unread)) == BOTH
    monkeypatch.setattr(archive, "MOST_EXPORT_BYTES", 100)
    assert "at most 0 GB" in refused(one_zip(tmp_path))


def test_one_file_that_is_too_large_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a small gzip that unpacks to a lot, whatever its header says."""
    monkeypatch.setattr(archive, "MOST_FILE_BYTES", 2**20)
    large = {"steps-2021-06-12.json": b" " * (2**20 + 1)}
    for files in (large, gzipped(large)):
        path = write_folder(tmp_path / str(len(str(files.keys()))), STEPS | files)
        found = source(path)
        values = fetched(found, "intraday_steps", DAYS)["fitbit_steps_intraday"]
        assert list(values.values()) == [5.0, 7.0]
        (sentence,) = found.problems
        assert "is larger than 1 MB" in sentence


@pytest.mark.parametrize("broken_byte", [0.3, 0.6])
def test_a_member_with_a_broken_byte_is_named(tmp_path: Path, broken_byte: float) -> None:
    noise = minutes(NOON, [str(n * 7919 % 127) for n in range(500)])
    path = write_zip(tmp_path / "takeout.zip", {"steps-2021-06-11.json": noise} | MORE)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as opened:
        first = opened.infolist()[0]
    at = first.header_offset + 80 + int(first.compress_size * broken_byte)
    content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    found = source(path)
    values = fetched(found, "intraday_steps", DAYS)["fitbit_steps_intraday"]
    assert list(values.values()) == [11.0]
    (sentence,) = found.problems
    assert "steps-2021-06-11.json is cut short or damaged" in sentence
