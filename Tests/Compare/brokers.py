"""Brokers that are started for one run and stopped after it, and brokers that run already."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY_SECONDS = 20
STOP_SECONDS = 15


def free_ports(count):
    """Ports that the kernel gives away now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Broker:
    """One started broker; use it with `with`."""

    name = ""

    def __init__(self, scenario, prefix):
        self.scenario = scenario
        self.prefix = prefix
        self.directory = tempfile.mkdtemp(prefix=f"compare-{self.name}-")
        self.host = "127.0.0.1"
        self.port = 0
        self.pid = 0
        self.process = None

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        log = os.path.join(self.directory, "log")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [*self.prefix, *self.command()], stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        self.pid = self.process.pid
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        with open(log, encoding="utf-8", errors="replace") as text:
            raise RuntimeError(f"{self.name} does not start:\n{text.read()[-2000:]}")

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Weir(Broker):
    name = "weir"
    binary = ".build/release/weir"
    # The generator is one client that publishes as fast as it can; quotas meant for devices are lifted, and
    # nothing may be dropped: the runs are checked for loss.
    settings = {
        "storage.durability": "memory",
        "http.enabled": "false",
        "rpc.enabled": "false",
        "mqtt.sysInterval": "0s",
        "log.level": "warning",
        "access.quotas.publishRate": "4000000000/s",
        "access.quotas.publishBytesRate": "1TiB/s",
        "access.quotas.queuedMessages": "10000000",
        "access.quotas.queuedBytes": "8GiB",
        "mqtt.retainedMessagesMaximum": "1000000",
    }
    extra = {}

    def command(self):
        (self.port,) = free_ports(1)
        # The broker alone: mosquitto runs no MEC services.
        settings = {"services.enabled": "false", **self.settings, **self.scenario.weir, **self.extra}
        return [
            os.path.abspath(self.binary),
            "serve",
            "--listen",
            f"tcp://127.0.0.1:{self.port}",
            "--data",
            os.path.join(self.directory, "data"),
            *[word for key, value in settings.items() for word in ("--set", f"{key}={value}")],
        ]


class Mosquitto(Broker):
    name = "mosquitto"

    def command(self):
        (self.port,) = free_ports(1)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "user root",
            "log_type error",
            f"persistence_location {self.directory}/",
            # As many messages as there are may wait for a client; with the default of 1,000 the offline queue
            # would lose most of them. max_inflight_messages stays at its default of 20.
            "max_queued_messages 0",
            "sys_interval 0",
            *self.scenario.mosquitto,
        ]
        path = os.path.join(self.directory, "mosquitto.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        binary = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if not binary:
            raise RuntimeError("mosquitto is not installed: apt-get install mosquitto")
        return [binary, "-c", path]


class Running:
    """A broker that somebody else started: NAME=HOST:PORT:PID."""

    def __init__(self, text):
        self.name, address = text.split("=", 1)
        self.host, port, pid = address.rsplit(":", 2)
        self.port, self.pid = int(port), int(pid)

    def __call__(self, scenario, prefix):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass
