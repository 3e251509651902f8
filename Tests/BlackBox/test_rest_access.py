"""Who is let in over HTTP, by which ways, and what they may see: subscriptions belong to who made them."""

import base64
import json
import re
import socket
import subprocess
import urllib.parse

import pytest

from certificates import Authority
from clients import Client
from rest import Callbacks, WebSocket, call
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


def test_a_websocket_carries_only_its_subscribers_notifications(guarded):
    app = call(guarded, "POST", APP + "/registrations", {"appName": "x"}, ANNE).json["appInstanceId"]
    for name, (collection, body) in bodies(None, app).items():
        del body["callbackReference"]
        body["websockNotifConfig"] = {"requestWebsocketUri": True}
        answer = call(guarded, "POST", collection, body, ANNE)
        assert answer.status == 201, answer.body
        url = json.dumps(answer.json).split('"websocketUri": "')[1].split('"')[0]
        for headers in (BERT, {}):
            with WebSocket(url, headers) as stream:
                assert stream.status in (401, 404), name
        with WebSocket(url, ANNE) as stream:
            assert stream.status == 101, name


def test_what_was_made_anonymously_is_everybodys(start):
    server = start(config=LISTEN + CALLBACKS + "services: {enabled: true}\nradio: {scenarios: []}\n")
    app = call(server, "POST", APP + "/registrations", {"appName": "x"}).json["appInstanceId"]
    for name, (collection, body) in bodies("http://127.0.0.1:9/", app).items():
        url = call(server, "POST", collection, body).headers["Location"]
        assert call(server, "GET", url).status == 200, name
        assert call(server, "DELETE", url).status == 204, name


# -- Ways in

