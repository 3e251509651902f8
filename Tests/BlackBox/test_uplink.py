"""Store and forward: site, cloud broker, collector and database as real processes, killed in any order."""

import json
import shutil
import subprocess
import threading

import pytest

from clients import V5, Client
from cloud import Ledger, config, free_port, publish, stored, wait_for
from weir import Weir, run, small_disk


def link(server):
    return next((name for name, value in server.metrics().items()
                 if name.startswith("weir_uplink_state{") and value == 1), "")


def test_events_of_a_site_are_in_the_database_once_and_the_lane_is_empty(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(500))
    wait_for(lambda: stored(database) == 500, "500 events", log=server.log)
    ledger.check(database)
    wait_for(lambda: server.metrics()['weir_uplink_backlog_events{lane="bulk"}'] == 0, "an empty lane")
    wait_for(lambda: "online" in link(server), "online")
    row = database.rows("SELECT site, lane, topic, source, qos FROM events LIMIT 1")[0]
    assert row == {"site": "monaco", "lane": "bulk", "topic": "plant/a", "source": "p-a", "qos": 1}
    status = run("uplink", "status", "-p", server.port(), check=0).stdout
    assert "online" in status and "bulk" in status
    status = run("collect", "status", "--database", database.url, check=0).stdout
    assert "monaco" in status and "500" in status


@pytest.mark.timeout(180)
def test_kill_9_of_each_in_turn_loses_and_repeats_nothing(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    collector = cloud.collector(broker, database)
    server = start(config=config(broker))
    ledger = Ledger()
    number = 0
    for round in range(3):
        for victim in ("edge", "broker", "collector"):
            publish(server, ledger, "a", range(number, number + 300))
            number += 300
            if victim == "edge":
                server.kill()
                server.restart()
            elif victim == "broker":
                broker.kill()
                broker.start()
            else:
                collector.kill()
                publish(server, ledger, "a", range(number, number + 100))
                number += 100
                collector.start()
    wait_for(lambda: stored(database) >= ledger.count, f"{ledger.count} events", timeout=90,
             log=lambda: server.log() + collector.log())
    ledger.check(database)


@pytest.mark.timeout(120)
def test_kills_under_load(start, cloud):
    """A publisher does not pause for anybody; what was acknowledged is there once."""
    broker, database = cloud.broker(), cloud.sqlite()
    collector = cloud.collector(broker, database)
    server = start(config=config(broker))
    ledger, stop = Ledger(), threading.Event()

    def load():
        # One message at a time: the site is killed only between two of them, see below.
        number = 0
        while not stop.is_set():
            publish(server, ledger, "load", range(number, number + 200), topic="plant/load")
            number += 200

    thread = threading.Thread(target=load)
    thread.start()
    for _ in range(4):
        before = stored(database)
        wait_for(lambda: stored(database) > before, "progress", log=server.log)
        broker.kill()
        broker.start()
        before = stored(database)
        wait_for(lambda: stored(database) > before, "progress", log=server.log)
        collector.kill()
        collector.start()
    stop.set()
    thread.join()
    wait_for(lambda: stored(database) >= ledger.count, f"{ledger.count} events", timeout=60,
             log=lambda: server.log() + collector.log())
    ledger.check(database)


@pytest.mark.skipif(not shutil.which("psql"), reason="PostgreSQL is not installed")
@pytest.mark.timeout(180)
def test_postgresql_and_two_collectors(start, cloud):
    broker, database = cloud.broker(), cloud.postgresql()
    first = cloud.collector(broker, database, name="first")
    second = cloud.collector(broker, database, name="second")
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(300))
    first.kill()
    publish(server, ledger, "a", range(300, 600))
    first.start()
    database.kill()
    publish(server, ledger, "a", range(600, 900))
    database.again()
    second.kill()
    publish(server, ledger, "a", range(900, 1000))
    wait_for(lambda: stored(database) >= 1000, "1000 events", timeout=60, log=lambda: server.log() + first.log())
    ledger.check(database)
    # One range from the first event to the last: nothing is missing.
    rows = database.rows("SELECT after, last FROM coverage JOIN lane ON lane.id = coverage.lane WHERE name = 'bulk'")
    assert rows == [{"after": 0, "last": 1000}]


