"""The ETSI APIs of the real server: MEC 011, 012, 013 and 015 over HTTP, with their notifications."""

import base64
import json
import pathlib
import ssl
import time
import urllib.error
import urllib.parse

import pytest
import yaml

from certificates import Authority
from clients import Client
from rest import Callbacks, WebSocket, call
from test_mec import validate
from weir import ROOT, run

LISTEN = 'listeners: [{url: "tcp://127.0.0.1:0"}]\n'
CALLBACKS = "rest: {callbacks: {allowLoopback: true, firstDelay: 50ms, attempts: 3}}\n"
# Twenty times as fast as life: somebody always changes cells within seconds.
FAST = LISTEN + "radio: {scenarios: [{speed: 20}]}\n" + CALLBACKS
APP = "/mec_app_support/v2"
SVC = "/mec_service_mgmt/v1"


@pytest.fixture
def site(start):
    return start(config=LISTEN + "services: {enabled: true}\n" + CALLBACKS)


@pytest.fixture
def fast(start):
    return start(config=FAST)


def register(server, **fields):
    answer = call(server, "POST", APP + "/registrations", {"appName": "camera", **fields})
    assert answer.status == 201, answer.body
    return answer.json["appInstanceId"]


def service(name="video", **fields):
    return {
        "serName": name, "version": "1.0", "state": "ACTIVE", "serializer": "JSON",
        "transportInfo": {
            "id": "http", "name": "REST", "type": "REST_HTTP", "protocol": "HTTP", "version": "1.1",
            "endpoint": {"uris": ["http://10.0.0.1/video"]}, "security": {},
        },
        **fields,
    }


def offer(server, app, **fields):
    answer = call(server, "POST", f"{SVC}/applications/{app}/services", service(**fields))
    assert answer.status == 201, answer.body
    return answer


# -- MEC 011: applications


def test_an_application_lives_its_life(site):
    answer = call(site, "POST", APP + "/registrations", {"appName": "camera", "appProvider": "example"})
    assert answer.status == 201
    info = answer.json
    app = info["appInstanceId"]
    assert answer.headers["Location"] == f"{site.ports['http']}{APP}/registrations/{app}"
    assert call(site, "GET", answer.headers["Location"]).json == info
    assert call(site, "PUT", f"{APP}/registrations/{app}", {"appName": "camera 2"}).status == 204
    assert call(site, "GET", f"{APP}/registrations/{app}").json["appName"] == "camera 2"
    # Version 1, as ETSI's file says, is the same resource.
    assert call(site, "GET", f"/mec_app_support/v1/registrations/{app}").json["appName"] == "camera 2"
    ready = f"{APP}/applications/{app}/confirm_ready"
    assert call(site, "POST", ready, {"indication": "READY"}).status == 204
    call(site, "POST", ready, {"indication": "SET"}).problem(400, "indication")
    assert call(site, "DELETE", f"{APP}/registrations/{app}").status == 204
    call(site, "GET", f"{APP}/registrations/{app}").problem(404, app)
    call(site, "POST", ready, {"indication": "READY"}).problem(404, app)


DEPENDENCY = [{"serName": "rni", "version": "2.2.1"}]


@pytest.mark.parametrize(("fields", "word"), [
    ({"isInsByMec": False}, "endpoint"),
    ({"isInsByMec": True, "appInstanceId": "a"}, "appDId"),
    ({"isInsByMec": True, "appDId": "d"}, "appInstanceId"),
    ({"appDId": "d", "appServiceRequired": DEPENDENCY}, "appServiceRequired"),
    ({"appDId": "d", "appFeatureOptional": [{"featureName": "x", "version": "1"}]}, "appFeatureOptional"),
])
def test_members_of_a_registration_that_do_not_go_together(site, fields, word):
    """MEC 011 7.1.2.6."""
    call(site, "POST", APP + "/registrations", {"appName": "camera", **fields}).problem(400, word)


def test_members_of_a_registration_that_do(site):
    for fields in (
        {"isInsByMec": True, "appDId": "d", "appInstanceId": "i"},
        {"isInsByMec": False, "endpoint": {"uris": ["http://camera.example"]}},
        {"appServiceRequired": DEPENDENCY},
    ):
        answer = call(site, "POST", APP + "/registrations", {"appName": "camera", **fields})
        assert answer.status == 201, answer.body


