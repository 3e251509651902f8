"""Bandwidth allocations of the real server, MEC 015: asked for over the bus, measured on the wire."""

import json
import time

from clients import Client, properties
from test_mec import LISTEN, decoded, hear, validate

# The services alone: what moves bytes here are the tests' own clients.
ALONE = LISTEN + "radio: {scenarios: []}\n"
SLOW = 80_000  # bit/s: 10,000 bytes a second
SIZE = 1_000
COUNT = 30


def ask(client, request, body, status=None):
    """The answer to a request over the bus; with `status`, the problem that it must be."""
    topic = f"answers/{request}"
    client.subscribe(topic, 1)
    asked = properties("PUBLISH", ResponseTopic=topic, CorrelationData=b"c")
    client.publish(f"mec/v1/json/bwm/request/{request}", json.dumps(body), 1, properties=asked)
    answer = client.receive(30)
    client.unsubscribe(topic)
    assert answer.topic == topic and answer.properties.CorrelationData == b"c"
    result = json.loads(answer.payload) if answer.payload else None
    if status is None:
        assert answer.properties.ContentType == "application/json", result
    else:
        assert answer.properties.ContentType == "application/problem+json", result
        assert result["status"] == status and result["title"] and result["detail"]
    return result


def allocation(application, direction, bits=SLOW, **more):
    return {
        "appInsId": application,
        "requestType": 0,
        "fixedAllocation": str(bits),
        "allocationDirection": direction,
        **more,
    }


def seconds_for(publisher, subscriber, topic):
    """How long the wire takes for COUNT messages of SIZE bytes, once it is under way."""
    subscriber.subscribe(topic)
    for _ in range(COUNT + 5):
        publisher.publish_unanswered(topic, b"x" * SIZE)
    for _ in range(5):
        subscriber.receive(60)
    began = time.monotonic()
    for _ in range(COUNT):
        subscriber.receive(60)
    seconds = time.monotonic() - began
    subscriber.unsubscribe(topic)
    return seconds


def test_an_allocation_made_over_the_bus_changes_what_an_application_can_publish(start):
    server = start(config=ALONE)
    with Client(server, "app-1") as application, Client(server, "user") as user, Client(server, "op") as operator:
        assert seconds_for(application, user, "t/before") < 1
        granted = ask(operator, "allocation/create", allocation("app-1", "00"))
        validate(("bandwidth", "BwInfo", "answer", json.dumps(granted)))
        slow = seconds_for(application, user, "t/slow")
        expected = COUNT * SIZE * 8 / SLOW
        assert expected * 0.9 < slow < expected * 1.3, slow
        # What it receives is not limited.
        assert seconds_for(user, application, "t/other-way") < 1
        # Three times as much, by a change.
        ask(operator, "allocation/update", {"allocationId": granted["allocationId"], "fixedAllocation": str(SLOW * 3)})
        faster = seconds_for(application, user, "t/faster")
        assert expected / 3 * 0.9 < faster < expected / 3 * 1.5, faster
        ask(operator, "allocation/delete", {"id": granted["allocationId"]})
        assert seconds_for(application, user, "t/after") < 1


def test_an_allocation_limits_what_an_application_is_sent_and_outlives_kill_9(start):
    server = start(config=ALONE)
    with Client(server, "op") as operator:
        granted = ask(operator, "allocation/create", allocation("app-2", "01"))
    server.kill()
    server.restart()
    with Client(server, "app-2") as application, Client(server, "source") as source, Client(server, "op") as operator:
        listed = ask(operator, "allocation/list", {"appInsIds": ["app-2"]})
        assert [info["allocationId"] for info in listed] == [granted["allocationId"]]
        slow = seconds_for(source, application, "t/slow")
        expected = COUNT * SIZE * 8 / SLOW
        assert expected * 0.9 < slow < expected * 1.3, slow
        assert seconds_for(application, source, "t/other-way") < 1


def test_a_session_allocation_holds_for_an_address(start):
    server = start(config=ALONE)
    session = {"sourceIp": "127.0.0.1", "protocol": "6"}
    with Client(server, "a") as a, Client(server, "b") as b:
        body = allocation("any", "00") | {"requestType": 1, "sessionFilter": [session]}
        granted = ask(a, "allocation/create", body)
        expected = COUNT * SIZE * 8 / SLOW
        # Each client at that address has the rate.
        assert expected * 0.9 < seconds_for(a, b, "t/slow") < expected * 1.3
        ask(a, "allocation/delete", {"id": granted["allocationId"]})
        assert seconds_for(a, b, "t/after") < 1