def test_a_cut_is_told_and_the_backlog_follows(start, cloud):
    port = free_port()
    server = start(config=config(f"mqtt://127.0.0.1:{port}"))
    wait_for(lambda: "offline" in link(server), "offline", log=server.log)
    with Client(server) as client:
        client.subscribe("mec/v1/json/backhaul/state", 1)
        assert json.loads(client.messages.get(timeout=10).payload)["state"] == "offline"
    ledger = Ledger()
    publish(server, ledger, "a", range(200))
    wait_for(lambda: server.metrics()['weir_uplink_backlog_events{lane="bulk"}'] == 200, "a backlog", log=server.log)
    broker, database = cloud.broker(port=port), cloud.sqlite()
    cloud.collector(broker, database)
    wait_for(lambda: stored(database) == 200, "200 events", log=server.log)
    wait_for(lambda: "online" in link(server), "online")
    ledger.check(database)


@pytest.mark.timeout(120)
def test_a_broker_without_a_collector_is_not_online(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(50))
    wait_for(lambda: "offline" in link(server), "offline", log=server.log)
    cloud.collector(broker, database)
    wait_for(lambda: stored(database) == 50, "50 events", log=server.log)


@pytest.mark.timeout(120)
def test_two_sites_of_one_name_are_refused_and_both_told(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database, arguments=("--takeover-after", "5"))
    first = start(config=config(broker))
    ledger = Ledger()
    publish(first, ledger, "first", range(20))
    wait_for(lambda: stored(database) == 20, "20 events", log=first.log)
    second = start(config=config(broker))
    other = Ledger()
    publish(second, other, "second", range(10))
    for server in (first, second):
        wait_for(lambda: "two sites call themselves" in server.log(), "a word about the other", log=server.log)
    publish(first, ledger, "first", range(20, 40))
    wait_for(lambda: stored(database) == 40, "40 events", log=first.log)
    ledger.check(database)
    # The first goes, and after a while the second takes its place: what it kept is stored then.
    first.stop()
    wait_for(lambda: stored(database) == 50, "50 events", timeout=60, log=second.log)


@pytest.mark.timeout(120)
def test_a_site_that_was_wiped_comes_back_with_a_new_epoch(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database, arguments=("--takeover-after", "3"))
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(30))
    wait_for(lambda: stored(database) == 30, "30 events", log=server.log)
    server.kill()
    shutil.rmtree(server.data)
    server.restart()
    publish(server, ledger, "a", range(30, 50))
    wait_for(lambda: stored(database) == 50, "50 events", timeout=60, log=server.log)
    assert database.rows("SELECT count(DISTINCT epoch) AS n FROM events")[0]["n"] == 2
    rows = database.rows("SELECT count(*) AS n FROM (SELECT DISTINCT CAST(payload AS TEXT) FROM events)")
    assert rows[0]["n"] == 50


@pytest.mark.timeout(120)
def test_a_lane_that_runs_full_tells_how_many_it_dropped(start, cloud):
    port = free_port()
    server = start(config=config(f"mqtt://127.0.0.1:{port}", lane=", maximumBytes: 1MiB, whenFull: dropOldest"))
    body = "x" * 8_000
    with Client(server) as client:
        for number in range(400):
            client.publish("plant/a", json.dumps({"number": number, "body": body}), 1)
    broker, database = cloud.broker(port=port), cloud.sqlite()
    cloud.collector(broker, database)

    def settled():
        rows = database.rows("SELECT events, dropped FROM lane WHERE name = 'bulk'")
        return rows and rows[0]["events"] + rows[0]["dropped"] == 400 and rows[0]

    row = wait_for(settled, "400 events or drops", log=server.log)
    assert 0 < row["events"] < 400
    assert database.rows("SELECT max(sequence) AS n FROM events")[0]["n"] == 400


def test_alarms_and_bulk_are_lanes_of_their_own(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(10), topic="alarms/fire")
    wait_for(lambda: stored(database) == 10, "10 events", log=server.log)
    ledger.check(database, lane="alarms")