def test_an_application_is_told_to_terminate_and_confirms(site):
    app = register(site)
    confirm = f"{APP}/applications/{app}/confirm_termination"
    call(site, "POST", confirm, {"operationAction": "TERMINATING"}).problem(409, "confirm_termination")
    with Callbacks() as callbacks:
        answer = call(site, "POST", f"{APP}/applications/{app}/subscriptions", {
            "subscriptionType": "AppTerminationNotificationSubscription",
            "callbackReference": callbacks.url + "/end", "appInstanceId": app,
        })
        assert answer.status == 201, answer.body
        links = call(site, "GET", f"{APP}/applications/{app}/subscriptions").json["_links"]
        assert [link["href"] for link in links["subscriptions"]] == [answer.headers["Location"]]
        order = {"operationAction": "TERMINATING", "maxGracefulTimeout": 60}
        assert call(site, "POST", f"{APP}/applications/{app}/terminate", order).status == 202
        path, body = callbacks.next()
        assert path == "/end"
        assert body["notificationType"] == "AppTerminationNotification"
        assert (body["operationAction"], body["maxGracefulTimeout"]) == ("TERMINATING", 60)
        assert body["_links"]["subscription"]["href"] == answer.headers["Location"]
        confirmation = body["_links"]["confirmTermination"]["href"]
    assert call(site, "POST", confirmation, {"operationAction": "TERMINATING"}).status == 204
    call(site, "GET", f"{APP}/registrations/{app}").problem(404)
    call(site, "GET", answer.headers["Location"]).problem(404)


def test_rules_are_stored_validated_and_told_on_the_bus(site):
    app = register(site)
    rules = f"{APP}/applications/{app}/traffic_rules"
    rule = {
        "trafficRuleId": "r1", "filterType": "FLOW", "priority": 1, "action": "DROP", "state": "INACTIVE",
        "trafficFilter": [{"srcAddress": ["10.0.0.0/8"], "dstPort": ["80"]}],
    }
    call(site, "PUT", rules + "/r1", rule).problem(404, "trafficRuleId", "r1")
    call(site, "POST", rules, {**rule, "priority": 256}).problem(400, "priority", "255", "256")
    call(site, "POST", rules, {**rule, "trafficFilter": [{"srcAddress": ["x"]}]}).problem(
        400, "trafficFilter[0].srcAddress[0]"
    )
    call(site, "POST", rules, {**rule, "action": "FORWARD_ENCAPSULATED"}).problem(400, "dstInterface")
    created = call(site, "POST", rules, rule)
    assert created.status == 201
    with Client(site) as client:
        client.subscribe(f"mec/v1/json/app/state/traffic_rule/{app}/+")
        assert json.loads(client.receive().payload)["state"] == "INACTIVE"
        tag = call(site, "GET", rules + "/r1").headers["ETag"]
        active = {**rule, "state": "ACTIVE"}
        assert call(site, "PUT", rules + "/r1", active, {"If-Match": tag}).json == active
        assert json.loads(client.receive().payload)["state"] == "ACTIVE"
        call(site, "PUT", rules + "/r1", rule, {"If-Match": tag}).problem(412, "If-Match")
    assert call(site, "GET", rules).json == [active]
    names = f"{APP}/applications/{app}/dns_rules"
    name = {
        "dnsRuleId": "d1", "domainName": "video.example", "ipAddressType": "IP_V4", "ipAddress": "10.0.0.1",
        "ttl": 60, "state": "ACTIVE",
    }
    assert call(site, "POST", names, name).status == 201
    call(site, "PUT", names + "/d1", {**name, "ipAddressType": "IP_V6"}).problem(400, "ipAddress", "IP_V6")
    assert call(site, "GET", names + "/d1").json == name


def test_the_time_is_told(site):
    told = call(site, "GET", APP + "/timing/current_time").json
    assert abs(told["seconds"] - time.time()) < 5
    assert told["timeSourceStatus"] in ("TRACEABLE", "NONTRACEABLE")
    assert set(call(site, "GET", APP + "/timing/timing_caps").json) == {"timeStamp", "ntpServers", "ptpMasters"}


# -- MEC 011: services


