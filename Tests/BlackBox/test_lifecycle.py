"""Start, reload and end of the process."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

from clients import V5, V311, Client, RawClient, properties
from weir import START_TIMEOUT, Weir, clean_environment, run, weir_binary


def test_a_second_server_on_the_same_data_is_refused(server):
    result = run("serve", "--listen", "tcp://127.0.0.1:0", "--data", server.data, "--set", "http.enabled=false", "--set", "rpc.enabled=false",
                 check=69)
    assert f"is in use by another server (pid {server.pid})" in result.stderr


def test_a_port_in_use_is_told_and_nothing_is_left_running(server, tmp_path):
    result = run("serve", "--listen", server.url(), "--data", tmp_path / "other", "--set", "http.enabled=false", "--set", "rpc.enabled=false", check=69)
    assert str(server.port()) in result.stderr and "in use" in result.stderr
    result = run("serve", "--listen", "tcp://127.0.0.1:0", "--data", tmp_path / "third",
                 "--set", f"http.listen={server.ports['http'][7:]}", "--set", "rpc.enabled=false", check=69)
    assert "http.listen" in result.stderr
    # The directory is free again.
    assert not pathlib.Path(tmp_path / "other/weir.lock").read_text()


def test_sigterm_tells_clients_saves_sessions_and_ends(server):
    client = Client(server, "c5", clean_start=False, properties=properties("CONNECT", SessionExpiryInterval=100)).connect()
    client.subscribe("a", 1)
    old = Client(server, "c4", V311).connect()
    assert server.stop() == 0
    code, _ = client.wait_disconnected()
    assert code.value == 0x8B  # Server shutting down
    old.wait_disconnected()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port()), 1)
    server.restart()
    again = Client(server, "c5", clean_start=False, properties=properties("CONNECT", SessionExpiryInterval=100)).connect()
    assert again.session_present
    again.disconnect()


def test_a_client_that_does_not_read_does_not_hold_the_end_up(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "drainTimeout=1s")
    deaf = RawClient(server)
    deaf.connect("deaf")
    deaf.send(b"\x82\x0a\x00\x01\x00\x00\x04load\x00")
    with Client(server) as publisher:
        for _ in range(100):
            publisher.publish("load", bytes(100_000), 0)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 15


def test_a_second_signal_ends_at_once(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "drainTimeout=60s", "--set", "gateway.lingerTimeout=60s")
    deaf = RawClient(server)
    deaf.connect("deaf")
    deaf.send(b"\x82\x0a\x00\x01\x00\x00\x04load\x00")
    with Client(server) as publisher:
        for _ in range(300):
            publisher.publish("load", bytes(100_000), 0)
        server.signal(signal.SIGTERM)
        server.wait_for_state("STOPPING=1")
        server.signal(signal.SIGINT)
        assert server.process.wait(10) != 0 or "server stopped" in server.log()


def test_reload_takes_passwords_rules_and_limits_up(start, tmp_path):
    passwords, rules = tmp_path / "passwords", tmp_path / "rules"
    run("passwd", "-c", "-b", passwords, "alice", "one", check=0)
    rules.write_text("user alice\ntopic readwrite a/#\n")
    config = f"""
