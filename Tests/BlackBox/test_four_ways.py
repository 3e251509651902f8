"""One event, four ways: by callback, by WebSocket, over MQTT and over gRPC it has the same content, whatever its type."""

import json

import pytest

from clients import Client
from rest import Callbacks, WebSocket, call
from rpc import Rpc
from test_rest import APP, CALLBACKS, LISTEN, SVC, offer, register

CONFIG = LISTEN + CALLBACKS + 'radio: {scenarios: []}\nrpc: {listen: "127.0.0.1:0"}\n'
A, B = ({"plmn": "00101", "cellId": cell} for cell in ("0000001", "0000002"))
N, M = ({"plmn": "00101", "nrCellId": cell} for cell in ("000000001", "000000002"))
PLACE = {"latitude": 43.7384, "longitude": 7.4246}


@pytest.fixture
def site(start):
    return start(config=CONFIG)


class FourWays:
    """A callback server and a client of each kind at one site."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.callbacks = Callbacks().__enter__()
        self.mqtt = Client(self.site, "ears").__enter__()
        self.radio = Client(self.site, "xapp").__enter__()
        self.rpc = Rpc(self.site)
        return self

    def __exit__(self, *error):
        self.rpc.channel.close()
        self.radio.__exit__(*error)
        self.mqtt.__exit__(*error)
        self.callbacks.__exit__(*error)

    def tell(self, topic, **message):
        """What an xApp says of the radio network."""
        self.radio.publish("ran/in/" + topic, json.dumps(message), 1)

    def hear(self):
        """The next message that is no state."""
        while "/state/" in (message := self.mqtt.receive(20)).topic:
            pass
        return message

    def follow(self, collection, body, topic, provoke):
        """Provokes one event while both kinds of subscription are in force, and returns its body.

        Where the topic has a place for the subscription's identifier, each of the two has an event of its own.
        """
        ways = {
            "callback": {"callbackReference": f"{self.callbacks.url}/{body['subscriptionType']}"},
            "websocket": {"websockNotifConfig": {"requestWebsocketUri": True}},
        }
        made = {name: call(self.site, "POST", collection, {**body, **way}) for name, way in ways.items()}
        assert [answer.status for answer in made.values()] == [201, 201], [a.body for a in made.values()]
        urls = {name: answer.headers["Location"] for name, answer in made.items()}
        topics = {name: topic.format(url.rsplit("/", 1)[1]) for name, url in urls.items()}
        socket_url = json.dumps(made["websocket"].json).split('"websocketUri": "')[1].split('"')[0]
        with WebSocket(socket_url) as stream:
            assert stream.status == 101
            for name in set(topics.values()):
                self.mqtt.subscribe(name, 1)
            subscription = self.rpc.subscribe(*set(topics.values()))
            subscription.next("caught_up")
            provoke()
            path, called = self.callbacks.next()
            streamed = stream.next()
            heard, read = {}, {}
            for name in set(topics.values()):
                message, event = self.hear(), subscription.event()
                heard[name if "+" in name else message.topic] = (
                    json.loads(message.payload), dict(message.properties.UserProperty))
                read[name if "+" in name else event.topic] = json.loads(event.payload), event
            subscription.close()
            for name in set(topics.values()):
                self.mqtt.unsubscribe(name)
        assert path == f"/{body['subscriptionType']}"
        for name, told in (("callback", called), ("websocket", streamed)):
            on_mqtt, fields = heard[topics[name]]
            on_grpc, event = read[topics[name]]
            # The bus carries the very same bytes to both, and the same CloudEvents identifier.
            assert on_mqtt == on_grpc
            assert (fields["id"], fields["type"]) == (event.id, event.type)
            # Over HTTP only the link to the subscription is the subscriber's own.
            assert told["_links"]["subscription"]["href"] == urls[name]
            assert linkless(told) == linkless(on_mqtt), (name, told, on_mqtt)
            assert list(told) == list(on_mqtt), "the members come in another order"
        assert linkless(called) == linkless(streamed)
        # A final notification is the subscription's end.
        left = 404 if called.get("isFinalNotification") else 204
        assert [call(self.site, "DELETE", url).status for url in urls.values()] == [left, left]
        return called


def linkless(body):
    """A notification without the links to its subscription; others stay."""
    own = ("subscription", "self")
    return {**body, "_links": {name: link for name, link in body["_links"].items() if name not in own}}


def bearer(step):
    return lambda ways: ways.tell(
        "bearer", ue="ue-1", cell=A, erabId=5, step=step, qci=9, erabMbrDl=1_000_000, erabMbrUl=500_000,
        erabGbrDl=100_000, erabGbrUl=50_000)


def measurement(ue, cell):
    return lambda ways: ways.tell("measurement", ue=ue, cell=cell, rsrp=-90.0, rsrq=-11.0, sinr=12.0, trigger=3)


RNI = [
    ("CellChange", {"filterCriteriaAssocHo": {}}, "/rni/ue/mobility/cell_change",
     lambda ways: ways.tell("handover", ue="ue-1", source=B, target=A, status=3)),
    ("RabEst", {"filterCriteriaQci": {"qci": 9}}, "/rni/ue/rab/establish", bearer("established")),
    ("RabMod", {"filterCriteriaQci": {"qci": 9, "erabId": 5}}, "/rni/ue/rab/modify", bearer("modified")),
    ("RabRel", {"filterCriteriaQci": {"qci": 9, "erabId": 5}}, "/rni/ue/rab/release", bearer("released")),
    ("MeasRepUe", {"filterCriteriaAssocTri": {}}, "/rni/ue/meas/report", measurement("ue-1", A)),
    ("NrMeasRepUe", {"filterCriteriaNrMrs": {}}, "/rni/ue/meas/nr_report", measurement("ue-2", N)),
    ("MeasTa", {"filterCriteriaAssoc": {}}, "/rni/ue/meas/ta",
     lambda ways: ways.tell("timing_advance", ue="ue-1", cell=A, timingAdvance=100)),
    ("CaReconf", {"filterCriteriaAssoc": {}}, "/rni/ue/ca_reconf",
     lambda ways: ways.tell("carrier_aggregation", ue="ue-1", cell=A, added=[B])),
]


def prepare(ways):
    """Four cells in two zones, and two terminals; returns once the site knows them."""
    ways.mqtt.subscribe("mec/v1/json/location/state/user/+", 1)
    for cell, zone in ((A, "z1"), (B, "z2"), (N, "z1"), (M, "z2")):
        ways.tell("cell", cell=cell, zone=zone, radius=500, **PLACE)
    for ue, address, cell in (("ue-1", "10.9.0.1", B), ("ue-2", "10.9.0.2", N)):
        ways.tell("terminal", ue=ue, addresses=[address])
        ways.tell("attach", ue=ue, cell=cell)
    known = set()
    while len(known) < 2:
        known.add(ways.mqtt.receive(20).topic)
    ways.mqtt.unsubscribe("mec/v1/json/location/state/user/+")


def test_radio_network_events(site):
    with FourWays(site) as ways:
        prepare(ways)
        for name, criteria, topic, provoke in RNI:
            body = {"subscriptionType": name + "Subscription", **criteria}
            told = ways.follow("/rni/v2/subscriptions", body, topic, lambda: provoke(ways))
            assert told["notificationType"] == name + "Notification"


def test_s1_bearer_events(start):
    """No xApp tells of S1-U bearers: here they come from a busy town, and an event is found by its content."""
    town = start(config=LISTEN + CALLBACKS + 'radio: {scenarios: [{speed: 20}]}\nrpc: {listen: "127.0.0.1:0"}\n')
    body = {"subscriptionType": "S1BearerSubscription", "S1BearerSubscriptionCriteria": {}, "eventType": [1, 2, 3]}
    key = lambda told: json.dumps(linkless(told))
    with FourWays(town) as ways:
        by_callback = call(town, "POST", "/rni/v2/subscriptions", {**body, "callbackReference": ways.callbacks.url})
        assert by_callback.status == 201, by_callback.body
        by_socket = call(
            town, "POST", "/rni/v2/subscriptions", {**body, "websockNotifConfig": {"requestWebsocketUri": True}})
        with WebSocket(by_socket.json["websockNotifConfig"]["websocketUri"]) as stream:
            ways.mqtt.subscribe("/rni/ue/s1_bearer", 1)
            subscription = ways.rpc.subscribe("/rni/ue/s1_bearer")
            seen = [set() for _ in range(4)]
            while not set.intersection(*seen):
                seen[0].add(key(ways.callbacks.next()[1]))
                seen[1].add(key(stream.next()))
                seen[2].add(key(json.loads(ways.mqtt.receive(30).payload)))
                seen[3].add(key(json.loads(subscription.event().payload)))
            subscription.close()
    assert json.loads(set.intersection(*seen).pop())["notificationType"] == "S1BearerNotification"


def positions(*places):
    """Positions of ue-1 and, where there are two, ue-2, in metres north of PLACE."""
    def provoke(ways):
        for ue, metres in zip(("ue-1", "ue-2"), places):
            ways.tell("position", ue=ue, latitude=PLACE["latitude"] + metres / 111_195, longitude=PLACE["longitude"])
    return provoke


def area(metres):
    return {"shape": 1, "points": [PLACE], "radius": metres}


LOCATION = [
    ("UserLocationEvent", "users", {
        "address": "acr:10.9.0.1", "locationEventCriteria": ["ENTERING_AREA_EVENT"], "userEventPara": {"zoneId": "z1"},
    }, lambda ways: ways.tell("handover", ue="ue-1", source=B, target=A, status=3), None),
    ("ZoneLocationEvent", "zones", {
        "zoneId": "z2", "locationEventCriteria": ["ENTERING_AREA_EVENT"],
    }, lambda ways: ways.tell("handover", ue="ue-1", source=A, target=B, status=3), None),
    ("ZoneStatus", "zones", {
        "zoneId": "z1", "operationStatus": ["Unserviceable"],
    }, lambda ways: ways.tell("cell", cell=A, zone="z1", status="unserviceable", **PLACE), None),
    ("UserLocationPeriodic", "users", {
        "address": "acr:10.9.0.1", "periodicEventInfo": {"reportingAmount": 1, "reportingInterval": 1},
    }, lambda ways: None, None),
    ("UserArea", "area", {
        "addressList": ["acr:10.9.0.1"], "areaDefine": area(300), "trackingAccuracy": 0,
        "locationEventCriteria": ["ENTERING_AREA_EVENT"],
    }, positions(0), positions(5_000)),
    ("UserDistance", "distance", {
        "monitoredAddress": ["acr:10.9.0.1"], "referenceAddress": ["acr:10.9.0.2"], "distance": 500,
        "trackingAccuracy": 0, "criteria": "AllWithinDistance", "checkImmediate": False,
    }, positions(0), positions(5_000, 0)),
]
TREE = {
    "UserLocationEvent": "user_location_event", "UserLocationPeriodic": "user_location_periodic",
    "ZoneLocationEvent": "zone_location_event", "ZoneStatus": "zone_status", "UserArea": "user_area",
    "UserDistance": "user_distance",
}


def test_location_events(site):
    with FourWays(site) as ways:
        prepare(ways)
        for name, resource, criteria, provoke, before in LOCATION:
            if before:
                before(ways)
            body = {"subscriptionType": name + "Subscription", "clientCorrelator": "1", **criteria}
            topic = f"mec/v1/json/location/subscription/{{}}/{TREE[name]}"
            told = ways.follow(f"/location/v3/subscriptions/{resource}", body, topic, lambda: provoke(ways))
            assert told["notificationType"] == name + "Notification"


def test_registry_events(site):
    app = register(site)
    with FourWays(site) as ways:
        told = ways.follow(
            f"{SVC}/applications/{app}/subscriptions", {"subscriptionType": "SerAvailabilityNotificationSubscription"},
            "mec/v1/json/svc/service_availability/+", lambda: offer(site, app))
        assert told["notificationType"] == "SerAvailabilityNotification"
        assert told["serviceReferences"][0]["changeType"] == "ADDED"
        order = {"operationAction": "STOPPING", "maxGracefulTimeout": 60}
        told = ways.follow(
            f"{APP}/applications/{app}/subscriptions",
            {"subscriptionType": "AppTerminationNotificationSubscription", "appInstanceId": app},
            f"mec/v1/json/app/app_termination/{app}",
            lambda: call(site, "POST", f"{APP}/applications/{app}/terminate", order))
        assert told["notificationType"] == "AppTerminationNotification"
        assert set(told["_links"]) == {"confirmTermination", "subscription"}
