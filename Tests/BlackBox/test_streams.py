"""Durable streams and sealed journals of the real server. What a stream holds is read with `weir journal dump`."""

import json
import secrets

from clients import Client, properties
from weir import run

STREAM = 'streams: [{name: telemetry, filters: ["plant/#"]}]\n'
LASTING = {"clean_start": False, "properties": properties("CONNECT", SessionExpiryInterval=1000)}
LISTEN = 'listeners: [{url: "tcp://127.0.0.1:0"}]\n'


def stream(server, *options):
    """The events on disk, each as the bytes of its record."""
    lines = run("journal", "dump", server.data / "streams" / "telemetry", *options).stdout.splitlines()
    return [bytes.fromhex(record["hex"]) for record in map(json.loads, lines) if record.get("type") == 1 and "hex" in record]


def test_a_stream_keeps_what_nobody_subscribes_to_through_kill_9(start):
    server = start(config=LISTEN + STREAM)
    with Client(server, "d") as publisher:
        publisher.publish("plant/a", b"first", 1)
        publisher.publish("other", b"not kept", 1)
        publisher.publish("plant/b", b"second", 2)
    server.kill()
    server.restart()
    with Client(server, "d") as publisher:
        publisher.publish("plant/c", b"third", 1)
    server.kill()
    events = stream(server)
    assert [event[48:] for event in events] == [b"dplant/afirst", b"dplant/bsecond", b"dplant/cthird"]
    # The sequence goes on behind the restart.
    assert [int.from_bytes(event[40:48], "little") for event in events] == [1, 2, 3]


def test_a_mistake_in_a_stream_is_named(tmp_path):
    config = tmp_path / "weir.yaml"
    config.write_text(LISTEN + 'streams: [{name: Telemetry, filters: ["plant/#"]}]\n')
    result = run("serve", "--config", config, "--data", tmp_path / "data", check=69)
    assert 'stream name \\"Telemetry\\"' in result.stderr


def test_a_sealed_journal_opens_with_its_key_and_is_left_alone_with_another(start, tmp_path):
    old, new = tmp_path / "old.key", tmp_path / "new.key"
    old.write_text(secrets.token_hex(32) + "\n")
    new.write_bytes(secrets.token_bytes(32))
    server = start(config=LISTEN + STREAM + f'storage: {{sealingKeys: ["file:{old}"]}}\n')
    with Client(server, "s", **LASTING) as subscriber:
        subscriber.subscribe("plant/#", 1)
    with Client(server, "d") as publisher:
        publisher.publish("plant/a", b"a secret", 1)
    server.kill()
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert not any(b"a secret" in path.read_bytes() for path in files)
    before = {path: path.read_bytes() for path in files if path.suffix == ".segment"}
    refused = run("serve", "--config", server.config, "--set", f"storage.sealingKeys=[file:{new}]", "--data", server.data, check=69)
    assert "is sealed with key" in refused.stderr
    assert {path: path.read_bytes() for path in before} == before
    # The new key in front: old files open, new ones are sealed with it.
    server.config.write_text(server.config.read_text().replace(f'"file:{old}"', f'"file:{new}", "file:{old}"'))
    server.restart()
    with Client(server, "s", **LASTING) as subscriber:
        assert subscriber.receive().payload == b"a secret"
    server.stop()
    assert [event[48:] for event in stream(server, "--key", f"file:{old}", "--key", f"file:{new}")] == [b"dplant/aa secret"]