listeners: [{{url: "tcp://127.0.0.1:0"}}]
access: {{passwordFile: {passwords}, rulesFile: {rules}, allowAnonymous: false}}
mqtt: {{receiveMaximum: 10}}
"""
    server = start(config=config)
    client = Client(server, "c", username="alice", password="one").connect()
    assert client.publish("b/x", b"", 1) == 0x87
    run("passwd", "-b", passwords, "bob", "two", check=0)
    rules.write_text("user alice\ntopic readwrite b/#\nuser bob\ntopic readwrite #\n")
    server.config.write_text(config.replace("receiveMaximum: 10", "receiveMaximum: 99") + "gateway: {shards: 2}\n")
    result = server.reload()
    assert "mqtt.receiveMaximum is 99, was 10\n" in result.stdout
    assert "gateway.shards changed, which needs a restart" in result.stdout
    bob = Client(server, "b", username="bob", password="two").connect()
    assert bob.connack_properties.ReceiveMaximum == 99
    bob.disconnect()
    # A connection that was there keeps going, under the new rules.
    assert client.publish("b/x", b"", 1) in (0, 0x10)
    assert client.publish("a/x", b"", 1) == 0x87
    client.disconnect()
    assert server.metrics()['weir_reloads_total{result="good"}'] == 1


def test_a_reload_with_a_mistake_changes_nothing(start):
    config = 'listeners: [{url: "tcp://127.0.0.1:0"}]\nmqtt: {receiveMaximum: 10}\n'
    server = start(config=config)
    server.config.write_text(config.replace("10", "none"))
    result = server.reload(check=1)
    assert f'{server.config}:2:24: mqtt.receiveMaximum: found "none"' in result.stdout
    assert result.stdout.endswith("nothing was changed\n")
    client = Client(server).connect()
    assert client.connack_properties.ReceiveMaximum == 10
    client.disconnect()
    assert server.metrics()['weir_reloads_total{result="bad"}'] == 1
    server.config.write_text(config)
    server.reload()


def test_reload_without_a_server_is_told(tmp_path):
    result = run("reload", "--data", tmp_path, check=69)
    assert result.stderr == f'no server runs on data directory "{tmp_path}"; name its directory with --data.\n'


def test_the_log_level_follows_a_reload(start):
    config = 'listeners: [{url: "tcp://127.0.0.1:0"}]\n'
    server = start(config=config)
    server.config.write_text(config + "log: {level: error}\n")
    server.reload()
    before = server.wait_for_log("setting changed")
    server.reload()
    assert server.log() == before


def test_log_lines_can_be_json(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--log-format", "json")
    lines = [json.loads(line) for line in server.wait_for_log("server ready").splitlines()]
    assert {"server starting", "server ready"} <= {line["message"] for line in lines}
    assert all({"time", "level", "message"} <= line.keys() for line in lines)


def test_systemd_is_told_each_state_and_the_watchdog_is_patted(start):
    server = start("--listen", "tcp://127.0.0.1:0", env={"WATCHDOG_USEC": "200000"})
    assert any(state.startswith("STATUS=serving on tcp://127.0.0.1:") for state in server.states)
    server.wait_for_state("WATCHDOG=1")
    server.wait_for_state("WATCHDOG=1")
    server.signal(signal.SIGHUP)
    server.wait_for_state("RELOADING=1")
    server.wait_for_state("READY=1")
    server.signal(signal.SIGTERM)
    server.wait_for_state("STOPPING=1")
    assert server.process.wait(START_TIMEOUT) == 0


def test_the_state_directory_of_systemd_is_the_default(tmp_path):
    server = Weir(tmp_path / "s", ["--listen", "tcp://127.0.0.1:0", "--set", f"dataDirectory={tmp_path}/state"])
    process = subprocess.Popen(
        [weir_binary(), "serve", "--listen", "tcp://127.0.0.1:0", "--set", "http.enabled=false", "--set", "rpc.enabled=false",
         "--ports-file", tmp_path / "ports"],
        env=clean_environment({"STATE_DIRECTORY": f"{tmp_path}/state", "NOTIFY_SOCKET": str(tmp_path / "n")}),
        stderr=subprocess.PIPE, text=True,
    )
    for line in process.stderr:
        if "server ready" in line:
            break
    assert (tmp_path / "state/weir.lock").read_text() == f"{process.pid}\n"
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    assert process.wait(START_TIMEOUT) == 0
    del server


def test_health_and_metrics_are_served(server):
    status, body = server.http("/healthz")
    assert status == 200 and json.loads(body)["status"] == "pass"
    status, body = server.http("/readyz")
    assert status == 200 and set(json.loads(body)["checks"]) >= {"server", "shards", "storage"}
    with Client(server) as client:
        client.subscribe("a", 1)
        client.publish("a", b"12345", 1)
        client.receive()
        metrics = server.metrics()
        assert metrics["weir_clients"] == 1
        assert metrics["weir_subscriptions"] >= 1
        assert metrics['weir_messages_received_total{qos="1"}'] == 1
        assert metrics["weir_messages_received_bytes_total"] == 5
        assert metrics["weir_messages_delivered_total"] >= 1
        assert metrics["process_resident_memory_bytes"] > 1_000_000


def test_every_metric_has_help_and_type(server):
    _, text = server.http("/metrics")
    told = {"HELP": set(), "TYPE": set()}
    for line in text.splitlines():
        if line.startswith("# "):
            _, kind, name, rest = line.split(" ", 3)
            assert rest and name not in told[kind]
            told[kind].add(name)
        else:
            name = line.split("{")[0].split(" ")[0]
            assert name in told["HELP"] and name in told["TYPE"], line


def test_a_dead_process_leaves_nothing_in_the_way(server):
    server.kill()
    assert os.path.exists(server.data / "weir.lock")
    server.restart()
    Client(server).connect().disconnect()


def test_fewer_shards_than_the_data_has_are_refused(start, tmp_path):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "gateway.shards=2")
    assert server.stop() == 0
    result = run("serve", "--listen", "tcp://127.0.0.1:0", "--data", server.data, "--set", "http.enabled=false", "--set", "rpc.enabled=false", check=78)
    assert "start with --set gateway.shards=2" in result.stderr
