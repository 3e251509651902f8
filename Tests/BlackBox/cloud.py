"""The far side of the uplink as processes: mosquitto, the collector, PostgreSQL; and an independent count."""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import time

from clients import V5, Client
from weir import clean_environment, weir_binary

TIMEOUT = 30


def free_port():
    """A port that nobody has now. Servers that cannot take port 0 are given it at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, timeout=TIMEOUT, log=lambda: ""):
    """Asks until `condition` is true; the last answer is in the failure."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {timeout} s; last {value!r}\n{log()}"
        select.select([], [], [], 0.05)


class Process:
    """A program that is ready when `is_ready` says so, and can be killed and started again."""

    def __init__(self, directory, name, command, wrapper=(), user=None):
        self.path = pathlib.Path(directory) / f"{name}.log"
        self.command = [str(word) for word in [*wrapper, *command]]
        self.name = name
        self.user = user
        self.process = None

    def launch(self):
        self.mark = self.path.stat().st_size if self.path.exists() else 0
        with open(self.path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment(), user=self.user,
            )
        return self

    def log(self):
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    def new_log(self):
        return self.log()[self.mark:]

    def wait_for_line(self, text):
        def ready():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log()}"
            return text in self.new_log()

        wait_for(ready, f"{text!r} of {self.name}", log=self.log)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(TIMEOUT)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.name} did not end:\n{self.log()}")


class Mosquitto(Process):
    """The cloud broker."""

    def __init__(self, directory, port=None, host="127.0.0.1", wrapper=(), extra=""):
        self.port = port or free_port()
        self.host = host
        config = pathlib.Path(directory) / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} {host}\nallow_anonymous true\nmax_queued_messages 100000\nlog_dest stderr\n{extra}\n"
        )
        binary = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        super().__init__(directory, "mosquitto", [binary, "-c", config], wrapper)

    @property
    def url(self):
        return f"mqtt://{self.host}:{self.port}"

    def start(self):
        self.launch().wait_for_line(" running")
        return self


class Collector(Process):
    def __init__(self, directory, broker, database, name="collector", wrapper=(), arguments=()):
        self.database = database
        super().__init__(
            directory, name,
            [weir_binary(), "collect", "--broker", broker, "--database", database, *arguments], wrapper,
        )

    def start(self):
        self.launch().wait_for_line("collecting from")
        return self


class SQLite:
    """The collector's file, asked by the sqlite3 program."""

    def __init__(self, path):
        self.path = path
        self.url = f"sqlite:{path}"

    def rows(self, query):
        if not pathlib.Path(self.path).exists():
            return []
        result = subprocess.run(
            ["sqlite3", "-json", "-cmd", ".timeout 10000", f"file:{self.path}?mode=ro", query], capture_output=True, text=True, timeout=60
        )
        if "no such table" in result.stderr:
            return []
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout or "[]")

    def payload(self):
        return "CAST(payload AS TEXT)"


class PostgreSQL:
    """A server of its own in `directory`, on a Unix socket and a port of loopback, asked by psql."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.bin = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)
        # PostgreSQL refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.directory, self.user)
            for parent in self.directory.parents:
                if parent.owner() == "root" and not parent.stat().st_mode & 1:
                    parent.chmod(parent.stat().st_mode | 0o111)
        data = self.directory / "data"
        subprocess.run(
            [self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
            check=True, capture_output=True, user=self.user, cwd="/",
        )
        self.server = Process(
            self.directory, "postgres",
            [self.bin / "postgres", "-D", data, "-p", self.port, "-k", self.directory, "-c", "listen_addresses=127.0.0.1"],
            user=self.user,
        )
        return self.again()

    def again(self):
        self.server.launch().wait_for_line("ready to accept connections")
        return self

    def kill(self):
        """All of its processes at once, as a power cut would."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.server.process.pid)], capture_output=True, text=True)
        self.server.kill()
        for child in children.stdout.split():
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                pass
        (self.directory / "data/postmaster.pid").unlink(missing_ok=True)

    def end(self):
        self.server.process.send_signal(signal.SIGINT)
        self.server.process.wait(TIMEOUT)

    def rows(self, query):
        query = f"SELECT coalesce(json_agg(q), '[]') FROM ({query}) q"
        result = subprocess.run(
            ["psql", "-XAt", self.url, "-c", query], capture_output=True, text=True, timeout=60, cwd="/"
        )
        if "does not exist" in result.stderr:
            return []
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def payload(self):
        return "convert_from(payload, 'UTF8')"