def test_services_are_offered_found_changed_and_withdrawn(site):
    app = register(site)
    answer = offer(site, app, scopeOfLocality="ZONE", serCategory={
        "href": "/c", "id": "cat-1", "name": "video", "version": "1",
    })
    info, url = answer.json, answer.headers["Location"]
    assert info["_links"]["self"]["href"] == url
    assert call(site, "GET", url).json == info
    ident = info["serInstanceId"]
    found = lambda query: [s["serInstanceId"] for s in call(site, "GET", f"{SVC}/services?{query}").json]
    assert found("ser_name=video") == [ident]
    assert found("ser_name=audio,video") == [ident]
    assert found("ser_instance_id=" + ident) == [ident]
    assert found("ser_category_id=cat-1") == [ident]
    assert found("scope_of_locality=ZONE&is_local=true") == [ident]
    assert found("ser_name=audio") == []
    call(site, "GET", f"{SVC}/services?ser_name=a&ser_category_id=b").problem(400, "ser_name")
    call(site, "GET", f"{SVC}/services?scope_of_locality=MOON").problem(400, "scope_of_locality", "MOON")
    call(site, "GET", f"{SVC}/services?is_local=perhaps").problem(400, "is_local", "perhaps")
    assert info["transportInfo"] in call(site, "GET", SVC + "/transports").json
    tag = call(site, "GET", url).headers["ETag"]
    changed = call(site, "PUT", url, service(state="INACTIVE"), {"If-Match": tag})
    assert changed.status == 200 and changed.json["state"] == "INACTIVE"
    call(site, "PUT", url, service(), {"If-Match": tag}).problem(412)
    assert call(site, "GET", url, headers={"If-None-Match": changed.headers["ETag"]}).status == 304
    assert call(site, "DELETE", url).status == 204
    call(site, "GET", url).problem(404, ident)


def test_etsis_files_put_the_body_under_its_types_name(site):
    app = register(site)
    answer = call(site, "POST", f"{SVC}/applications/{app}/services", {"ServiceInfo": service()})
    assert answer.status == 201 and answer.json["serName"] == "video"


def test_who_does_not_send_heartbeats_is_suspended(site):
    app = register(site)
    info = offer(site, app, livenessInterval=1).json
    liveness = info["_links"]["liveness"]["href"]
    with Client(site) as client:
        client.subscribe(f"mec/v1/json/svc/service_availability/{info['serInstanceId']}")
        assert call(site, "PATCH", liveness, {"state": "ACTIVE"}).status == 204
        assert call(site, "GET", liveness).json["state"] == "ACTIVE"
        [reference] = json.loads(client.receive().payload)["serviceReferences"]
        assert (reference["changeType"], reference["state"]) == ("STATE_CHANGED", "SUSPENDED")
        assert call(site, "GET", liveness).json["state"] == "SUSPENDED"
        assert call(site, "PATCH", liveness, {"state": "ACTIVE"}).status == 204
        [reference] = json.loads(client.receive().payload)["serviceReferences"]
        assert reference["state"] == "ACTIVE"
    call(site, "PUT", info["_links"]["self"]["href"], service(state="INACTIVE", livenessInterval=1))
    call(site, "PATCH", liveness, {"state": "ACTIVE"}).problem(409, "INACTIVE")
    call(site, "PATCH", liveness, {"state": "SUSPENDED"}).problem(400, "state")


def test_availability_is_told_by_callback_websocket_and_mqtt_alike(site):
    app = register(site)
    collection = f"{SVC}/applications/{app}/subscriptions"
    kind = "SerAvailabilityNotificationSubscription"
    with Callbacks() as callbacks, Client(site) as client:
        client.subscribe("mec/v1/json/svc/service_availability/+")
        wanted = {"serNames": ["video"], "states": ["ACTIVE"]}
        first = call(site, "POST", collection, {
            "subscriptionType": kind, "callbackReference": callbacks.url, "filteringCriteria": wanted,
        })
        second = call(site, "POST", collection, {
            "subscriptionType": kind, "websockNotifConfig": {"requestWebsocketUri": True},
        })
        assert first.status == 201 and second.status == 201, second.body
        call(site, "POST", collection, {"subscriptionType": kind}).problem(400, "callbackReference")
        call(site, "POST", collection, {
            "subscriptionType": kind, "callbackReference": callbacks.url,
            "filteringCriteria": {"serNames": ["a"], "serInstanceIds": ["b"]},
        }).problem(400, "filteringCriteria")
        with WebSocket(second.json["websockNotifConfig"]["websocketUri"]) as stream:
            assert stream.status == 101
            offer(site, app, name="audio")
            offer(site, app, name="video")
            told = [json.loads(client.receive().payload) for _ in range(2)]
            streamed = [stream.next() for _ in range(2)]
            _, called = callbacks.next()
        without = lambda body: {**body, "_links": None}
        assert [without(b) for b in streamed] == [without(b) for b in told]
        assert without(called) == without(told[1])
        assert called["_links"]["subscription"]["href"] == first.headers["Location"]
        assert streamed[0]["_links"]["subscription"]["href"] == second.headers["Location"]
        assert call(site, "DELETE", first.headers["Location"]).status == 204
        call(site, "GET", first.headers["Location"]).problem(404)


