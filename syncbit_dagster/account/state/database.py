"""Shared state in SQLite or PostgreSQL: one row an object, locked while it is read and written.

One code path for both. SQLite locks its file (``BEGIN IMMEDIATE``), PostgreSQL the row
(``SELECT ... FOR UPDATE``). A process that dies holds nothing: its transaction ends with it.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import (
    URL,
    Column,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from syncbit_dagster.account.state.base import StateError
from syncbit_dagster.account.state.private_file import private_directory
from syncbit_dagster.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from syncbit_dagster.account.state.base import HeldState, Json

# At DEBUG it logs rows, and tokens are in them.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)

LOCK_SECONDS = 180  # a refresh of a token is one request of at most 70 s; longer means a hang
_CREATION = threading.Lock()  # a new file is closed before another thread can open it
POSTGRESQL_DRIVERS = ("psycopg", "psycopg2", "pg8000")
_TABLE = Table(
    "syncbit_state",
    MetaData(),
    Column("account", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("content", Text),
)
_ADD = text(
    "INSERT INTO syncbit_state (account, subject) VALUES (:account, :subject) "
    "ON CONFLICT DO NOTHING"
)


class DatabaseState:
    """One row of the table ``syncbit_state``, which is made on first use.

    Args:
        database: a file of SQLite, or the URL of a PostgreSQL.
        account, subject: the row.
        shown: the database as messages name it, without secrets.
    """

    def __init__(self, database: Path | str, account: str, subject: str, *, shown: str) -> None:
        self._database, self._shown = database, shown
        self._row = (account, subject)
        self._engine: Engine | None = None

    @contextmanager
    def locked(self) -> Iterator[HeldState]:
        with self._errors():
            if self._engine is None:
                self._engine = _engine(self._database)
            connection = self._engine.connect()
        try:
            with self._errors():
                row = _HeldRow(connection, *self._row)
            try:
                yield row
            finally:
                # Whatever went wrong meanwhile, what was written counts: it may be a token whose
                # predecessor is spent.
                with self._errors():
                    connection.commit()
        finally:
            with self._errors():
                connection.close()

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            raise StateError(
                f"The account's state in {self._shown} cannot be used ({kind}); check that it can "
                "be reached and written, then try again."
            ) from None


class _HeldRow:
    """The row inside of one transaction that has locked it."""

    def __init__(self, connection: Connection, account: str, subject: str) -> None:
        self._connection = connection
        self._is_postgresql = connection.dialect.name == "postgresql"
        self._is_mine = (_TABLE.c.account == account) & (_TABLE.c.subject == subject)
        if self._is_postgresql:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        locked = select(_TABLE.c.content).where(self._is_mine).with_for_update()
        found = connection.execute(locked).first()
        if found is None:
            connection.execute(_ADD, {"account": account, "subject": subject})
            found = connection.execute(locked).one()
        self._content: str | None = found[0]

    def read(self) -> Json | None:
        try:
            content = orjson.loads(self._content or "null")
        except orjson.JSONDecodeError:
            content = False
        if content is not None and not isinstance(content, dict):
            raise StateError("A row of the table syncbit_state is no JSON object; delete that row.")
        return content

    def write(self, content: Json) -> None:
        self._content = orjson.dumps(content).decode()
        try:
            self._connection.execute(
                _TABLE.update().where(self._is_mine).values(content=self._content)
            )
        except SQLAlchemyError as error:
            raise StateError(
                f"The account's state cannot be written ({type(error).__name__}); check the "
                "database, then try again."
            ) from None

    def now(self) -> float:
        """Hosts may disagree about the time; their database does not."""
        if not self._is_postgresql:
            return time.time()
        clock = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")
        return float(self._connection.execute(clock).scalar_one())


def _engine(database: Path | str) -> Engine:
    """A pool of one connection; parameters stay out of logs and errors."""
    if isinstance(database, Path):
        _prepare_file(database)
        engine = create_engine(
            URL.create("sqlite", database=str(database)),
            connect_args={"timeout": LOCK_SECONDS},
            pool_size=1,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    else:
        engine = server_engine(database, pool_size=1, pool_pre_ping=True)
    create_table(engine)
    return engine


def server_engine(url: str, **options: Any) -> Engine:
    """An engine for a PostgreSQL, with whichever driver is installed; nothing is contacted yet.

    Raises:
        ConfigError: there is no driver.
    """
    try:
        return create_engine(_with_driver(make_url(url)), hide_parameters=True, **options)
    except ImportError:
        raise _no_driver() from None


def create_table(engine: Engine) -> None:
    """Make the table ``syncbit_state`` if it is not there yet.

    Several processes may do this at once; whoever comes second finds it.
    """
    try:
        _TABLE.create(engine, checkfirst=True)
    except SQLAlchemyError:
        _TABLE.create(engine, checkfirst=True)


def _prepare_file(path: Path) -> None:
    """An empty database that only its owner may read; SQLite gives its companions the same mode.

    A file that exists is not opened here: a process that closes any descriptor of a file loses all
    of its POSIX locks on it, those of its open connections too. Another process then takes itself
    for the last one, and removes the log that these still write.
    """
    try:
        private_directory(path.parent)
        with _CREATION, suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _unusable(path, "it is no regular file")
        path.chmod(0o600)
    except OSError as error:
        raise _unusable(path, error.strerror) from None


def _unusable(path: Path, why: str | None) -> StateError:
    return StateError(
        f"{path} cannot be opened ({why}); let it be a file that you own, or delete it."
    )


def _set_up_sqlite(connection: Any, _: object) -> None:
    # The driver's own transactions would begin too late to lock what is read.
    connection.isolation_level = None
    with suppress(Exception):  # another process is doing the same; the mode is the file's
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _with_driver(url: URL) -> URL:
    """The URL with a driver that is installed, unless it names one."""
    if "+" in url.drivername:
        return url
    for driver in POSTGRESQL_DRIVERS:
        if find_spec(driver):
            return url.set(drivername=f"postgresql+{driver}")
    raise _no_driver()


def _no_driver() -> ConfigError:
    return ConfigError(
        "SYNCBIT_STATE_URL needs a driver for PostgreSQL that is not installed; run "
        "`pip install 'syncbit-dagster[postgres]'`."
    )