@pytest.mark.parametrize("kind", ["HS256", "RS256", "ES256"])
def test_tokens_are_signed_by_the_key_there_is_and_open_every_door(start, tmp_path, kind):
    key = tmp_path / "token.key"
    if kind == "HS256":
        key.write_text("k" * 40)
    else:
        options = ("RSA", "-pkeyopt", "rsa_keygen_bits:2048") if kind == "RS256" else (
            "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        subprocess.run(["openssl", "genpkey", "-algorithm", *options, "-out", key], check=True, capture_output=True)
    run("passwd", "-c", "-b", tmp_path / "passwd", "anne", "secret", check=0)
    server = start(config=LISTEN + f"""services: {{enabled: true}}
radio: {{scenarios: []}}
access: {{allowAnonymous: false, passwordFile: "{tmp_path}/passwd"}}
rest: {{tokenKeyFile: "{key}"}}
""")
    token = json.loads(curl(
        server.ports["http"] + "/oauth2/token", "--user", "anne:secret", "--data", "grant_type=client_credentials"
    ))["access_token"]
    assert json.loads(decoded_part(token, 0))["alg"] == kind
    bearer = {"Authorization": "Bearer " + token}
    assert call(server, "GET", SVC + "/services", headers=bearer).status == 200
    with Client(server, username="anne", password=token) as client:
        client.publish("a", b"b", qos=1)
    # Another claim under the same signature.
    head, claims, signature = token.split(".")
    other = base64.urlsafe_b64encode(decoded_part(token, 1).replace(b"anne", b"bert")).decode().rstrip("=")
    for wrong in (f"{head}.{other}.{signature}", f"{head}.{claims}.{signature[:-8]}AAAAAAAA", f"{head}.{claims}."):
        call(server, "GET", SVC + "/services", headers={"Authorization": "Bearer " + wrong}).problem(401)


def test_a_token_may_be_for_some_apis_and_some_topics(start, tmp_path):
    (tmp_path / "token.key").write_text("k" * 40)
    run("passwd", "-c", "-b", tmp_path / "passwd", "anne", "secret", check=0)
    server = start(config=LISTEN + f"""services: {{enabled: true}}
radio: {{scenarios: []}}
access: {{allowAnonymous: false, passwordFile: "{tmp_path}/passwd"}}
rest: {{tokenKeyFile: "{tmp_path}/token.key"}}
""")

    def token(scope, status=200):
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope}).encode()
        answer = call(server, "POST", "/oauth2/token", form, {
            **ANNE, "Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == status, answer.body
        return answer.json.get("access_token")

    token("publish:a/#/b", 400)
    narrow = token("rni publish:plant/# receive:mec/v1/json/rni/#")
    bearer = {"Authorization": "Bearer " + narrow}
    assert call(server, "GET", "/rni/v2/queries/rab_info", headers=bearer).status == 200
    call(server, "GET", SVC + "/services", headers=bearer).problem(403, "scope")
    with Client(server, username="anne", password=narrow) as client:
        assert client.publish("plant/1", b"x", qos=1) == 0x10
        assert client.publish("other", b"x", qos=1) == 0x87
        assert client.subscribe("plant/#") == [0x87]
        assert client.subscribe("mec/v1/json/rni/#", 1) == [1]
    # The API's own topics are among those that a token must be for.
    elsewhere = {"Authorization": "Bearer " + token("rni receive:plant/#")}
    call(server, "GET", "/rni/v2/queries/rab_info", headers=elsewhere).problem(403, "read")


def decoded_part(token, index):
    part = token.split(".")[index]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def curl(url, *options, check=True):
    """What another maker's client gets."""
    result = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", *map(str, options), url],
                            capture_output=True, text=True)
    assert not check or result.returncode == 0, result.stderr
    return result.stdout if check else result.returncode


def test_a_client_certificate_is_a_way_in(start, tmp_path):
    authority, stranger = Authority(tmp_path / "ca"), Authority(tmp_path / "other", "Another root")
    certificate, key = authority.issue("server", "localhost", "DNS:localhost", "IP:127.0.0.1")
    anne, bert, false = authority.issue("anne", "anne"), authority.issue("bert", "bert"), stranger.issue("anne", "anne")
    (tmp_path / "rules").write_text("user anne\ntopic readwrite #\nuser bert\ntopic read #\n")
    (tmp_path / "key").write_text("k" * 40)
    server = start(config=LISTEN + f"""services: {{enabled: true}}
radio: {{scenarios: []}}
http:
  listen: "127.0.0.1:0"
  certificateFile: "{certificate}"
  keyFile: "{key}"
  clientCertificate: optional
  clientCAFile: "{authority.certificate}"
access: {{rulesFile: "{tmp_path}/rules"}}
rest: {{allowAnonymous: false, usernameFrom: commonName, tokenKeyFile: "{tmp_path}/key"}}
""")
    root = server.ports["http"].replace("http://127.0.0.1", "https://localhost")
    trust = ("--cacert", authority.certificate)
    shown = lambda pair: (*trust, "--cert", pair[0], "--key", pair[1])
    status = ("--output", tmp_path / "body", "--write-out", "%{http_code}")
    assert curl(root + SVC + "/services", *trust, *status) == "401"
    assert curl(root + SVC + "/services", *shown(anne), *status) == "200"
    assert curl(root + SVC + "/services", *shown(bert), *status) == "200"
    registration = ("--json", '{"appName": "camera"}')
    assert curl(root + APP + "/registrations", *shown(anne), *registration, *status) == "201"
    assert curl(root + APP + "/registrations", *shown(bert), *registration, *status) == "403"
    assert json.loads((tmp_path / "body").read_text())["status"] == 403
    # A certificate of somebody else's authority is turned away before HTTP.
    assert curl(root + SVC + "/services", *shown(false), check=False) != 0
    # RFC 8705: a token for who has shown a certificate.
    answer = json.loads(curl(root + "/oauth2/token", *shown(anne), "--data", "grant_type=client_credentials"))
    bearer = ("--header", "Authorization: Bearer " + answer["access_token"])
    assert curl(root + APP + "/registrations", *trust, *bearer, *registration, *status) == "201"
    assert json.loads(decoded_part(answer["access_token"], 1))["sub"] == "anne"


def test_http_can_insist_on_certificates(start, tmp_path):
    authority = Authority(tmp_path / "ca")
    certificate, key = authority.issue("server", "localhost", "DNS:localhost", "IP:127.0.0.1")
    anne = authority.issue("anne", "anne")
    tls = f'http: {{listen: "127.0.0.1:0", certificateFile: "{certificate}", keyFile: "{key}", clientCertificate: required'
    refused = run("check", "--config", write(tmp_path / "bad.yaml", LISTEN + tls + "}\n"), check=78)
    assert "clientCAFile" in refused.stderr
    server = start(config=LISTEN + "services: {enabled: true}\nradio: {scenarios: []}\n"
                   + tls + f', clientCAFile: "{authority.certificate}"}}\n')
    root = server.ports["http"].replace("http://127.0.0.1", "https://localhost")
    assert curl(root + "/healthz", "--cacert", authority.certificate, check=False) != 0
    pair = ("--cacert", authority.certificate, "--cert", anne[0], "--key", anne[1])
    assert "pass" in curl(root + "/healthz", *pair)


def write(path, text):
    path.write_text(text)
    return path


def test_guessing_passwords_over_http_is_slowed_down(guarded):
    wrong = {"Authorization": "Basic " + base64.b64encode(b"anne:guess").decode()}
    statuses = [call(guarded, "GET", SVC + "/services", headers=wrong).status for _ in range(12)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    waiting = call(guarded, "GET", SVC + "/services", headers=ANNE)
    waiting.problem(429, "wait")
    assert int(waiting.headers["Retry-After"]) >= 1


# -- Upgrades

@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(("path", "fields", "status"), [
    ("/healthz", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", 200),
    ("/rni/v2/subscriptions/x/websocket", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", 404),
    # What Java's HTTP client sends with its first request.
    ("/healthz", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n", 200),
    ("/healthz", "Connection: Upgrade\r\nUpgrade: nonsense\r\n", 200),
])
def test_a_request_whose_upgrade_is_not_taken_is_answered_like_any_other(start, later, path, fields, status):
    site = start(config=LISTEN + "services: {enabled: true}\nradio: {scenarios: []}\n")
    place = urllib.parse.urlsplit(site.ports["http"])
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        stream = connection.makefile("rb")
        # Also where it is not the first on its connection.
        for upgrade, expected in (("", 200), (fields, status)) if later else ((fields, status),):
            target = path if upgrade else "/healthz"
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n".encode())
            assert int(stream.readline().split()[1]) == expected
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert stream.read(length)
        assert stream.read() == b"", "the connection stays open, and nobody reads it"