def test_weir_offers_its_own_services_where_it_listens(site):
    offers = call(site, "GET", f"{SVC}/services?ser_name=rni").json
    pairs = {(s["transportInfo"]["type"], s["serializer"]) for s in offers}
    assert {("REST_HTTP", "JSON"), ("MB_TOPIC_BASED", "JSON"), ("MB_TOPIC_BASED", "PROTOBUF3")} <= pairs
    if site.ports.get("rpc"):
        assert ("RPC_STREAMING", "PROTOBUF3") in pairs
    by_pair = {(s["transportInfo"]["type"], s["serializer"]): s["transportInfo"] for s in offers}
    [uri] = by_pair["REST_HTTP", "JSON"]["endpoint"]["uris"]
    assert call(site, "GET", uri + "/queries/plmn_info?app_ins_id=a").status == 200
    bus = by_pair["MB_TOPIC_BASED", "JSON"]
    assert bus["endpoint"]["addresses"] == [{"host": "127.0.0.1", "port": site.port()}]
    assert "/rni/ue/mobility/cell_change" in bus["implSpecificInfo"]["eventTopics"]
    assert len(call(site, "GET", SVC + "/transports").json) >= len(pairs)
    # Nobody may take them away.
    call(site, "DELETE", offers[0]["_links"]["self"]["href"].replace("applications/weir", "applications/x")).problem(404)


def test_what_was_confirmed_survives_kill_9(start):
    server = start(config=LISTEN + "http: {listen: \"127.0.0.1:0\"}\nservices: {enabled: true}\n" + CALLBACKS)
    app = register(server)
    call(server, "POST", f"{APP}/applications/{app}/confirm_ready", {"indication": "READY"})
    info = offer(server, app).json
    rule = {
        "trafficRuleId": "r1", "filterType": "FLOW", "priority": 1, "action": "DROP", "state": "ACTIVE",
        "trafficFilter": [{"srcAddress": ["10.0.0.0/8"]}],
    }
    assert call(server, "POST", f"{APP}/applications/{app}/traffic_rules", rule).status == 201
    with Callbacks() as callbacks:
        subscription = call(server, "POST", f"{SVC}/applications/{app}/subscriptions", {
            "subscriptionType": "SerAvailabilityNotificationSubscription", "callbackReference": callbacks.url,
            "filteringCriteria": {"serNames": ["audio"]},
        }).json
        server.kill()
        server.restart()
        here = lambda url: urllib.parse.urlsplit(url).path
        assert call(server, "GET", f"{APP}/registrations/{app}").status == 200
        again = call(server, "GET", here(info["_links"]["self"]["href"])).json
        assert {**again, "_links": None} == {**info, "_links": None}
        assert call(server, "GET", f"{APP}/applications/{app}/traffic_rules/r1").json == rule
        assert call(server, "GET", here(subscription["_links"]["self"]["href"])).status == 200
        with Client(server) as client:
            client.subscribe(f"mec/v1/json/app/state/application/{app}")
            assert json.loads(client.receive().payload)["isReady"] is True
        offer(server, app, name="audio")
        _, body = callbacks.next()
        assert body["serviceReferences"][0]["serName"] == "audio"


def test_clients_of_the_bus_cannot_reach_what_is_kept(site):
    register(site)
    with Client(site) as client:
        assert client.subscribe("$weir/#") == [0x87]
        assert client.publish("$weir/app/application/x", b"{}", qos=1) == 0x87


# -- Errors


def test_errors_are_problem_details_that_name_the_field(site):
    call(site, "GET", "/nowhere/v1/x").problem(404, "/nowhere/v1/x")
    call(site, "GET", SVC + "/services?nme=x").problem(400, "nme", "ser_name")
    refused = call(site, "DELETE", SVC + "/services")
    refused.problem(405, "GET")
    assert refused.headers["Allow"] == "GET"
    call(site, "POST", APP + "/registrations", b"{").problem(400, "body")
    call(site, "POST", APP + "/registrations", {}).problem(400, "appName is required")
    call(site, "POST", APP + "/registrations", {"appName": 3}).problem(400, "appName")
    call(site, "POST", APP + "/registrations", {"appName": "x"}, {"Content-Type": "text/plain"}).problem(415, "text/plain")
    call(site, "POST", APP + "/registrations", b" " * (2 << 20)).problem(413, "maximumBodySize")
    call(site, "GET", SVC + "/services?ser_name=%ff").problem(400, "UTF-8")


