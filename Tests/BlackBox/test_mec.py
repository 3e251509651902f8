"""The MEC services of the real server: what somebody with mosquitto_sub sees, and what ETSI's schemas say to it."""

import json
import subprocess
import sys

import pytest

from clients import Client, properties
from weir import ROOT, run

LISTEN = 'listeners: [{url: "tcp://127.0.0.1:0"}]\n'
# The Monaco scenario, twenty times as fast as life: somebody always changes cells within seconds.
FAST = LISTEN + "radio: {scenarios: [{speed: 20}]}\n"
CELL_CHANGE = "/rni/ue/mobility/cell_change"


def hear(server, *filters, count=1, timeout=60):
    """Topics and payloads of the next messages, from mosquitto_sub."""
    arguments = [argument for filter in filters for argument in ("-t", filter)]
    result = subprocess.run(
        ["mosquitto_sub", "-V", "5", "-p", str(server.port()), "-C", str(count), "-F", "%t %x", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    return [(topic, bytes.fromhex(text)) for topic, text in (line.split(" ") for line in result.stdout.splitlines())]


def decoded(message, payload):
    """protoc's text of a protobuf payload; fails if it has fields that the message does not know."""
    result = subprocess.run(
        ["protoc", f"--proto_path={ROOT}/protos", f"--decode={message}", *map(str, (ROOT / "protos").rglob("*.proto"))],
        input=payload,
        capture_output=True,
        check=True,
    )
    lines = result.stdout.decode().splitlines()
    assert not [line for line in lines if line.strip()[:1].isdigit()], lines
    return "\n".join(lines)


def validate(*bodies):
    """Asks ETSI's own OpenAPI files; skips where they are not."""
    etsi = next((f for f in (ROOT / "../shared/etsi", ROOT / "../../shared/etsi") if f.exists()), None)
    if etsi is None:
        pytest.skip("ETSI's files (../shared/etsi) are not there")
    lines = "".join(
        json.dumps({"api": api, "schema": schema, "topic": topic, "body": json.loads(body), "extra": []}) + "\n"
        for api, schema, topic, body in bodies
    )
    script = ROOT / "Tests/MECConformanceTests/validate_bodies.py"
    result = subprocess.run([sys.executable, script, etsi], input=lines, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_with_nothing_configured_a_terminal_changes_cells_within_a_minute(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "services.enabled=true")
    messages = dict(hear(server, CELL_CHANGE))
    body = json.loads(messages[CELL_CHANGE])
    assert body["notificationType"] == "CellChangeNotification"
    validate(("rnis", "CellChangeNotification", CELL_CHANGE, messages[CELL_CHANGE]))


def test_the_same_event_comes_as_json_and_as_protobuf_on_the_second_tree(start):
    server = start(config=FAST)
    found = {}
    with Client(server) as client:
        client.subscribe("mec/v1/+/rni/cell_change/#")
        client.subscribe(CELL_CHANGE)
        while not any(len(by_tree) == 3 for by_tree in found.values()):
            message = client.receive(30)
            fields = dict(message.properties.UserProperty)
            tree = "etsi" if message.topic == CELL_CHANGE else message.topic.split("/")[2]
            # One event has one CloudEvents identifier, however it is written.
            found.setdefault((fields["source"], fields["id"]), {})[tree] = (message, fields)
    event = next(by_tree for by_tree in found.values() if len(by_tree) == 3)
    plain, fields = event["etsi"]
    assert fields["specversion"] == "1.0"
    assert fields["type"] == "org.weir.rni.cell_change"
    assert plain.properties.ContentType == "application/json"
    assert event["pb"][0].properties.ContentType == "application/protobuf"
    body = json.loads(plain.payload)
    assert json.loads(event["json"][0].payload) == body
    _, _, encoding, _, _, plmn, cell, terminal = event["pb"][0].topic.split("/")
    assert terminal == fields["subject"]
    # The cell that serves the terminal: the target once the handover is completed (hoStatus 3).
    serving = body["trgEcgi"][0] if body["hoStatus"] == 3 else body["srcEcgi"]
    assert plmn == serving["plmn"]["mcc"] + serving["plmn"]["mnc"]
    assert cell == serving["cellId"]
    text = decoded("weir.rnis.v1.CellChangeNotification", event["pb"][0].payload)
    assert f'name: "{terminal}"' in text
    assert f'"{body["associateId"][0]["value"]}"' in text
    assert f"seconds: {body['timeStamp']['seconds']}" in text
    validate(("rnis", "CellChangeNotification", CELL_CHANGE, plain.payload))


def test_the_present_state_is_retained_in_both_encodings(start):
    server = start(config=FAST)
    # The state follows within a second; whoever comes later finds it there.
    hear(server, "mec/v1/pb/location/state/user/#", "mec/v1/pb/rni/state/ue/#", count=20)
    for root, message, field in (
        ("mec/v1/{}/rni/state/ue/", "weir.rnis.v1.UeState", "name:"),
        ("mec/v1/{}/location/state/user/", "weir.location.v1.UserInfo", "address:"),
    ):
        for topic, payload in hear(server, root.format("json") + "+", count=20):
            assert topic.startswith(root.format("json")) and json.loads(payload)
        for topic, payload in hear(server, root.format("pb") + "+", count=20):
            assert field in decoded(message, payload), topic


def test_what_nobody_subscribes_to_is_not_encoded(start):
    server = start(config=FAST)
    name = 'weir_service_messages_total{service="rnis"}'

    def messages_while(*filters):
        """RNIS messages handed to the bus while radio facts pour in, in each thousand facts."""
        with Client(server) as client:
            for filter in filters:
                client.subscribe(filter)
            before = wait_for_facts(server, 0)
            after = wait_for_facts(server, before["weir_radio_facts_total"] + 5_000)
        facts = after["weir_radio_facts_total"] - before["weir_radio_facts_total"]
        return (after[name] - before[name]) * 1000 / facts

    def wait_for_facts(server, count):
        while True:
            metrics = server.metrics()
            if metrics.get("weir_radio_facts_total", 0) > count:
                return metrics

    quiet = messages_while()
    loud = messages_while("/rni/#")
    assert loud > quiet + 100, (quiet, loud)


def test_the_location_service_takes_subscriptions_that_outlive_the_process(start):
    server = start(config=FAST)
    # All of Monaco and some of the sea.
    subscription = {
        "subscriptionType": "UserAreaSubscription",
        "clientCorrelator": "c1",
        "addressList": ["10.45.1.21"],
        "areaDefine": {"shape": 1, "points": [{"latitude": 43.73, "longitude": 7.42}], "radius": 50_000},
        "locationEventCriteria": ["ENTERING_AREA_EVENT", "LEAVING_AREA_EVENT"],
        "trackingAccuracy": 0,
    }
    with Client(server) as client:
        client.subscribe("answers/1")
        request = properties("PUBLISH", ResponseTopic="answers/1", CorrelationData=b"7")
        client.publish("mec/v1/json/location/request/subscription/create", json.dumps(subscription), 1, properties=request)
        answer = client.receive(30)
        assert answer.properties.CorrelationData == b"7"
        begun = json.loads(answer.payload)
        identifier = begun["_links"]["self"]["href"].rsplit("/", 1)[1]
    state = f"mec/v1/json/location/state/subscription/{identifier}"
    server.kill()
    server.restart()
    kept = json.loads(dict(hear(server, state))[state])
    assert kept["areaDefine"] == subscription["areaDefine"]
    with Client(server) as client:
        client.subscribe("answers/2")
        request = properties("PUBLISH", ResponseTopic="answers/2")
        reference = json.dumps({"id": identifier})
        client.publish("mec/v1/json/location/request/subscription/delete", reference, 1, properties=request)
        assert json.loads(client.receive(30).payload) == {}
        client.publish("mec/v1/json/location/request/subscription/delete", reference, 1, properties=request)
        assert json.loads(client.receive(30).payload)["status"] == 404


def test_what_an_xapp_publishes_becomes_radio_facts_and_nonsense_is_named(start):
    server = start(config=LISTEN + "radio: {scenarios: []}\n")
    with Client(server, "xapp-1") as client:
        client.subscribe("mec/v1/json/rni/state/cell/#")
        server.wait_for_log("services started")
        cell = {
            "cell": {"plmn": "00101", "nrCellId": "000000abc"},
            "zone": "z1",
            "latitude": 43.73,
            "longitude": 7.42,
        }
        client.publish("ran/in/cell", json.dumps(cell), 1)
        message = client.receive(30)
        assert message.topic == "mec/v1/json/rni/state/cell/00101/000000abc"
        client.publish("ran/in/cell", b"\xff\xfe nonsense", 1)
        log = server.wait_for_log("radio source said what is not believed")
        assert "client xapp-1" in log
    assert server.metrics()['weir_radio_warnings_total{reason="malformed"}'] == 1


def test_the_services_can_be_switched_off_one_by_one(start):
    server = start("--set", "services.radioNetwork.enabled=false", "--listen", "tcp://127.0.0.1:0")
    hear(server, "mec/v1/json/location/state/user/#")
    assert not [name for name in server.metrics() if "rnis" in name]
    server = start("--set", "services.enabled=false", "--listen", "tcp://127.0.0.1:0")
    assert "weir_radio_facts_total" not in server.metrics()


def test_a_scenario_that_is_not_there_is_named(tmp_path):
    config = tmp_path / "weir.yaml"
    config.write_text(LISTEN + "radio: {scenarios: [{file: nowhere.yaml}]}\n")
    result = run("serve", "--config", config, "--data", tmp_path / "data", check=78)
    assert "nowhere.yaml" in result.stderr
