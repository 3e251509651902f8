"""The cloud broker: how the uplink gets into it, and what the collector publishes there again."""

from certificates import Authority
from clients import Client
from cloud import Ledger, config, free_port, publish, stored, wait_for


def listen(broker):
    client = Client(port=broker.port).connect()
    client.subscribe("weir/v1/event/#", 1)
    return client


def take(client, count, timeout=30):
    """So many messages by lane and sequence, in the order in which they came."""
    got = []
    for _ in range(count):
        message = client.messages.get(timeout=timeout)
        named = dict(message.properties.UserProperty)
        got.append((named["lane"], int(named["sequence"]), message.topic, message.payload))
    return got


def test_what_is_stored_is_published_again_once_and_in_order(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    app = listen(broker)
    collector = cloud.collector(broker, database, arguments=("--republish", "--id", "c1"))
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(300))
    got = take(app, 300)
    assert [sequence for _, sequence, _, _ in got] == list(range(1, 301))
    assert got[0][2] == "weir/v1/event/monaco/plant/a"
    # What came while the collector was away is published when it is back, from where it was.
    noted = "SELECT sequence FROM republish"
    wait_for(lambda: database.rows(noted) == [{"sequence": 300}], "a note of what was published")
    collector.kill()
    publish(server, ledger, "a", range(300, 400))
    collector.start()
    later = [sequence for _, sequence, _, _ in take(app, 100)]
    assert later == list(range(301, 401))
    assert app.messages.empty()
    app.disconnect()


def test_two_collectors_publish_each_event_once(start, cloud):
    broker, database = cloud.broker(), cloud.postgresql()
    app = listen(broker)
    first = cloud.collector(broker, database, name="first", arguments=("--republish",))
    cloud.collector(broker, database, name="second", arguments=("--republish",))
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(400))
    assert [sequence for _, sequence, _, _ in take(app, 400)] == list(range(1, 401))
    # The other one takes the lane over when the claim has run out.
    first.kill()
    publish(server, ledger, "a", range(400, 500))
    # What the dead one had sent and not noted comes again.
    seen = set()
    while len(seen) < 100:
        seen.update(sequence for _, sequence, _, _ in take(app, 1) if sequence > 400)
    assert seen == set(range(401, 501))
    ledger.check(database)
    app.disconnect()


def test_the_past_is_not_published_when_publishing_begins(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    collector = cloud.collector(broker, database)
    server = start(config=config(broker))
    ledger = Ledger()
    publish(server, ledger, "a", range(50))
    wait_for(lambda: stored(database) == 50, "50 events")
    collector.end()
    app = listen(broker)
    cloud.collector(broker, database, name="second", arguments=("--republish",))
    publish(server, ledger, "a", range(50, 60))
    assert [sequence for _, sequence, _, _ in take(app, 10)] == list(range(51, 61))
    app.disconnect()


def test_tls_with_a_client_certificate_and_a_password(start, cloud, tmp_path):
    authority = Authority(tmp_path / "ca")
    certificate, key = authority.issue("broker", "localhost", "DNS:localhost", "IP:127.0.0.1")
    site, site_key = authority.issue("site", "site-7")
    inside = free_port()
    secure = cloud.broker(extra=f"""
cafile {authority.certificate}
certfile {certificate}
keyfile {key}
require_certificate true
use_identity_as_username true
user root
listener {inside} 127.0.0.1
""")
    database = cloud.sqlite()
    cloud.collector(f"mqtt://127.0.0.1:{inside}", database)
    url = f"mqtts://127.0.0.1:{secure.port}"
    access = f"broker: {{caFile: {authority.certificate}, certificateFile: {site}, keyFile: {site_key}}}"
    server = start(config=config(url, extra=access))
    ledger = Ledger()
    publish(server, ledger, "a", range(100))
    wait_for(lambda: stored(database) == 100, "100 events over TLS", log=lambda: server.log() + secure.log())
    ledger.check(database)
    assert "site-7" in secure.log()
    # Without the certificate nobody gets in, and the log says why.
    other = start(config=config(url, site="other", extra=f"broker: {{caFile: {authority.certificate}}}"))
    wait_for(lambda: "error.message" in other.log() and "offline" in other.log(), "a reason", log=other.log)


def test_a_cloud_broker_that_speaks_only_3_1_1(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    server = start(config=config(broker, extra="broker: {version: 3.1.1}"))
    ledger = Ledger()
    publish(server, ledger, "a", range(100))
    wait_for(lambda: stored(database) == 100, "100 events", log=server.log)
    ledger.check(database)
    wait_for(lambda: "(p4" in broker.log() or "p2, c" in broker.log(), "a 3.1.1 client", log=broker.log)