@pytest.mark.parametrize("url", [
    "http://169.254.169.254/latest", "http://[fe80::1]/x", "ftp://example.com", "http://0.0.0.0/", "http://[::ffff:169.254.1.1]/",
])
def test_callbacks_stay_out_of_forbidden_ranges(site, url):
    app = register(site)
    call(site, "POST", f"{SVC}/applications/{app}/subscriptions", {
        "subscriptionType": "SerAvailabilityNotificationSubscription", "callbackReference": url,
    }).problem(400, "callbackReference")


def test_loopback_needs_the_operators_word(start):
    server = start(config=LISTEN + "services: {enabled: true}\n")
    app = register(server)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        call(server, "POST", f"{SVC}/applications/{app}/subscriptions", {
            "subscriptionType": "SerAvailabilityNotificationSubscription", "callbackReference": f"http://{host}:1/",
        }).problem(400, "callbackReference", "allowLoopback")


# -- Delivery


def test_delivery_is_tried_again_and_given_up_in_the_end(site):
    app = register(site)
    body = {"subscriptionType": "SerAvailabilityNotificationSubscription"}
    with Callbacks(statuses=[500, 503]) as callbacks, Callbacks(statuses=[500] * 3) as broken:
        for url in (callbacks.url, broken.url):
            call(site, "POST", f"{SVC}/applications/{app}/subscriptions", {**body, "callbackReference": url})
        offer(site, app)
        callbacks.next()
        assert callbacks.requests == 3
        offer(site, app, name="audio")
        # The first was given up, the second came: in order, one at a time.
        assert broken.next()[1]["serviceReferences"][0]["serName"] == "audio"
        metrics = site.metrics()
        assert metrics["weir_notifications_dead_total"] == 1
        assert metrics["weir_notifications_retried_total"] == 4


# -- MEC 012


def test_radio_queries_answer_as_etsi_describes(fast):
    with Client(fast) as client:
        client.subscribe("mec/v1/json/rni/state/ue/#")
        for _ in range(20):
            client.receive(30)
    bodies = []
    for name, schema in (("rab_info", "RabInfo"), ("layer2_meas", "L2Meas"), ("s1_bearer_info", "S1BearerInfoAnswer")):
        answer = call(fast, "GET", f"/rni/v2/queries/{name}")
        assert answer.status == 200
        if name != "layer2_meas" and not any("nrcgi" in json.dumps(answer.json) for _ in [0]):
            bodies.append(("rnis", schema, name, answer.body))
    bodies.append(("rnis", "PlmnInfoList", "plmn_info", call(fast, "GET", "/rni/v2/queries/plmn_info?app_ins_id=a,b").body))
    assert [p["appInstanceId"] for p in json.loads(bodies[-1][3])] == ["a", "b"]
    info = call(fast, "GET", "/rni/v2/queries/rab_info").json
    ue = info["cellUserInfo"][0]["ueInfo"][0]
    address = next(i["value"] for i in ue["associateId"] if i["type"] == 1)
    only = call(fast, "GET", f"/rni/v2/queries/rab_info?ue_ipv4_address={address}&app_ins_id=me").json
    assert only["appInstanceId"] == "me"
    assert [u["associateId"] for c in only["cellUserInfo"] for u in c["ueInfo"]] == [ue["associateId"]]
    call(fast, "GET", "/rni/v2/queries/plmn_info").problem(400, "app_ins_id")
    call(fast, "GET", "/rni/v2/queries/rab_info?qci=many").problem(400, "qci", "many")
    call(fast, "GET", "/rni/v2/queries/rab_info?cell_id=xyz").problem(400, "cell_id", "xyz")
    call(fast, "GET", "/rni/v2/queries/rab_info?ue_ipv4_address=x").problem(400, "ue_ipv4_address", "x")
    validate(*bodies)