class Ledger:
    """What was published and acknowledged, to be held against what the database has."""

    def __init__(self):
        self.sent = {}

    def add(self, publisher, number):
        self.sent.setdefault(publisher, []).append(number)

    @property
    def count(self):
        return sum(map(len, self.sent.values()))

    def check(self, database, lane="bulk", exact=True):
        """Every acknowledged event is there once, in order for each publisher. What was sent and not acknowledged
        may be there too."""
        rows = database.rows(
            f"SELECT sequence, topic, {database.payload()} AS body FROM events WHERE lane = '{lane}' ORDER BY epoch, sequence"
        )
        stored = {}
        for row in rows:
            body = json.loads(row["body"])
            stored.setdefault(body["publisher"], []).append(body["number"])
        lost, repeated, disordered = [], [], []
        for publisher, numbers in self.sent.items():
            found = stored.get(publisher, [])
            lost += sorted(set(numbers) - set(found))
            repeated += sorted(number for number in set(found) if found.count(number) > 1) if len(set(found)) != len(found) else []
            if found != sorted(found):
                disordered.append(publisher)
        assert not lost, f"{len(lost)} events lost, first {lost[:5]}"
        assert not repeated, f"{len(repeated)} events stored twice, first {repeated[:5]}"
        assert not disordered, f"out of order: {disordered}"
        if exact:
            assert len(rows) == self.count, f"{len(rows)} rows, {self.count} acknowledged"
        return len(rows)


class Cloud:
    """Starts the far side, and ends it after the test."""

    def __init__(self, directory):
        self.directory = directory
        self.started = []

    def _start(self, process):
        self.started.append(process.start())
        return process

    def broker(self, **options):
        return self._start(Mosquitto(self.directory, **options))

    def collector(self, broker, database, **options):
        url = broker if isinstance(broker, str) else broker.url
        return self._start(Collector(self.directory, url, database.url, **options))

    def sqlite(self):
        return SQLite(self.directory / "collector.db")

    def postgresql(self):
        return self._start(PostgreSQL(self.directory / "pg"))

    def end(self):
        for process in reversed(self.started):
            process.end()


UPLINK_CONFIG = """
listeners:
  - url: tcp://127.0.0.1:0
services: {{enabled: false}}
uplink:
  url: {url}
  site: {site}
  heartbeat: 1s
  offlineAfter: 4s
  backoffShortest: 200ms
  backoffLongest: 1s
  {extra}
  lanes:
    alarms: {{filters: [alarms/#], priority: 9, linger: 0s}}
    bulk: {{filters: [plant/#], linger: 50ms{lane}}}
"""


def config(broker, site="monaco", extra="", lane=""):
    """Settings of a site whose uplink goes to `broker`."""
    return UPLINK_CONFIG.format(url=getattr(broker, "url", broker), site=site, extra=extra, lane=lane)


def publish(server, ledger, publisher, numbers, topic="plant/a"):
    """Publishes with QoS 1 and notes what was acknowledged."""
    with Client(server, f"p-{publisher}", V5) as client:
        for number in numbers:
            client.publish(topic, json.dumps({"publisher": publisher, "number": number}), 1)
            ledger.add(publisher, number)


def stored(database):
    rows = database.rows("SELECT count(*) AS n FROM events")
    return rows[0]["n"] if rows else 0
