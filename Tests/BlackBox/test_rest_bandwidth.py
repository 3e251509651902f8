"""MEC 015 over HTTP: bandwidth allocations and traffic steering, the same as over the bus."""

import json

import pytest

from clients import Client
from rest import call
from test_bandwidth import ALONE, COUNT, SIZE, SLOW, allocation, ask, seconds_for
from test_mec import validate

BWM = "/bwm/v1/bw_allocations"
MTS = "/mts/v1/mts_sessions"
LINKS = """services:
  bandwidth:
    links:
      - {id: 1, accessType: 2, metered: true, downlink: 1000000, uplink: 500000, latency: 20ms}
      - {id: 2, accessType: 1, downlink: 400000, latency: 5ms}
"""


@pytest.fixture
def site(start):
    return start(config=ALONE + LINKS)


def session(mode, **more):
    return {
        "appInsId": "a", "requestType": 0, "flowFilter": [], "qosD": {}, "mtsMode": mode, "trafficDirection": "00",
        **more,
    }


def test_an_allocation_lives_its_life_over_http_and_is_enforced(site):
    with Client(site, "app-1") as application, Client(site, "user") as user:
        created = call(site, "POST", BWM, allocation("app-1", "00", appName="camera"))
        assert created.status == 201, created.body
        url = created.headers["Location"]
        assert url == f"{site.ports['http']}{BWM}/{created.json['allocationId']}"
        validate(("bandwidth", "BwInfo", "answer", created.body))
        slow = seconds_for(application, user, "t/slow")
        expected = COUNT * SIZE * 8 / SLOW
        assert expected * 0.9 < slow < expected * 1.3, slow
        shown = call(site, "GET", url)
        assert shown.json == created.json and shown.headers["ETag"] == created.headers["ETag"]
        assert call(site, "DELETE", url).status == 204
        call(site, "GET", url).problem(404, "allocationId")
        call(site, "DELETE", url).problem(404)
        assert seconds_for(application, user, "t/after") < 1


def test_allocations_are_changed_under_conditions(site):
    # ETSI's file puts the body under its type's name.
    created = call(site, "POST", BWM, {"BwInfo": allocation("app-1", "00", fixedBWPriority="5")})
    assert created.status == 201, created.body
    url, tag, ident = created.headers["Location"], created.headers["ETag"], created.json["allocationId"]
    deltas = {"allocationId": ident, "appInsId": "app-1", "requestType": 0, "fixedAllocation": "1000"}
    patched = call(site, "PATCH", url, deltas, {"If-Match": tag})
    assert patched.status == 200, patched.body
    assert (patched.json["fixedAllocation"], patched.json["fixedBWPriority"]) == ("1000", "5")
    call(site, "PATCH", url, deltas, {"If-Match": tag}).problem(412, "If-Match")
    merge = {"Content-Type": "application/merge-patch+json"}
    cleared = call(site, "PATCH", url, {"fixedBWPriority": None}, merge)
    assert "fixedBWPriority" not in cleared.json
    call(site, "PATCH", url, {"appInsId": None}).problem(400, "appInsId")
    call(site, "PATCH", url, {**deltas, "allocationId": "x"}).problem(400, "allocationId")
    call(site, "PATCH", url, [1]).problem(400, "body")
    # A replacement says everything anew.
    call(site, "PUT", url, allocation("app-1", "01", 2_000), {"If-Match": tag}).problem(412)
    replaced = call(site, "PUT", url, allocation("app-1", "01", 2_000), {"If-Match": cleared.headers["ETag"]})
    assert (replaced.json["allocationDirection"], replaced.json["allocationId"]) == ("01", ident)
    with Client(site, "op") as operator:
        [listed] = ask(operator, "allocation/list", {})
    assert listed == replaced.json
    call(site, "DELETE", url, headers={"If-Match": tag}).problem(412)
    call(site, "PUT", BWM + "/nothing", allocation("a", "00")).problem(404, "nothing")