def test_one_radio_event_comes_by_callback_websocket_and_mqtt(fast):
    with Callbacks() as callbacks, Client(fast) as client:
        client.subscribe("/rni/ue/mobility/cell_change")
        body = {"subscriptionType": "CellChangeSubscription", "filterCriteriaAssocHo": {"hoStatus": [1, 2, 3, 4, 5]}}
        first = call(fast, "POST", "/rni/v2/subscriptions", {
            **body, "callbackReference": callbacks.url, "requestTestNotification": True,
        })
        assert first.status == 201, first.body
        assert callbacks.next()[1]["notificationType"] == "TestNotification"
        second = call(fast, "POST", "/rni/v2/subscriptions", {
            **body, "websockNotifConfig": {"requestWebsocketUri": True},
        }).json
        key = lambda event: json.dumps({**event, "_links": None}, sort_keys=True)
        with WebSocket(second["websockNotifConfig"]["websocketUri"]) as stream:
            mqtt, called, streamed = set(), set(), set()
            while not mqtt & called & streamed:
                mqtt.add(key(json.loads(client.receive(30).payload)))
                called.add(key(callbacks.next()[1]))
                streamed.add(key(stream.next()))
            stream.send(9, b"are you there")
            while (frame := stream.frame())[0] == 1:
                pass
            assert frame == (10, b"are you there")
        links = call(fast, "GET", "/rni/v2/subscriptions?subscription_type=cell_change").json["_links"]
        assert first.headers["Location"] in [link["href"] for link in links["subscription"]]
        call(fast, "GET", "/rni/v2/subscriptions?subscription_type=x").problem(400, "subscription_type")
        url = first.headers["Location"]
        tag = call(fast, "GET", url).headers["ETag"]
        narrowed = {**body, "callbackReference": callbacks.url, "filterCriteriaAssocHo": {"hoStatus": [3]}}
        assert call(fast, "PUT", url, narrowed, {"If-Match": tag}).json["filterCriteriaAssocHo"]["hoStatus"] == [3]
        call(fast, "PUT", url, narrowed, {"If-Match": tag}).problem(412)
        call(fast, "PUT", url, {
            "subscriptionType": "RabEstSubscription", "callbackReference": callbacks.url, "filterCriteriaQci": {"qci": 1},
        }).problem(422, "subscriptionType")
        assert call(fast, "DELETE", url).status == 204
        call(fast, "DELETE", url).problem(404)


def test_a_radio_subscription_tells_of_its_end(fast):
    with Callbacks() as callbacks:
        end = int(time.time()) + 2
        answer = call(fast, "POST", "/rni/v2/subscriptions", {
            "subscriptionType": "CaReconfSubscription", "callbackReference": callbacks.url, "filterCriteriaAssoc": {},
            "expiryDeadline": {"seconds": end, "nanoSeconds": 0},
        })
        assert answer.status == 201, answer.body
        while (body := callbacks.next()[1])["notificationType"] != "ExpiryNotification":
            pass
        assert body["expiryDeadline"]["seconds"] == end
        assert body["_links"]["subscription"]["href"] == answer.headers["Location"]
        while call(fast, "GET", answer.headers["Location"]).status != 404:
            assert time.time() < end + 10
        call(fast, "POST", "/rni/v2/subscriptions", {
            "subscriptionType": "CaReconfSubscription", "callbackReference": callbacks.url, "filterCriteriaAssoc": {},
            "expiryDeadline": {"seconds": 1, "nanoSeconds": 0},
        }).problem(400, "expiryDeadline")


# -- MEC 013


def test_location_queries_answer_as_etsi_describes(fast):
    with Client(fast) as client:
        client.subscribe("mec/v1/json/location/state/user/#")
        for _ in range(20):
            client.receive(30)
    bodies = []
    for version in ("v2", "v3"):
        users = call(fast, "GET", f"/location/{version}/queries/users").json["userList"]
        zones = call(fast, "GET", f"/location/{version}/queries/zones").json["zoneList"]
        bodies += [("location", "UserList", "users", json.dumps(users)), ("location", "ZoneList", "zones", json.dumps(zones))]
        assert users["resourceURL"].endswith(f"/location/{version}/queries/users")
    a, b = [u["address"] for u in users["user"] if "locationInfo" in u][:2]
    quoted = urllib.parse.quote(a)
    [only] = call(fast, "GET", f"/location/v3/queries/users?address={quoted}").json["userList"]["user"]
    assert only["address"] == a
    zone = zones["zone"][0]["zoneId"]
    info = call(fast, "GET", f"/location/v3/queries/zones/{zone}").json["zoneInfo"]
    points = call(fast, "GET", f"/location/v3/queries/zones/{zone}/accessPoints").json["accessPointList"]
    point = points["accessPoint"][0]["accessPointId"]
    one = call(fast, "GET", f"/location/v3/queries/zones/{zone}/accessPoints/{point}").json["accessPointInfo"]
    distance = call(fast, "GET", f"/location/v3/queries/distance?address={quoted}&address={urllib.parse.quote(b)}").json
    assert call(fast, "GET", f"/location/v3/queries/distance?address={quoted}&latitude=43.7&longitude=7.4").status == 200
    bodies += [
        ("location", "ZoneInfo", "zone", json.dumps(info)), ("location", "AccessPointList", "points", json.dumps(points)),
        ("location", "AccessPointInfo", "point", json.dumps(one)),
        ("location", "TerminalDistance", "distance", json.dumps(distance["terminalDistance"])),
    ]
    call(fast, "GET", "/location/v3/queries/zones/nowhere").problem(404, "zoneId", "nowhere")
    call(fast, "GET", f"/location/v3/queries/distance?address={quoted}").problem(400, "address")
    call(fast, "GET", f"/location/v3/queries/distance?address={quoted}&latitude=99&longitude=0").problem(400, "location")
    validate(*bodies)