def test_admission_priorities_expiry_and_events(start):
    links = "services: {bandwidth: {links: [{id: 7, downlink: 1000000, uplink: 500000}]}}\n"
    server = start(config=ALONE + links)
    with Client(server, "op") as operator, Client(server, "ear") as ear:
        ear.subscribe("/bwm/allocation/change")
        ear.subscribe("mec/v1/pb/bwm/allocation_change/#")
        # What is asked for before interest is known is encoded all the same.
        first = ask(operator, "allocation/create", allocation("low", "00", 600_000, fixedBWPriority="1"))
        plain, twin = sorted((ear.receive() for _ in range(2)), key=lambda message: message.topic)
        event = json.loads(plain.payload)
        assert (event["change"], event["bwInfo"]["allocationId"]) == ("CREATED", first["allocationId"])
        assert twin.topic == f"mec/v1/pb/bwm/allocation_change/low/{first['allocationId']}"
        assert "change: BW_CHANGE_CREATED" in decoded("weir.bandwidth.v1.BwAllocationEvent", twin.payload)
        assert dict(plain.properties.UserProperty)["type"] == "org.weir.bwm.allocation_change"
        # As important as the first: it does not fit, and nothing changes.
        problem = ask(operator, "allocation/create", allocation("same", "00", 600_000, fixedBWPriority="1"), status=403)
        assert "400000 down" in problem["detail"]
        # More important: the first yields.
        high = ask(operator, "allocation/create", allocation("high", "00", 600_000, fixedBWPriority="5"))
        changes = [json.loads(m.payload)["change"] for m in (ear.receive() for _ in range(4)) if m.topic.startswith("/")]
        assert changes == ["PREEMPTED", "CREATED"]
        assert [info["appInsId"] for info in ask(operator, "allocation/list", {})] == ["high"]
        # The other direction is another account; both at once need room in both.
        ask(operator, "allocation/create", allocation("up", "01", 400_000))
        ask(operator, "allocation/create", allocation("both", "10", 200_000), status=403)
        soon = {"seconds": int(time.time()) + 2, "nanoSeconds": 0}
        ask(operator, "allocation/create", allocation("brief", "00", 1_000, expiryDeadline=soon))
        while True:
            message = ear.receive(20)
            if message.topic.startswith("/") and json.loads(message.payload)["change"] == "EXPIRED":
                break
        assert "brief" not in [info["appInsId"] for info in ask(operator, "allocation/list", {})]
        for wrong in (
            allocation("", "00"),
            allocation("x", "00", 0),
            allocation("x", "02"),
            allocation("x", "00", fixedBWPriority="8"),
            allocation("x", "00") | {"requestType": 1},
            {"appInsId": "x"},
        ):
            ask(operator, "allocation/create", wrong, status=400)
        ask(operator, "allocation/delete", {"id": "nothing"}, status=404)
        ask(operator, "allocation/delete", {"id": high["allocationId"]})
    state = f"mec/v1/pb/bwm/state/allocation/+"
    assert 'app_ins_id: "up"' in decoded("weir.bandwidth.v1.BwInfo", hear(server, state)[0][1])


def test_traffic_is_steered_by_mode(start):
    links = """
services:
  bandwidth:
    links:
      - {id: 1, accessType: 2, metered: true, downlink: 1000000, latency: 20ms}
      - {id: 2, accessType: 1, downlink: 400000, latency: 5ms}
"""
    server = start(config=ALONE + links)

    def session(mode, **more):
        return {"appInsId": "a", "requestType": 0, "flowFilter": [], "qosD": {}, "mtsMode": mode, "trafficDirection": "00", **more}

    with Client(server, "op") as operator:
        capability = ask(operator, "mts_capability_info/get", {})
        validate(("steering", "MtsCapabilityInfo", "answer", json.dumps(capability)))
        assert [access["accessId"] for access in capability["mtsAccessInfo"]] == [1, 2]
        for mode, accesses in ((0, [2]), (1, [2]), (2, [1]), (3, [1, 2])):
            begun = ask(operator, "mts_session/create", session(mode))
            assert begun["accessId"] == accesses, mode
            ask(operator, "mts_session/delete", {"id": begun["sessionId"]})
        # 600 kbit/s do not fit on the second; 10 ms are not kept by the first.
        begun = ask(operator, "mts_session/create", session(0, qosD={"minTpt": 600}))
        assert begun["accessId"] == [1]
        ask(operator, "mts_session/create", session(4, qosD={"minTpt": 600, "maxLatency": 1_000_000}), status=403)
        begun["qosD"] = {"minTpt": 100, "maxLatency": 1_000_000}
        begun["mtsMode"] = 4
        changed = ask(operator, "mts_session/update", begun)
        assert changed["accessId"] == [2]
        del changed["accessId"]
        validate(("steering", "MtsSessionInfo", "answer", json.dumps(changed)))
        assert len(ask(operator, "mts_session/list", {"sessionIds": [changed["sessionId"]]})) == 1
        ask(operator, "mts_session/update", session(0) | {"sessionId": "nothing"}, status=404)