def test_unpacked_messages_for_a_broker_that_feeds_something_else(start, cloud):
    broker = cloud.broker()
    with Client(port=broker.port) as cloud_app:
        cloud_app.subscribe("weir/v1/event/#", 1)
        server = start(config=config(broker, extra="mode: messages"))
        with Client(server, "device") as client:
            for number in range(20):
                client.publish("plant/a", str(number), 1)
        for number in range(20):
            message = cloud_app.messages.get(timeout=10)
            assert message.topic == "weir/v1/event/monaco/plant/a" and message.payload == str(number).encode()
            named = dict(message.properties.UserProperty)
            assert named["site"] == "monaco" and named["lane"] == "bulk" and named["sequence"] == str(number + 1)
        wait_for(lambda: server.metrics()['weir_uplink_backlog_events{lane="bulk"}'] == 0, "an empty lane")


def test_downlink_waits_for_a_device_that_is_away(start, cloud):
    broker = cloud.broker()
    extra = "mode: messages\n  downlink: [{filter: cloud/monaco/#, strip: cloud/monaco/, prefix: down/}]"
    server = start(config=config(broker, extra=extra))
    from clients import properties
    session = {"clean_start": False, "properties": properties("CONNECT", SessionExpiryInterval=1000)}
    device = Client(server, "device", **session).connect()
    device.subscribe("down/#", 1)
    device.disconnect()
    wait_for(lambda: "online" in link(server), "online", log=server.log)
    with Client(port=broker.port) as app:
        app.publish("cloud/monaco/valve", "open", 1)
    with Client(server) as witness:
        witness.subscribe("down/#", 1)
        with Client(port=broker.port) as app:
            app.publish("cloud/monaco/valve", "shut", 1)
        assert witness.messages.get(timeout=10).payload == b"shut"
    device = Client(server, "device", **session).connect()
    assert [device.messages.get(timeout=10).payload for _ in range(2)] == [b"open", b"shut"]
    device.disconnect()


def test_a_batch_is_what_the_proto_file_says(start, cloud, tmp_path):
    """Decoded by protoc's own code, which knows nothing of ours."""
    pytest.importorskip("grpc_tools")
    import importlib.util
    import pathlib
    import subprocess as processes
    import sys

    zstandard = shutil.which("zstd")
    protos = pathlib.Path(__file__).resolve().parents[2] / "protos"
    processes.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{protos}", f"--python_out={tmp_path}",
                   "weir/uplink/v1/batch.proto"], check=True)
    spec = importlib.util.spec_from_file_location("batch_pb2", tmp_path / "weir/uplink/v1/batch_pb2.py")
    batch_pb2 = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(batch_pb2)
    broker = cloud.broker()
    cloud.collector(broker, cloud.sqlite())
    with Client(port=broker.port) as spy:
        spy.subscribe("weir/v1/batch/#", 1)
        server = start(config=config(broker))
        with Client(server, "device") as client:
            for number in range(100):
                client.publish(f"plant/{number % 3}", json.dumps({"number": number}), 1)
        numbers = []
        while len(numbers) < 100:
            message = spy.messages.get(timeout=10)
            batch = batch_pb2.Batch.FromString(message.payload)
            assert message.topic == f"weir/v1/batch/{batch.site}/{batch.lane}" and len(batch.instance) == 16
            plain = batch.body
            if batch.compression == batch_pb2.COMPRESSION_ZSTD:
                plain = processes.run([zstandard, "-dc"], input=batch.body, capture_output=True, check=True).stdout
            assert len(plain) == batch.body_size
            body = batch_pb2.Body.FromString(plain)
            assert len(body.sequences) == batch.count and body.sequences[0] == batch.first
            offset = 0
            for index, size in zip(body.topic_indexes, body.payload_sizes):
                number = json.loads(body.payloads[offset:offset + size])["number"]
                assert body.topics[index] == f"plant/{number % 3}".encode()
                numbers.append(number)
                offset += size
        assert numbers == list(range(100))


