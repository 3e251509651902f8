"""What an acknowledgement is worth: the order of system calls, kills, and disks that refuse."""

import contextlib
import re
import subprocess
import sys
import time

import pytest

from clients import Client, RawClient, properties, publish_packet
from weir import ROOT, small_disk

LASTING = {"clean_start": False, "properties": properties("CONNECT", SessionExpiryInterval=100_000)}
TCP = ("--listen", "tcp://127.0.0.1:0")


def away(server, name="away", topic="q/#"):
    """A session that waits for messages, its client gone."""
    with Client(server, name, **LASTING) as subscriber:
        subscriber.subscribe(topic, 2)


# -- order


CALL = re.compile(r"^(?P<thread>\d+) +(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")


def calls(path):
    """The system calls of a strace, each once it has returned, in that order."""
    started = {}
    for line in path.read_text(errors="replace").splitlines():
        thread = line.split(" ", 1)[0]
        if "<unfinished ...>" in line:
            started[thread] = line.replace("<unfinished ...>", "")
            continue
        if "resumed>" in line:
            line = started.pop(thread, thread) + line.split("resumed>", 1)[1]
        match = CALL.match(line)
        if match:
            yield match


@pytest.mark.parametrize("qos", [1, 2])
def test_no_acknowledgement_leaves_before_the_sync_that_covers_it(start, tmp_path, qos):
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-s", "1000000", "-xx", "-e", "trace=pwrite64,fdatasync,sendto,sendmsg,write,writev", "-o", trace]
    server = start(*TCP, wrapper=wrapper)
    away(server)
    payloads = [f"payload-{i:04}".encode() for i in range(20)]
    acknowledged = []
    raw = RawClient(server)
    raw.connect("publisher")
    for i, payload in enumerate(payloads):
        raw.send(publish_packet("q/x", payload, qos, i + 1))
        assert raw.packet()[0] == (0x40 if qos == 1 else 0x50)
        acknowledged.append(payload)
    server.stop()
    hex_of = lambda data: "".join(f"\\x{byte:02x}" for byte in data)
    written, synced, promised = set(), set(), 0
    dirty = {}
    for call in calls(trace):
        name, arguments = call["call"], call["arguments"]
        if name == "pwrite64":
            descriptor = arguments.split(",", 1)[0]
            for i, payload in enumerate(payloads):
                if hex_of(payload) in arguments:
                    dirty.setdefault(descriptor, set()).add(i)
                    written.add(i)
        elif name == "fdatasync" and call["result"] == "0":
            synced |= dirty.pop(arguments.strip(), set())
        else:
            for i in range(len(payloads)):
                answer = bytes([0x40 if qos == 1 else 0x50, 2]) + (i + 1).to_bytes(2, "big")
                if hex_of(answer) in arguments and f'"{hex_of(answer)}' in arguments:
                    promised += 1
                    assert i in synced, f"message {i} was acknowledged before its sync"
    assert written == set(range(len(payloads)))
    assert promised == len(payloads), "every acknowledgement was seen in the trace"


# -- kills


