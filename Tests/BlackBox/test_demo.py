"""`weir demo`, which `make run` starts: the whole job on one machine, and a balance that is not taken on trust."""

import json
import pathlib
import re
import signal
import sqlite3
import subprocess

import pytest

from weir import clean_environment, weir_binary

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANY_PORTS = ["--listen", "tcp://127.0.0.1:0", "--set", "http.listen=127.0.0.1:0", "--set", "rpc.listen=127.0.0.1:0"]
BALANCE = re.compile(r"sent (\d+), stored (\d+), synced (\d+), lost (\d+), duplicated (\d+), out of order (\d+); outages (\d+)")


@pytest.fixture(scope="session")
def device(tmp_path_factory):
    """How the example device in C is started, as in the Makefile."""
    build = tmp_path_factory.mktemp("c-device")
    subprocess.run(["make", "-C", ROOT / "examples/c-device", f"BUILD={build}"], check=True, capture_output=True)
    return (f"'{build}/device' --port $WEIR_PORT --id $WEIR_DEVICE --queue $WEIR_DIRECTORY/$WEIR_DEVICE.queue "
            "--rate 20 --status 1")


def start(directory, *arguments):
    return subprocess.Popen(
        [weir_binary(), "demo", "--data", directory, *ANY_PORTS, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean_environment(),
    )


def end(process, timeout=120):
    text, _ = process.communicate(timeout=timeout)
    found = BALANCE.search(text)
    assert found, text
    return text, list(map(int, found.groups()))


def stored(directory):
    """What the database itself says: messages by device, each number with how often it is there."""
    rows = sqlite3.connect(directory / "demo/cloud.db").execute("SELECT payload FROM events WHERE topic LIKE 'devices/%/telemetry'")
    counts = {}
    for (payload,) in rows:
        message = json.loads(payload)
        key = (message["run"], message["device"], message["number"])
        counts[key] = counts.get(key, 0) + 1
    return counts


def test_outages_lose_and_repeat_nothing_and_the_database_agrees(tmp_path, device):
    text, balance = end(start(tmp_path, "--device", device, "--seconds", 11, "--up", 3, "--down", 2, "--every", 1))
    sent, kept, synced, lost, duplicated, out_of_order, outages = balance
    assert (lost, duplicated, out_of_order) == (0, 0, 0), text
    assert sent == kept == synced > 300, text
    assert outages >= 2, text
    assert re.search(r"cut, \d s", text) and re.search(r"silent, \d s", text), text
    counts = stored(tmp_path)
    database = sqlite3.connect(tmp_path / "demo/cloud.db")
    (from_c,) = database.execute("SELECT count(DISTINCT payload) FROM events WHERE topic LIKE 'telemetry/device-1-%'").fetchone()
    assert from_c > 100
    assert len(counts) + from_c == synced and set(counts.values()) == {1}
    # The edge application heard of handovers over gRPC.
    events = int(re.search(r"events at the edge application (\d+)", text).group(1))
    assert events > 0, text


def test_a_loss_is_seen_and_told(tmp_path):
    """What is taken out of the database behind the collector's back is missing in the balance."""
    process = start(tmp_path, "--seconds", 8, "--down", 0, "--every", 60, "--patience", 3)
    for line in process.stdout:
        if "time" in line:
            break
    database = sqlite3.connect(tmp_path / "demo/cloud.db", timeout=30)
    # New events are not kept from here on.
    database.execute("CREATE TRIGGER thief AFTER INSERT ON event WHEN new.sequence % 10 = 0 "
                     "BEGIN DELETE FROM event WHERE lane = new.lane AND sequence = new.sequence; END")
    database.commit()
    text, (sent, kept, synced, lost, *_) = end(process)
    assert lost > 0 and synced + lost == kept, text
    assert process.returncode == 1


def test_ctrl_c_delivers_what_waits(tmp_path):
    process = start(tmp_path, "--up", 2, "--down", 60, "--every", 1)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "cut" in line:
            break
    process.send_signal(signal.SIGINT)
    text, (sent, kept, synced, lost, *_) = end(process)
    assert sent == kept == synced and lost == 0, "".join(lines) + text
    assert process.returncode == 0


def test_what_does_not_start_is_named_with_its_reason(tmp_path):
    result = subprocess.run(
        [weir_binary(), "demo", "--data", tmp_path, *ANY_PORTS, "--set", "mqtt.nonsense=1"],
        capture_output=True, text=True, timeout=60, env=clean_environment(),
    )
    assert result.returncode == 69
    assert "site did not start" in result.stderr and "nonsense" in result.stderr
