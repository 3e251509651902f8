"""Who may see and change what over HTTP: subscriptions belong to who made them."""

import base64
import re
import urllib.parse

import pytest

from rest import Callbacks, call
from test_rest import APP, CALLBACKS, LISTEN, SVC
from weir import run


def basic(name):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:secret".encode()).decode()}


ANNE, BERT = basic("anne"), basic("bert")


@pytest.fixture
def guarded(start, tmp_path):
    """A site where anne and bert may do the same things."""
    for name in ("anne", "bert"):
        run("passwd", *(() if name == "bert" else ("-c",)), "-b", tmp_path / "passwd", name, "secret", check=0)
    return start(config=LISTEN + CALLBACKS + f"""services: {{enabled: true}}
http: {{listen: "127.0.0.1:0"}}
radio: {{scenarios: []}}
access: {{allowAnonymous: false, passwordFile: "{tmp_path}/passwd"}}
""")


def bodies(callback, app):
    """One subscription of each API: collection and body."""
    return {
        "rni": ("/rni/v2/subscriptions", {
            "subscriptionType": "CaReconfSubscription", "callbackReference": callback, "filterCriteriaAssoc": {},
        }),
        "location": ("/location/v3/subscriptions/zones", {
            "subscriptionType": "ZoneLocationEventSubscription", "callbackReference": callback, "zoneId": "z",
            "locationEventCriteria": ["ENTERING_AREA_EVENT"],
        }),
        "service_mgmt": (f"{SVC}/applications/{app}/subscriptions", {
            "subscriptionType": "SerAvailabilityNotificationSubscription", "callbackReference": callback,
        }),
        "app_support": (f"{APP}/applications/{app}/subscriptions", {
            "subscriptionType": "AppTerminationNotificationSubscription", "callbackReference": callback,
            "appInstanceId": app,
        }),
    }


def test_a_subscription_is_its_subscribers_own_also_after_kill_9(guarded):
    app = call(guarded, "POST", APP + "/registrations", {"appName": "x"}, ANNE).json["appInstanceId"]
    with Callbacks() as callbacks:
        made = {}
        for name, (collection, body) in bodies(callbacks.url, app).items():
            answer = call(guarded, "POST", collection, body, ANNE)
            assert answer.status == 201, answer.body
            made[name] = urllib.parse.urlsplit(answer.headers["Location"]).path
            # 128 random bits: nobody finds it by counting.
            assert re.fullmatch("[0-9a-f]{32}", made[name].rsplit("/", 1)[1]), made[name]
        assert len({path.rsplit("/", 1)[1] for path in made.values()}) == len(made)
        for attempt in range(2):
            for name, path in made.items():
                collection, body = bodies(callbacks.url, app)[name]
                ident = path.rsplit("/", 1)[1]
                assert call(guarded, "GET", path, headers=ANNE).status == 200, name
                call(guarded, "GET", path, headers=BERT).problem(404, "subscriptionId")
                call(guarded, "DELETE", path, headers=BERT).problem(404, "subscriptionId")
                if name in ("rni", "location"):
                    call(guarded, "PUT", path, body, BERT).problem(404, "subscriptionId")
                assert ident in call(guarded, "GET", collection, headers=ANNE).body.decode(), name
                assert ident not in call(guarded, "GET", collection, headers=BERT).body.decode(), name
            if attempt == 0:
                guarded.kill()
                guarded.restart()
        for name, path in made.items():
            assert call(guarded, "DELETE", path, headers=ANNE).status == 204, name
            call(guarded, "GET", path, headers=ANNE).problem(404)


def test_what_was_made_anonymously_is_everybodys(start):
    server = start(config=LISTEN + CALLBACKS + "services: {enabled: true}\nradio: {scenarios: []}\n")
    app = call(server, "POST", APP + "/registrations", {"appName": "x"}).json["appInstanceId"]
    for name, (collection, body) in bodies("http://127.0.0.1:9/", app).items():
        url = call(server, "POST", collection, body).headers["Location"]
        assert call(server, "GET", url).status == 200, name
        assert call(server, "DELETE", url).status == 204, name