def test_the_bus_can_stop_the_uplink_and_let_it_go_again(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(10))
    wait_for(lambda: stored(database) == 10, "10 events", log=server.log)
    with Client(server) as service:
        service.publish("mec/v1/json/backhaul/limit", '{"bytesPerSecond": 0}', 1, retain=True)
        # Once it is understood the backlog only grows; before, each event is gone within a linger of 50 ms.
        number = 10
        while server.metrics()['weir_uplink_backlog_events{lane="bulk"}'] < 40:
            publish(server, ledger, "a", [number])
            number += 1
        wait_for(lambda: "online" in link(server), "online", log=server.log)
        service.publish("mec/v1/json/backhaul/limit", '{"bytesPerSecond": 1000000}', 1, retain=True)
        wait_for(lambda: stored(database) == number, "all events", log=server.log)
    ledger.check(database)


def test_a_reload_changes_the_rate(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    text = config(broker, extra="rate: 0B/s")
    server = start(config=text)
    ledger = Ledger()
    publish(server, ledger, "a", range(50))
    wait_for(lambda: "online" in link(server), "online", log=server.log)
    assert stored(database) == 0
    server.config.write_text(text.replace("rate: 0B/s", "rate: 1MiB/s"))
    assert "uplink.rate is 1MiB/s, was 0B/s" in server.reload().stdout
    wait_for(lambda: stored(database) == 50, "50 events", log=server.log)
    ledger.check(database)


def test_bulk_waits_for_better_radio_as_the_radio_service_reports_it(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    text = config(broker, extra="backhaulTerminal: modem", lane=", radioMinimum: -110")
    text = text.replace("services: {enabled: false}", "radio: {scenarios: []}")
    server = start(config=text)
    ledger = Ledger()
    cell = {"plmn": "00101", "cellId": "0A10101"}
    number = 0
    with Client(server, "xapp") as xapp:

        def measure(rsrp):
            report = {"ue": "modem", "cell": cell, "rsrp": rsrp, "rsrq": -12}
            xapp.publish("ran/in/measurement", json.dumps(report), 1)

        xapp.publish("ran/in/cell", json.dumps({"cell": cell}), 1)
        xapp.publish("ran/in/attach", json.dumps({"ue": "modem", "cell": cell}), 1)
        # Until the report is understood events go through; then they wait.
        while server.metrics()['weir_uplink_backlog_events{lane="bulk"}'] < 40:
            measure(-120)
            publish(server, ledger, "a", [number])
            number += 1
            assert number < 2_000, server.log()[-3000:]
        publish(server, ledger, "alarm", [0], topic="alarms/fire")
        alarms = "SELECT events AS n FROM lane WHERE name = 'alarms'"
        wait_for(lambda: database.rows(alarms) == [{"n": 1}], "the alarm, which does not wait", log=server.log)
        measure(-90)
        wait_for(lambda: stored(database) == number + 1, "all events", log=server.log)


def test_a_disk_that_fills_holds_acknowledgements_back_and_loses_nothing(start, cloud, tmp_path):
    """Without a cloud a lane grows until the disk is full. Then nothing is acknowledged until there is room again."""
    port = free_port()
    with small_disk(tmp_path / "disk", "8m") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(3 << 20))
        server = start(config=config(f"mqtt://127.0.0.1:{port}"), data=disk / "data")
        ledger = Ledger()
        with Client(server, "p", V5) as client:
            for number in range(5_000):
                body = json.dumps({"publisher": "a", "number": number, "noise": "x" * 4_000})
                waiting = client.paho.publish("plant/a", body, 1)
                waiting.wait_for_publish(2)
                if not waiting.is_published():
                    break
                ledger.add("a", number)
            assert not waiting.is_published(), "the disk never became full"
            assert 100 < ledger.count < 2_000
            status, body = server.http("/readyz")
            assert status == 503 and "free space" in body
            ballast.unlink()
            waiting.wait_for_publish(30)
            assert waiting.is_published(), server.log()[-3000:]
            ledger.add("a", number)
        broker, database = cloud.broker(port=port), cloud.sqlite()
        cloud.collector(broker, database)
        wait_for(lambda: stored(database) >= ledger.count, "all that was acknowledged", log=server.log)
        ledger.check(database)
        server.stop()