def test_location_subscriptions_are_delivered_replaced_and_survive_kill_9(start):
    server = start(config=FAST + "http: {listen: \"127.0.0.1:0\"}\n")
    with Callbacks() as callbacks:
        body = {
            "subscriptionType": "UserAreaSubscription", "callbackReference": callbacks.url, "clientCorrelator": "1",
            "addressList": [], "trackingAccuracy": 0, "reportingLocationReq": True,
            "areaDefine": {"shape": 1, "points": [{"latitude": 43.7384, "longitude": 7.4246}], "radius": 300},
        }
        answer = call(server, "POST", "/location/v2/subscriptions/area", {"userAreaSubscription": body})
        assert answer.status == 201, answer.body
        url = answer.headers["Location"]
        assert "/location/v2/subscriptions/area/" in url
        assert answer.json["userAreaSubscription"]["_links"]["self"]["href"] == url
        _, told = callbacks.next(60)
        assert told["notificationType"] == "UserAreaNotification"
        assert told["_links"]["subscription"]["href"] == url
        validate(("location", "UserAreaNotification", "callback", json.dumps(told)))
        listed = call(server, "GET", "/location/v2/subscriptions/area").json["notificationSubscriptionList"]
        assert [link["href"] for link in listed["subscription"]] == [url]
        body["areaDefine"]["radius"] = 400
        changed = call(server, "PUT", url, body)
        assert changed.status == 200, changed.body
        assert changed.json["userAreaSubscription"]["areaDefine"]["radius"] == 400
        call(server, "POST", "/location/v3/subscriptions/zones", body).problem(400, "subscriptionType")
        call(server, "POST", "/location/v3/subscriptions/area", {**body, "areaDefine": {"shape": 3, "points": []}}).problem(
            400, "areaDefine.shape"
        )
        server.kill()
        server.restart()
        path = urllib.parse.urlsplit(url).path
        end = time.monotonic() + 20
        while (again := call(server, "GET", path)).status != 200:
            assert time.monotonic() < end, again.body
        assert again.json["userAreaSubscription"]["areaDefine"]["radius"] == 400
        while not callbacks.received.empty():
            callbacks.received.get()
        assert callbacks.next(60)[1]["notificationType"] == "UserAreaNotification"
        assert call(server, "DELETE", path).status == 204
        call(server, "GET", path).problem(404)


# -- Access


def test_tokens_are_handed_out_and_rules_are_those_of_mqtt(start, tmp_path):
    run("passwd", "-c", "-b", tmp_path / "passwd", "reader", "secret", check=0)
    run("passwd", "-b", tmp_path / "passwd", "writer", "secret", check=0)
    (tmp_path / "key").write_text("k" * 40)
    (tmp_path / "rules").write_text("user reader\ntopic read #\nuser writer\ntopic readwrite #\n")
    server = start(config=LISTEN + f"""services: {{enabled: true}}
access: {{allowAnonymous: false, passwordFile: "{tmp_path}/passwd", rulesFile: "{tmp_path}/rules"}}
rest: {{tokenKeyFile: "{tmp_path}/key"}}
""")

    def token(name, scope=None, secret="secret"):
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
        return call(server, "POST", "/oauth2/token", urllib.parse.urlencode(form).encode(), {
            "Authorization": "Basic " + basic, "Content-Type": "application/x-www-form-urlencoded",
        })

    refused = call(server, "GET", SVC + "/services")
    refused.problem(401)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert token("reader", secret="wrong").status == 401
    assert token("reader", scope="moon").json["error"] == "invalid_scope"
    bearer = lambda name, *scope: {"Authorization": "Bearer " + token(name, *scope).json["access_token"]}
    reader, writer = bearer("reader"), bearer("writer")
    assert call(server, "GET", SVC + "/services", headers=reader).status == 200
    call(server, "POST", APP + "/registrations", {"appName": "x"}, reader).problem(403, "write")
    assert call(server, "POST", APP + "/registrations", {"appName": "x"}, writer).status == 201
    narrow = bearer("writer", "rni")
    assert call(server, "GET", "/rni/v2/queries/rab_info", headers=narrow).status == 200
    call(server, "GET", SVC + "/services", headers=narrow).problem(403, "scope")
    forged = {"Authorization": writer["Authorization"][:-4] + "AAAA"}
    call(server, "GET", SVC + "/services", headers=forged).problem(401)
    # The same token opens the bus.
    with Client(server, username="writer", password=writer["Authorization"][7:]) as client:
        client.publish("a", b"b", qos=1)


