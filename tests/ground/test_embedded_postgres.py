"""The embedded server, each test with one of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from marketplace.core.embedded_postgres import server as module
from marketplace.core.embedded_postgres.server import EmbeddedServer, ServerFailed
from marketplace.environment import BASE_DIR

pytestmark = pytest.mark.xdist_group("embedded")

# Uses the server, says so, and waits to be told to end.
USER = """
import sys
from pathlib import Path
from marketplace.core.embedded_postgres.server import EmbeddedServer
server = EmbeddedServer.at(Path(sys.argv[1]))
server.ensure_running(sys.argv[2])
with server._connect() as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
sys.stdin.read()
"""

WATCHER = """
import sys
from pathlib import Path
from marketplace.core.embedded_postgres.watch import watch
watch(Path(sys.argv[1]), grace=0.5)
"""


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(open_folder / "postgres")
    yield server
    server.stop()


def start_user(server: EmbeddedServer, database: str = "postgres") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(server.folder), database],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(user: "subprocess.Popen[str]") -> str:
    assert user.stdout is not None
    return user.stdout.readline()


def end(user: "subprocess.Popen[str]") -> None:
    user.communicate()


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split("\n")[0]))


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_processes_that_come_at_once_share_one_server(server: EmbeddedServer) -> None:
    users = [start_user(server, f"place_{number % 2}") for number in range(6)]
    starts = {said(user) for user in users}
    try:
        assert len(starts) == 1
        assert starts != {""}
        with server._connect() as connection:
            names = {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}
        assert {"place_0", "place_1"} <= names
    finally:
        for user in users:
            end(user)


def test_nobody_but_a_socket_is_listened_to(server: EmbeddedServer) -> None:
    server.ensure_running()

    with server._connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert server.socket_folder.joinpath(".s.PGSQL.5432").stat().st_mode & 0o077 == 0
    assert server.data.stat().st_mode & 0o077 == 0


def test_it_is_stopped_only_when_nobody_uses_it(server: EmbeddedServer) -> None:
    first, second = start_user(server), start_user(server)
    said(first), said(second)

    end(first)
    assert server.stop_if_unused() is False
    assert server.is_answering()
    second.kill()  # However a process ends, it no longer counts.
    end(second)
    assert server.stop_if_unused() is True
    assert not server.is_answering()


def test_the_watcher_stops_it_after_a_while(server: EmbeddedServer) -> None:
    user = start_user(server)
    said(user)
    watcher = subprocess.Popen([sys.executable, "-c", WATCHER, str(server.folder)], cwd=BASE_DIR)
    time.sleep(1.5)
    assert server.is_answering()
    end(user)

    assert watcher.wait(20) == 0
    assert not server.is_answering()


def test_a_killed_server_is_started_again_with_its_data(server: EmbeddedServer) -> None:
    server.ensure_running("kept")
    with psycopg.connect(host=str(server.socket_folder), user="postgres", dbname="kept") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.commit()
    old = postmaster(server)
    old.send_signal(signal.SIGKILL)
    assert eventually(lambda: not old.is_running())

    server.ensure_running("kept")

    with psycopg.connect(host=str(server.socket_folder), user="postgres", dbname="kept") as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert postmaster(server).pid != old.pid


def test_a_process_number_that_another_program_has_by_now_does_not_hinder(server: EmbeddedServer) -> None:
    server.ensure_running()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    server.ensure_running()

    assert server.is_answering()


def test_half_a_data_folder_is_laid_out_anew(server: EmbeddedServer) -> None:
    server.data.mkdir(parents=True)
    (server.data / "base").mkdir()

    server.ensure_running()

    assert server.is_answering()


def test_a_path_too_long_for_a_socket(open_folder: Path) -> None:
    folder = open_folder / ("a long name of a folder " * 4).strip() / ("and 中文 " * 4).strip() / "postgres"
    server = EmbeddedServer(folder)
    try:
        server.ensure_running("market")

        assert server.is_answering()
        assert server.socket_folder != folder
        assert len(str(server.socket_folder)) < 90
    finally:
        server.stop()


def test_a_server_that_cannot_start_says_why(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.SETTINGS, "max_connections", "no number")

    with pytest.raises(ServerFailed, match=r"(?s)max_connections.*DATABASE_URL"):
        server.ensure_running()


def test_a_forked_child_counts_for_itself(server: EmbeddedServer) -> None:
    script = """
import os, sys
from pathlib import Path
from marketplace.core.embedded_postgres.server import EmbeddedServer
server = EmbeddedServer.at(Path(sys.argv[1]))
server.ensure_running()
if os.fork():
    os._exit(0)  # The parent goes at once; the child goes on.
print(server.is_used(), flush=True)
sys.stdin.read()
"""
    family = subprocess.Popen(
        [sys.executable, "-c", script, str(server.folder)],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert said(family) == "True\n"
    family.wait(10)

    assert server.stop_if_unused() is False
    end(family)
    assert eventually(lambda: not server.is_used())


def test_reading_models_starts_no_server(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env={**os.environ, "DEBUG": "1", "DATABASE_URL": "", "VAR_DIR": str(tmp_path)},
        check=True,
        capture_output=True,
    )

    assert not (tmp_path / "postgres").exists()


def test_a_shell_on_the_database_is_one_on_this_server(open_folder: Path) -> None:
    """And not on whatever else listens on the machine."""
    shown = subprocess.run(
        [sys.executable, "manage.py", "dbshell", "--", "-tAc", "SHOW data_directory"],
        cwd=BASE_DIR,
        env=os.environ | {"DEBUG": "1", "VAR_DIR": str(open_folder), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    try:
        assert shown.stdout.strip() == str(open_folder / "postgres" / "data"), shown.stderr
    finally:
        EmbeddedServer(open_folder / "postgres").stop()
