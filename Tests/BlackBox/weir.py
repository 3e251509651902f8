"""The server as a process: started, awaited by event, stopped by its own process number."""

import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT = 30
STOP_TIMEOUT = 30


def weir_binary():
    """The binary under test: $WEIR_BINARY, else the release build, else the debug build."""
    named = os.environ.get("WEIR_BINARY")
    candidates = [named] if named else [ROOT / ".build/release/weir", ROOT / ".build/debug/weir"]
    for candidate in candidates:
        if pathlib.Path(candidate).exists():
            return pathlib.Path(candidate)
    raise FileNotFoundError("no weir binary; build one with: make build")


def run(*arguments, input=None, check=None, env=None, timeout=60):
    """Runs a command of weir to its end."""
    result = subprocess.run(
        [weir_binary(), *map(str, arguments)],
        input=input,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=clean_environment(env),
    )
    if check is not None:
        assert result.returncode == check, f"{arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def clean_environment(extra=None):
    """This process's environment without what would reach weir by accident."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "NOTIFY_", "WATCHDOG_", "STATE_"))}
    env.update(extra or {})
    return env


class Weir:
    """One server. Listens on ports of the kernel's choosing; `ports` tells which once it is ready."""

    def __init__(self, directory, arguments, config=None, env=None, data=None, wrapper=()):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.data = pathlib.Path(data) if data else directory / "data"
        self.arguments = list(map(str, arguments))
        self.config = directory / "weir.yaml"
        if config is not None:
            self.config.write_text(config)
            self.arguments += ["--config", str(self.config)]
        self.env = env or {}
        self.wrapper = list(wrapper)
        self.process = None
        self.ports = {}
        self.states = []
        self._log_path = directory / "log"

    # -- life

    def start(self):
        ports_file = self.directory / "ports.json"
        ports_file.unlink(missing_ok=True)
        notify_path = self.directory / "notify"
        notify_path.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(notify_path))
        command = [*self.wrapper, weir_binary(), "serve", *self.arguments, "--ports-file", ports_file]
        if "--data" not in self.arguments:
            command += ["--data", self.data]
        # The MEC services run where a test asks for them: the others look at the broker alone.
        asked = " ".join(self.arguments) + (self.config.read_text() if self.config.exists() else "")
        if not any(name in asked for name in ("services", "radio:", "radio.")):
            command += ["--set", "services.enabled=false"]
        if not any(a.startswith("http.") for a in self.arguments):
            command += ["--set", "http.listen=127.0.0.1:0"]
        # gRPC too.
        if "rpc" not in asked:
            command += ["--set", "rpc.enabled=false"]
        with open(self._log_path, "ab") as log:
            self.process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment({"NOTIFY_SOCKET": str(notify_path), **self.env}),
            )
        self.wait_for_state("READY=1", START_TIMEOUT)
        self.ports = json.loads(ports_file.read_text())
        return self

    @property
    def pid(self):
        """Of the server itself, also behind a wrapper such as strace."""
        return self.ports["pid"]

    def wait_for_state(self, state, timeout=START_TIMEOUT):
        """Waits until the server tells `state` to its service manager; fails as soon as it ends instead."""
        ended = os.pidfd_open(self.process.pid)
        poller = select.poll()
        poller.register(self.notify, select.POLLIN)
        poller.register(ended, select.POLLIN)
        try:
            while True:
                events = dict(poller.poll(timeout * 1000))
                if self.notify.fileno() in events:
                    lines = self.notify.recv(4096).decode().splitlines()
                    self.states += lines
                    if state in lines:
                        return lines
                elif ended in events:
                    raise AssertionError(f"weir ended with {self.process.wait()}:\n{self.log()}")
                else:
                    raise AssertionError(f"weir did not tell {state} within {timeout} s:\n{self.log()}")
        finally:
            os.close(ended)

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, timeout=STOP_TIMEOUT):
        """SIGTERM, and the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self):
        """SIGKILL: what a power cut leaves of the process."""
        self.signal(signal.SIGKILL)
        return self.process.wait(STOP_TIMEOUT)

    def restart(self):
        """Another process on the same data directory."""
        self.notify.close()
        return self.start()

    def end(self):
        if self.process and self.process.poll() is None:
            if self.ports:
                self.signal(signal.SIGTERM)
            else:
                self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"weir did not end within {STOP_TIMEOUT} s of SIGTERM:\n{self.log()}")
        self.notify.close()

    def reload(self, check=0):
        """`weir reload`, and its result."""
        return run("reload", "--data", self.data, check=check)

    # -- looking at it

    def wait_for_log(self, text, timeout=START_TIMEOUT):
        """Waits until the log, which is written behind the server's back, holds `text`."""
        end = time.monotonic() + timeout
        while text not in self.log():
            assert time.monotonic() < end, f"the log does not say {text!r}:\n{self.log()}"
            time.sleep(0.01)
        return self.log()

    def log(self):
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def url(self, index=0):
        return self.ports["listeners"][index]["url"]

    def port(self, index=0):
        rest = self.url(index).split("://", 1)[1].split("/", 1)[0]
        return int(rest.rsplit(":", 1)[1])

    def http(self, path):
        """Status and body of a GET."""
        try:
            with urllib.request.urlopen(self.ports["http"] + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def metrics(self):
        """Every sample by its name, labels included."""
        status, text = self.http("/metrics")
        assert status == 200
        samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of its own."""
    path.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"cannot mount a file system here: {made.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)