def test_allocations_are_found_by_application_name_and_identifier(site):
    made = [
        call(site, "POST", BWM, allocation(app, "00", 1_000, appName=name)).json["allocationId"]
        for app, name in (("a", "camera"), ("b", "camera"), ("c", "radio"))
    ]
    found = lambda query: [info["allocationId"] for info in call(site, "GET", BWM + query).json]
    assert found("") == made
    assert found("?app_instance_id=a&app_instance_id=c") == found("?app_instance_id=a,c") == [made[0], made[2]]
    assert found("?app_name=camera") == made[:2]
    assert found("?session_id=" + made[1]) == [made[1]]
    call(site, "GET", BWM + "?app=a").problem(400, "app", "app_instance_id")


@pytest.mark.parametrize(("body", "status", "word"), [
    (allocation("", "00"), 400, "appInsId"),
    (allocation("x", "00", 0), 400, "fixedAllocation"),
    (allocation("x", "02"), 400, "allocationDirection"),
    (allocation("x", "00", fixedBWPriority="8"), 400, "fixedBWPriority"),
    (allocation("x", "00") | {"requestType": 1}, 400, "sessionFilter"),
    ({"appInsId": "x"}, 400, "requestType"),
    (allocation("x", "00", 2_000_000), 403, "down"),
])
def test_what_cannot_be_granted_is_refused_and_the_field_named(site, body, status, word):
    call(site, "POST", BWM, body).problem(status, word)


def test_steering_over_http_is_the_steering_of_the_bus(site):
    capability = call(site, "GET", "/mts/v1/mts_capability_info").json
    assert [access["accessId"] for access in capability["mtsAccessInfo"]] == [1, 2]
    validate(("steering", "MtsCapabilityInfo", "answer", json.dumps(capability)))
    created = call(site, "POST", MTS, {"MtsSessionInfo": session(0)})
    assert created.status == 201, created.body
    url = created.headers["Location"]
    assert created.json["accessId"] == [2]
    changed = call(site, "PUT", url, session(4, qosD={"minTpt": 600}), {"If-Match": created.headers["ETag"]})
    assert changed.status == 200, changed.body
    assert (changed.json["accessId"], changed.json["sessionId"]) == ([1], created.json["sessionId"])
    call(site, "PUT", url, session(0), {"If-Match": created.headers["ETag"]}).problem(412)
    call(site, "PUT", url, session(0, sessionId="x")).problem(400, "sessionId")
    call(site, "PUT", MTS + "/nothing", session(0)).problem(404, "nothing")
    call(site, "POST", MTS, session(4, qosD={"minTpt": 600, "maxLatency": 1_000_000})).problem(403)
    call(site, "POST", MTS, session(9)).problem(400, "mtsMode")
    with Client(site, "op") as operator:
        [listed] = ask(operator, "mts_session/list", {})
    assert listed == call(site, "GET", url).json
    assert call(site, "GET", MTS + "?app_instance_id=a").json == [listed]
    assert call(site, "GET", MTS + "?app_instance_id=b").json == []
    without = {key: value for key, value in listed.items() if key != "accessId"}
    validate(("steering", "MtsSessionInfo", "answer", json.dumps(without)))
    assert call(site, "DELETE", url).status == 204
    call(site, "GET", url).problem(404)


def test_what_a_session_has_no_use_for_may_be_left_out(site):
    """flowFilter is for FLOW_SPECIFIC, qosD for mode 4; and what picks flows out does not go with a whole application."""
    whole = {key: value for key, value in session(0).items() if key not in ("flowFilter", "qosD")}
    created = call(site, "POST", MTS, whole)
    assert created.status == 201, created.body
    assert created.json["flowFilter"] == [] and created.json["qosD"] == {}
    call(site, "POST", MTS, session(0, flowFilter=[{"dstPort": 80}])).problem(400, "flowFilter")
    call(site, "POST", MTS, session(0, requestType=1)).problem(400, "flowFilter")


def test_both_are_in_the_registry(site):
    for name in ("bwm", "mts"):
        offers = call(site, "GET", f"/mec_service_mgmt/v1/services?ser_name={name}").json
        [uri] = next(o for o in offers if o["serializer"] == "JSON" and "uris" in o["transportInfo"]["endpoint"])[
            "transportInfo"]["endpoint"]["uris"]
        assert uri == site.ports["http"] + f"/{name}/v1"
        bus = next(o for o in offers if o["transportInfo"]["type"] == "MB_TOPIC_BASED")["transportInfo"]
        assert all(name in t or "bwm" in t for t in bus["implSpecificInfo"]["uplinkTopics"])
