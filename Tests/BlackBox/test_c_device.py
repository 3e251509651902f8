"""The example device in C: what its queue took reaches the bus, whoever is killed in between."""

import importlib
import os
import pathlib
import signal
import struct
import subprocess
import sys
import threading

import pytest

from clients import Client, properties
from cloud import free_port, wait_for
from weir import clean_environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 60
IN_FLIGHT = 16


@pytest.fixture(scope="session")
def device_program(tmp_path_factory):
    """The program, built with every check that the compiler has."""
    build = tmp_path_factory.mktemp("c-device")
    subprocess.run(
        ["make", "-C", ROOT / "examples/c-device", f"BUILD={build}",
         "CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"],
        check=True, capture_output=True, text=True, timeout=TIMEOUT,
    )
    return build / "device"


@pytest.fixture(scope="session")
def telemetry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "t.proto").write_text((ROOT / "protos/weir/telemetry/v1/telemetry.proto").read_text())
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={folder}", f"--python_out={folder}",
                    "t.proto"], check=True)
    sys.path.insert(0, str(folder))
    return importlib.import_module("t_pb2").Telemetry


class Device:
    def __init__(self, program, directory, port, *flags):
        self.queue = directory / "d.queue"
        self.process = subprocess.Popen(
            [program, "--port", str(port), "--id", "d", "--queue", self.queue, *map(str, flags)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment(),
        )

    def figures(self):
        """What it says at its end, by word."""
        out, error = self.process.communicate(timeout=TIMEOUT)
        assert self.process.returncode == 0, error
        return {word: int(count) for word, count in (part.split() for part in out.strip().split(", "))}

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()


class Listener:
    """A subscriber that stays: its session lasts, so that it gets what came while it or the broker was away."""

    def __init__(self, server, telemetry):
        self.server, self.telemetry = server, telemetry
        self.ids, self.sequences, self.changed = [], [], threading.Condition()
        self.connect()

    def connect(self):
        self.client = Client(self.server, "listener", clean_start=False,
                             properties=properties("CONNECT", SessionExpiryInterval=600))
        self.client.paho.on_message = self.take
        self.client.connect()
        self.client.subscribe("telemetry/#", qos=1)

    def take(self, _client, _user, message):
        found = self.telemetry.FromString(message.payload)
        names = dict(message.properties.UserProperty)
        assert message.properties.ContentType == "application/x-protobuf"
        assert names["type"] == "weir.telemetry.v1.Telemetry" and found.device_id == "d"
        assert [r.name for r in found.readings] == ["temperature", "humidity", "vibration"]
        with self.changed:
            self.ids.append(names["id"])
            self.sequences.append(found.sequence)
            self.changed.notify_all()

    def wait_for(self, last, timeout=TIMEOUT):
        with self.changed:
            assert self.changed.wait_for(lambda: last in self.sequences, timeout), self.sequences[-20:]

    def check(self, expected, repeats):
        """Every sample once by its id, in order where it came first; `repeats`: how many may have come again."""
        first, ids = [], {}
        for sequence, id in zip(self.sequences, self.ids):
            if ids.setdefault(id, sequence) == sequence and sequence not in first:
                first.append(sequence)
        assert first == expected
        assert sorted(ids.values()) == expected, "an id for each sample, and a sample for each id"
        assert len(self.sequences) - len(first) <= repeats


@pytest.fixture
def broker(start):
    """A server that comes back at its own port."""
    return start("--listen", f"tcp://127.0.0.1:{free_port()}")


def test_nothing_is_lost_when_the_broker_is_killed(broker, device_program, telemetry, tmp_path):
    listener = Listener(broker, telemetry)
    device = Device(device_program, tmp_path, broker.port(), "--rate", 1000, "--count", 2500)
    for seen in (500, 1200):
        listener.wait_for(seen)
        broker.kill()
        listener.client.paho.loop_stop()
        broker.restart()
        listener.connect()
    figures = device.figures()
    assert (figures["queued"], figures["waiting"], figures["dropped"], figures["refused"]) == (2500, 0, 0, 0)
    assert figures["connections"] == 3 and figures["repeated"] <= 2 * IN_FLIGHT
    listener.wait_for(2500)
    # The listener's own acknowledgements were lost with the broker too: its 1,000 at most come again each time.
    listener.check(list(range(1, 2501)), 2 * (IN_FLIGHT + 1000))
    listener.client.disconnect()


def test_nothing_is_lost_when_the_device_is_killed_while_the_broker_is_away(
        broker, device_program, telemetry, tmp_path):
    listener = Listener(broker, telemetry)
    port = broker.port()
    device = Device(device_program, tmp_path, port, "--rate", 500)
    listener.wait_for(100)
    broker.kill()
    listener.client.paho.loop_stop()
    sent = max(listener.sequences)
    size = device.queue.stat().st_size
    wait_for(lambda: device.queue.stat().st_size > size + 20_000, "a backlog on disk")
    device.kill()
    # A record of which a power cut left a half.
    whole = device.queue.read_bytes()
    device.queue.write_bytes(whole + b"\xe5\x71\x01\x00\x40\x00\x00\x00half")
    broker.restart()
    listener.connect()
    figures = Device(device_program, tmp_path, port, "--drain").figures()
    assert figures["waiting"] == 0 and figures["acknowledged"] > 100
    figures = Device(device_program, tmp_path, port, "--count", 5, "--rate", 100).figures()
    assert figures["acknowledged"] == 5
    last = records(whole)[-1] + 5
    assert last > sent + 100
    listener.wait_for(last)
    listener.check(list(range(1, last + 1)), 3 * IN_FLIGHT + 1000)
    listener.client.disconnect()


def records(queue):
    """Sequences of the messages in a queue file."""
    found, at = [], 8
    while at < len(queue):
        magic, kind, _, size, sequence = struct.unpack_from("<HBBIQ", queue, at)
        assert magic == 0x71E5
        if kind == 1:
            found.append(sequence)
        at += 36 + size
    return found


def test_a_damaged_record_costs_only_itself(broker, device_program, telemetry, tmp_path):
    port = broker.port()
    listener = Listener(broker, telemetry)
    device = Device(device_program, tmp_path, free_port(), "--rate", 1000)
    wait_for(lambda: device.queue.exists() and device.queue.stat().st_size > 20_000, "a backlog on disk")
    device.kill()
    queue = bytearray(device.queue.read_bytes())
    last = records(queue)[-1]
    queue[8 + 36 + 10] ^= 1
    device.queue.write_bytes(queue)
    assert Device(device_program, tmp_path, port, "--drain").figures()["waiting"] == 0
    listener.wait_for(last)
    listener.check(list(range(2, last + 1)), 0)
    listener.client.disconnect()


@pytest.mark.parametrize("policy", ["refuse", "drop-oldest"])
def test_a_full_queue_is_bounded(broker, device_program, telemetry, tmp_path, policy):
    limit = 16_384
    listener = Listener(broker, telemetry)
    absent = free_port()
    device = Device(device_program, tmp_path, absent, "--rate", 5000, "--queue-bytes", limit, "--full", policy)
    if policy == "refuse":
        wait_for(lambda: device.queue.exists() and device.queue.stat().st_size > limit - 200, "a full queue")
        device.process.send_signal(signal.SIGTERM)
        figures = device.figures()
        assert figures["dropped"] == 0
        first = 1
    else:
        # So much is dropped that the file is rewritten.
        wait_for(lambda: device.queue.exists() and records(device.queue.read_bytes())[:1] > [300], "a rewritten queue")
        device.process.send_signal(signal.SIGTERM)
        figures = device.figures()
        assert figures["dropped"] == figures["queued"] - figures["waiting"] > 300
        first = figures["dropped"] + 1
    assert device.queue.stat().st_size <= 2 * limit + (128 << 10)
    assert Device(device_program, tmp_path, broker.port(), "--drain").figures()["acknowledged"] == figures["waiting"]
    listener.wait_for(figures["queued"])
    listener.check(list(range(first, figures["queued"] + 1)), 0)
    listener.client.disconnect()


def test_a_queue_has_one_owner_and_is_no_other_file(device_program, tmp_path):
    owner = Device(device_program, tmp_path, free_port(), "--rate", 10)
    wait_for(owner.queue.exists, "a queue")
    second = Device(device_program, tmp_path, free_port())
    _, error = second.process.communicate(timeout=TIMEOUT)
    assert second.process.returncode == 2 and "used by another process" in error
    owner.kill()
    owner.queue.write_text("not a queue at all")
    third = Device(device_program, tmp_path, free_port())
    _, error = third.process.communicate(timeout=TIMEOUT)
    assert third.process.returncode == 2 and "expected a queue of DeviceKit" in error
    assert owner.queue.read_text() == "not a queue at all"