@pytest.mark.parametrize("shards", [1, 2])
def test_nothing_acknowledged_is_lost_through_kills(shards):
    torture = ROOT / "Tests" / "Torture" / "torture.py"
    result = subprocess.run(
        [sys.executable, torture, "--kills", "6", "--seed", "1", "--quiet", "--set", f"gateway.shards={shards}"],
        capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "6 kills" in result.stdout


# -- disks that refuse


def storage_state(server):
    states = {key: value for key, value in server.metrics().items() if key.startswith("weir_storage_state")}
    return [re.search('"(.*)"', key)[1] for key, value in states.items() if value == 1]


def wait_until(condition, what, server, seconds=30):
    """Polls what the server can only be asked for."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: {storage_state(server)}"
        time.sleep(0.05)


def fill_until_silent(raw, start_id):
    """Publishes until no answer comes; returns the identifiers without one."""
    raw.socket.settimeout(1)
    for packet_id in range(start_id, start_id + 2000):
        raw.send(publish_packet("q/x", packet_id.to_bytes(2, "big") + bytes(8_000), 1, packet_id))
        try:
            answer = raw.packet()
        except TimeoutError:
            return packet_id
        if answer[0] != 0x40 or (len(answer) > 4 and answer[4] >= 0x80):
            return packet_id
    raise AssertionError("the disk never became full")


def test_a_full_disk_is_told_and_left_behind_without_a_person(start, tmp_path):
    with small_disk(tmp_path / "disk", "6m") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(3 << 20))
        server = start(*TCP, data=disk / "data")
        away(server)
        raw = RawClient(server)
        raw.connect("publisher")
        last = fill_until_silent(raw, 1)
        wait_until(lambda: storage_state(server) == ["full"], "the disk is full", server)
        status, body = server.http("/readyz")
        assert status == 503 and "free space" in body
        # Who asks for nothing durable is served as ever.
        with Client(server, "live") as live:
            live.subscribe("live", 0)
            live.publish("live", b"still here", 0)
            assert live.receive().payload == b"still here"
        ballast.unlink()
        wait_until(lambda: storage_state(server) == ["open"], "there is room again", server)
        with Client(server, "p") as publisher:
            publisher.publish("q/x", b"\xff\xffafter", 1)
        server.kill()
        server.restart()
        with Client(server, "away", **LASTING) as subscriber:
            numbers = []
            while True:
                number = int.from_bytes(subscriber.receive().payload[:2], "big")
                if number == 0xFFFF:
                    break
                numbers.append(number)
        assert numbers[: last - 1] == list(range(1, last)), "all that was acknowledged, in order"
        server.stop()


@contextlib.contextmanager
def failing(server, injection, trace):
    """The server's system calls fail as `injection` says, until the end."""
    strace = subprocess.Popen(
        ["strace", "-f", "-p", str(server.pid), "-e", "trace=fdatasync,openat,pwrite64", "-e", f"inject={injection}", "-o", trace],
        stderr=subprocess.PIPE, text=True,
    )
    try:
        assert "attached" in strace.stderr.readline()
        yield
    finally:
        strace.terminate()
        strace.wait(10)


def test_a_file_system_that_turns_read_only_is_told_and_resumed(start, tmp_path):
    server = start(*TCP)
    away(server)
    raw = RawClient(server)
    raw.connect("publisher")
    with failing(server, "pwrite64:error=EROFS", tmp_path / "trace"):
        raw.send(publish_packet("q/x", b"kept back", 1, 1))
        wait_until(lambda: storage_state(server) == ["read_only"], "the file system is read-only", server)
        status, body = server.http("/readyz")
        assert status == 503 and "remount" in body
    # Nobody did anything: the acknowledgement comes when writing works again.
    assert raw.packet()[0] == 0x40
    wait_until(lambda: storage_state(server) == ["open"], "the disk can be written", server)
    server.kill()
    server.restart()
    with Client(server, "away", **LASTING) as subscriber:
        assert subscriber.receive().payload == b"kept back"


def test_a_failed_sync_is_not_retried_as_if_nothing_had_happened(start, tmp_path):
    trace = tmp_path / "trace"
    server = start(*TCP)
    away(server)
    # One fdatasync fails once, as a dying medium reports it.
    with failing(server, "fdatasync:error=EIO:when=1", trace):
        with Client(server, "p") as publisher:
            publisher.publish("q/x", b"survives", 1)
        log = server.wait_for_log("storage state changed")
        assert "storage failed, nothing is acknowledged" in log
        server.wait_for_log("storage.state=open")
    text = trace.read_text()
    # Between the failed sync and the next that succeeds there is a fresh segment.
    behind = text[text.index("EIO") :]
    assert "openat(" in behind.split("fdatasync(", 1)[0], text
    server.kill()
    server.restart()
    with Client(server, "away", **LASTING) as subscriber:
        assert subscriber.receive().payload == b"survives"