def test_the_apis_speak_tls(start, tmp_path):
    authority = Authority(tmp_path / "ca")
    certificate, key = authority.issue("server", "localhost", "DNS:localhost", "IP:127.0.0.1")
    server = start(config=LISTEN + f"""services: {{enabled: true}}
http: {{listen: "127.0.0.1:0", certificateFile: "{certificate}", keyFile: "{key}"}}
""")
    context = authority.client_context()
    url = server.ports["http"].replace("http://", "https://")
    offers = call(server, "GET", url + SVC + "/services", context=context).json
    assert any(uri.startswith("https://") for s in offers for uri in s["transportInfo"]["endpoint"].get("uris", []))
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(urllib.error.URLError, match="SSL|alert|protocol"):
        call(server, "GET", url + SVC + "/services", context=old)


def test_too_many_requests_are_refused(start):
    server = start(config=LISTEN + "services: {enabled: true}\nrest: {requestRate: 5}\n")
    answers = [call(server, "GET", APP + "/timing/current_time") for _ in range(20)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused and answers[0].status == 200
    refused[0].problem(429, "requestRate")
    assert refused[0].headers["Retry-After"] == "1"


# -- Documents

OFFICIAL = {
    "app_support": ["gs011/v3.1.1/MecAppSupportApi.yaml"],
    "service_mgmt": ["gs011/v3.1.1/MecServiceMgmtApi.yaml"],
    "rni": ["gs012/v2.2.1/RniAPI.yaml"],
    "location": ["gs013/v3.1.1/LocationAPI.yaml"],
    "bwm": ["gs015/v2.2.1/BwManagementApi.yaml"],
    "mts": ["gs015/v2.2.1/TrafficSteeringApi.yaml"],
}


def test_the_page_lists_the_documents(site):
    status, page = site.http("/")
    assert status == 200
    for name in OFFICIAL:
        assert f"/openapi/{name}.json" in page


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_documents_have_what_etsis_files_have(site, name):
    etsi = next((f for f in (ROOT / "../shared/etsi", ROOT / "../../shared/etsi") if f.exists()), None)
    if etsi is None:
        pytest.skip("ETSI's files (../shared/etsi) are not there")
    own = json.loads(site.http(f"/openapi/{name}.json")[1])
    assert own["openapi"].startswith("3.1")
    for file in OFFICIAL[name]:
        official = yaml.safe_load((pathlib.Path(etsi) / file).read_text())
        for path, methods in official["paths"].items():
            # MEC 011 8.2.10: the platform chooses this URI.
            path = path.replace("/resource_uri_allocated_by_MEC_platform", "/services/{serviceId}/liveness")
            assert path in own["paths"], path
            for method, operation in methods.items():
                if method == "parameters":
                    continue
                assert method in own["paths"][path], (method, path)
                ours = {p["name"] for p in own["paths"][path][method].get("parameters", [])}
                for parameter in operation.get("parameters", []):
                    if "$ref" in parameter:
                        parameter = official["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
                    assert parameter["name"] in ours, (method, path, parameter["name"])
        for schema, body in official["components"]["schemas"].items():
            if not body.get("properties") or schema in ("ProblemDetails", "InlineSubscription", "InlineNotification"):
                continue
            ours = own["components"]["schemas"].get(schema)
            if ours is None:
                # The file has one type several times, with a number behind its name.
                ours = own["components"]["schemas"][schema.rstrip("0123456789")]
            for field, type in body["properties"].items():
                if field.startswith("(") or (schema, field) == ("MeasRepUeNotification", "subscription"):
                    continue
                # Two names of MEC 012 6.2.5 have a blank in the middle in the file.
                field = field.replace(" ", "")
                assert field in ours["properties"], (schema, field)
                values = [v for v in type.get("enum", []) if v not in ("SEE_DESCRIPTION", "source")]
                if values and type.get("type") != "array":
                    assert set(values) <= set(ours["properties"][field]["enum"]), (schema, field)
