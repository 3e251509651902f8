"""The ETSI APIs under abuse: limits of size and rate, and callback targets that are slow or dead."""

import json
import socket
import threading
import time
import urllib.parse

import pytest

from rest import Callbacks, call
from test_rest import APP, CALLBACKS, LISTEN, SVC, offer, register
from weir import ROOT, run

QUIET = LISTEN + CALLBACKS + "radio: {scenarios: []}\n"


@pytest.fixture
def site(start):
    return start(config=QUIET + "http: {listen: \"127.0.0.1:0\", maximumHeaderSize: 4KiB, maximumBodySize: 16KiB}\n")


def raw(server, data):
    """The status line of the answer to bytes that no HTTP library would send."""
    place = urllib.parse.urlsplit(server.ports["http"])
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(data)
        return connection.makefile("rb").readline()


@pytest.mark.parametrize(("data", "status"), [
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5_000 + b"\r\n\r\n", b"400"),
    (b"GET /healthz?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A%d: b\r\n" % i for i in range(150)) + b"\r\n", b"400"),
    (b"nonsense\r\n\r\n", b"400"),
])
def test_headers_and_targets_have_a_limit(site, data, status):
    assert raw(site, data).split()[1] == status
    # And nobody else notices.
    assert site.http("/healthz")[0] == 200


def test_queries_have_a_limit(site):
    # Under the header's limit, and still more than any resource takes.
    many = "&".join(["ser_name=a"] * 300)
    call(site, "GET", f"{SVC}/services?{many}").problem(400, "query")
    assert call(site, "GET", f"{SVC}/services?{'&'.join(f'ser_name=s{i}' for i in range(50))}").status == 200


def test_bodies_have_a_limit_whether_their_length_is_told_or_not(site):
    big = json.dumps({"appName": "x" * 20_000}).encode()
    call(site, "POST", APP + "/registrations", big).problem(413, "maximumBodySize")
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [b" " * 4_000] * 5) + b"0\r\n\r\n"
    head = f"POST {APP}/registrations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert raw(site, head + chunked).split()[1] == b"413"
    deep = b'{"appName":"x","appProfile":' + b"[" * 7_000 + b"]" * 7_000 + b"}"
    assert call(site, "POST", APP + "/registrations", deep).status == 400
    assert site.http("/healthz")[0] == 200


def test_a_callback_url_has_a_limit(site):
    app = register(site)
    call(site, "POST", f"{SVC}/applications/{app}/subscriptions", {
        "subscriptionType": "SerAvailabilityNotificationSubscription",
        "callbackReference": "http://127.0.0.1/" + "a" * 3_000,
    }).problem(400, "callbackReference")


class Tarpit:
    """Takes connections and requests, and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.listener.close()
        for connection in self.connections:
            connection.close()


def test_slow_and_dead_callback_targets_cost_others_nothing(start):
    server = start(config=LISTEN + "radio: {scenarios: []}\n"
                   "rest: {callbacks: {allowLoopback: true, timeout: 2s, attempts: 2, firstDelay: 100ms, maximumQueue: 5}}\n")
    app = register(server)
    collection = f"{SVC}/applications/{app}/subscriptions"
    kind = {"subscriptionType": "SerAvailabilityNotificationSubscription"}
    dead = socket.create_server(("127.0.0.1", 0))
    dead_url = f"http://127.0.0.1:{dead.getsockname()[1]}/"
    dead.close()
    with Tarpit() as tarpit, Callbacks() as callbacks:
        # Many of them, so that whoever waits in their stead would be seen.
        for url in [tarpit.url] * 50 + [dead_url] * 50 + [callbacks.url]:
            assert call(server, "POST", collection, {**kind, "callbackReference": url}).status == 201
        began = time.monotonic()
        for i in range(20):
            offer(server, app, name=f"s{i}")
            assert callbacks.next()[1]["serviceReferences"][0]["serName"] == f"s{i}"
        # Not even one time limit has passed, and queries are answered meanwhile.
        assert time.monotonic() - began < 2, "somebody waited for the others"
        assert call(server, "GET", SVC + "/services?ser_name=s1").status == 200
        # What the slow ones could not take is counted, not kept: their queues have an end.
        end = time.monotonic() + 20
        while server.metrics()["weir_notifications_dead_total"] < 50 * (20 - 5 - 1) * 2:
            assert time.monotonic() < end, server.metrics()["weir_notifications_dead_total"]


def test_one_client_s_rate_does_not_cost_another(start):
    server = start(config=LISTEN + "radio: {scenarios: []}\nrest: {requestRate: 20}\n")
    place = urllib.parse.urlsplit(server.ports["http"])

    def status(source):
        with socket.create_connection((place.hostname, place.port), 10, (source, 0)) as connection:
            connection.sendall(f"GET {APP}/timing/current_time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            return connection.makefile("rb").readline().split()[1]

    statuses = [status("127.0.0.1") for _ in range(60)]
    assert statuses[0] == b"200" and b"429" in statuses
    assert status("127.0.0.2") == b"200"


def test_a_location_subscription_tells_of_its_end(site):
    with Callbacks() as callbacks:
        end = int(time.time()) + 2
        answer = call(site, "POST", "/location/v3/subscriptions/zones", {
            "subscriptionType": "ZoneLocationEventSubscription", "callbackReference": callbacks.url, "zoneId": "z",
            "locationEventCriteria": ["ENTERING_AREA_EVENT"], "expiryDeadline": {"seconds": end, "nanoSeconds": 0},
        })
        assert answer.status == 201, answer.body
        body = callbacks.next()[1]
        assert body["notificationType"] == "ExpiryNotification"
        assert body["expiryDeadline"]["seconds"] == end
        assert body["_links"]["subscription"]["href"] == answer.headers["Location"]
        while call(site, "GET", answer.headers["Location"]).status != 404:
            assert time.time() < end + 10


def test_the_page_has_all_documents_and_loads_nothing_from_elsewhere(site):
    page = call(site, "GET", "/")
    text = page.body.decode()
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http://" not in text and "https://" not in text and "src=" not in text
    for path, folder in [(ROOT / "topics", "/asyncapi/"), (ROOT / "protos/weir", "/protos/weir/")]:
        files = [file for file in path.rglob("*") if file.suffix in (".yaml", ".proto")]
        assert files
        for file in files:
            served = folder + str(file.relative_to(path))
            # A file that is new belongs into Sources/CSiteDocuments/documents.c too.
            assert f'href="{served}"' in text, served
            assert call(site, "GET", served).body == file.read_bytes()
    for name in ("app_support", "service_mgmt", "rni", "location", "bwm", "mts"):
        document = call(site, "GET", f"/openapi/{name}.json").json
        prefix = document["servers"][0]["url"]
        assert f'href="/openapi/{name}.json"' in text
        for route, methods in document["paths"].items():
            for method in methods:
                assert f'data-method="{method.upper()}" data-path="{prefix}{route}"' in text


def test_bench_counts_every_notification(site):
    port = urllib.parse.urlsplit(site.ports["http"]).port
    result = run("bench", "rest", "--port", port, "--subscriptions", 20, "--notifications", 200, "--seconds", 1, check=0)
    assert "notifications  200," in result.stdout and "p99" in result.stdout, result.stdout
    # It leaves nothing behind.
    assert [s for s in call(site, "GET", SVC + "/services").json if "bench" in s["serName"]] == []
