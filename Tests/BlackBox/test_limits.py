"""Hostile and clumsy clients: each is told, or cut off, and nobody else notices."""

import struct
import time

import pytest

from clients import (V5, V311, Client, RawClient, connect_packet, packet, properties, publish_packet, subscribe_packet,
                     text)


@pytest.fixture
def witness(server):
    """Another client, whose messages must still arrive after the test."""
    client = Client(server, "witness").connect()
    client.subscribe("witness", 1)
    yield client
    assert client.publish("witness", b"still here", 1) == 0
    assert client.receive().payload == b"still here"
    client.disconnect()


MALFORMED = {
    "no CONNECT first": (False, publish_packet("a"), None),
    "a type of zero": (True, b"\x00\x00", 0x81),
    "reserved flags of SUBSCRIBE": (True, b"\x80\x06\x00\x01\x00\x00\x01a\x00", 0x81),
    "QoS 3": (True, b"\x36\x06\x00\x01a\x00\x01\x00", 0x81),
    # The first three bytes alone tell more than the listener takes.
    "a length of five bytes": (True, b"\x30\xff\xff\xff\xff\x01", 0x95),
    "a length of five bytes, most of them zero": (True, b"\x30\x80\x80\x80\x80\x01", 0x81),
    "a topic longer than the packet": (True, b"\x30\x04\x00\xffa\x00", 0x81),
    "a topic that is not UTF-8": (True, publish_packet(b"\xff\xfe"), 0x81),
    "U+0000 in a topic": (True, publish_packet("a\0b"), 0x81),
    "a wildcard in a topic": (True, publish_packet("a/#"), 0x90),
    "an unknown property": (True, publish_packet("a", properties=b"\x7f\x00"), 0x81),
    "a property twice": (True, publish_packet("a", properties=b"\x01\x01\x01\x01"), 0x82),
    "a topic alias of zero": (True, publish_packet("a", properties=b"\x23\x00\x00"), 0x94),
    "a topic alias above the maximum": (True, publish_packet("a", properties=b"\x23\xff\xff"), 0x94),
    "an unknown topic alias": (True, publish_packet("", properties=b"\x23\x00\x01"), 0x82),
    "SUBSCRIBE without filters": (True, b"\x82\x03\x00\x01\x00", 0x82),
    "packet identifier zero": (True, publish_packet("a", qos=1, packet_id=0), 0x82),
    "a second CONNECT": (True, connect_packet("raw"), 0x82),
    "a packet of the server": (True, b"\x20\x03\x00\x00\x00", 0x82),
    "a filter that is none": (True, subscribe_packet(1, ("a/#/b", 0)), 0x8F),
}


@pytest.mark.parametrize("connected, data, reason", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_ends_the_connection_with_its_reason(server, witness, connected, data, reason):
    raw = RawClient(server)
    if connected:
        raw.connect()
    raw.send(data)
    if reason is not None:
        kind, body = raw.packet()
        assert kind == 0xE0 and body[0] == reason, body.hex()
    assert raw.closed()


def test_a_packet_over_the_limit_is_refused(start):
    server = start("--listen", "tcp://127.0.0.1:0?max-packet-size=1000")
    raw = RawClient(server)
    body = raw.connect()
    assert b"\x27" + struct.pack("!I", 1000) in body  # Maximum Packet Size is told
    raw.send(publish_packet("a", bytes(2000)))
    kind, body = raw.packet()
    assert (kind, body[0]) == (0xE0, 0x95)
    assert raw.closed()
    with Client(server) as other:
        assert other.publish("a", bytes(900), 1) in (0, 0x10)


def test_a_client_that_never_finishes_connect_is_cut_off(start):
    server = start("--listen", "tcp://127.0.0.1:0?handshake-timeout=1")
    slow = [RawClient(server) for _ in range(20)]
    for raw in slow:
        raw.send(connect_packet()[:5])
    began = time.monotonic()
    for raw in slow:
        assert raw.closed()
    assert time.monotonic() - began < 8
    assert server.metrics()['weir_connections_refused_total{reason="handshake_timeout"}'] == 20


def test_more_connections_than_allowed_are_closed(start):
    server = start("--listen", "tcp://127.0.0.1:0?max-connections=3")
    good = [Client(server).connect() for _ in range(3)]
    assert RawClient(server).closed()
    good.pop().disconnect()
    deadline = time.monotonic() + 5
    while server.metrics()["weir_clients"] > 2:
        assert time.monotonic() < deadline
    good.append(Client(server).connect())
    for client in good:
        client.disconnect()
    assert server.metrics()['weir_connections_refused_total{reason="listener_full"}'] == 1


def test_ten_thousand_filters_are_refused_by_the_quota(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "access.quotas.subscriptions=100")
    with Client(server) as client:
        codes = []
        for base in range(0, 10_000, 500):
            from clients import SubscribeOptions
            codes += client.subscribe([(f"f/{n}", SubscribeOptions(qos=1)) for n in range(base, base + 500)])
        assert codes.count(1) == 100 and codes.count(0x97) == 9_900
        client.publish("f/1", b"x", 1)
        assert client.receive().payload == b"x"


def test_topics_with_thousands_of_levels_are_refused(server, witness):
    deep = "a/" * 5_000
    raw = RawClient(server)
    raw.connect()
    raw.send(subscribe_packet(1, (deep, 0)))
    kind, body = raw.packet()
    assert kind == 0x90 and body[-1] >= 0x80
    raw.send(publish_packet(deep, b"x", 1, 2))
    kind, body = raw.packet()
    assert kind in (0x40, 0xE0) and body[-2 if kind == 0x40 and len(body) > 3 else -1] >= 0x80 or kind == 0xE0


def test_a_subscriber_that_never_reads_is_bounded_and_others_go_on(server, witness):
    deaf = RawClient(server)
    deaf.connect("deaf")
    deaf.send(subscribe_packet(1, ("load/#", 0)))
    assert deaf.packet()[0] == 0x90
    before = server.metrics()["process_resident_memory_bytes"]
    with Client(server) as publisher:
        for _ in range(600):
            publisher.publish("load/x", bytes(100_000), 0)
        publisher.publish("load/x", b"", 1)
        metrics = server.metrics()
        assert metrics['weir_messages_dropped_total{reason="slow_consumer"}'] > 0
        assert metrics["process_resident_memory_bytes"] - before < 48 << 20
    deaf.close()


def test_a_full_queue_drops_the_oldest_and_counts(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "access.quotas.queuedMessages=10")
    kept = properties("CONNECT", SessionExpiryInterval=100)
    keeper = Client(server, "keeper", clean_start=False, properties=kept).connect()
    keeper.subscribe("a", 1)
    keeper.disconnect()
    with Client(server) as publisher:
        for number in range(50):
            publisher.publish("a", str(number), 1)
    keeper = Client(server, "keeper", clean_start=False, properties=kept).connect()
    assert keeper.receive_payloads(10) == [str(n) for n in range(40, 50)]
    keeper.nothing_arrives()
    keeper.disconnect()
    assert server.metrics()['weir_messages_dropped_total{reason="queue_full"}'] == 40


def test_the_receive_maximum_of_a_client_holds(server):
    with Client(server, "slow", properties=properties("CONNECT", ReceiveMaximum=1)) as slow, Client(server) as publisher:
        slow.subscribe("a", 1)
        for number in range(20):
            publisher.publish("a", str(number), 1)
        assert slow.receive_payloads(20) == [str(n) for n in range(20)]


def test_more_unanswered_publishes_than_allowed_end_the_connection(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "mqtt.receiveMaximum=5")
    raw = RawClient(server)
    raw.connect()
    # QoS 2 without PUBREL keeps its place [MQTT-3.3.4-9].
    raw.send(b"".join(publish_packet("a", b"x", 2, number) for number in range(1, 8)))
    kinds = []
    while True:
        kind, body = raw.packet()
        kinds.append(kind)
        if kind == 0xE0:
            assert body[0] == 0x93
            break
    assert kinds.count(0x50) <= 5


def test_an_expired_message_is_not_delivered(server):
    kept = properties("CONNECT", SessionExpiryInterval=100)
    keeper = Client(server, "keeper", clean_start=False, properties=kept).connect()
    keeper.subscribe("a", 1)
    keeper.disconnect()
    with Client(server) as publisher, Client(server) as watcher:
        watcher.subscribe("tick", 1)
        publisher.publish("a", b"short", 1, properties=properties("PUBLISH", MessageExpiryInterval=1))
        publisher.publish("a", b"long", 1, properties=properties("PUBLISH", MessageExpiryInterval=100))
        Client(server, "t", will={"topic": "tick", "qos": 1, "properties": properties("WILLMESSAGE", WillDelayInterval=2)},
               properties=kept).connect().drop()
        watcher.receive()
    keeper = Client(server, "keeper", clean_start=False, properties=kept).connect()
    message = keeper.receive()
    assert message.payload == b"long" and 90 < message.properties.MessageExpiryInterval < 100
    keeper.nothing_arrives()
    keeper.disconnect()


@pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5.0"])
def test_limits_of_the_settings_are_told_or_kept(start, version):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "mqtt.maximumQoS=1", "--set", "mqtt.retainAvailable=false",
                   "--set", "mqtt.sharedSubscriptionAvailable=false", "--set", "mqtt.wildcardSubscriptionAvailable=false",
                   "--set", "mqtt.sysInterval=0s", "--set", "mqtt.keepAliveMaximum=30s")
    client = Client(server, "c", version).connect()
    if version == V5:
        told = client.connack_properties
        assert (told.MaximumQoS, told.RetainAvailable, told.SharedSubscriptionAvailable) == (1, 0, 0)
        assert told.WildcardSubscriptionAvailable == 0 and told.ServerKeepAlive == 30
        assert client.subscribe("$share/g/a", 1) == [0x9E]
        assert client.subscribe("a/#", 1) == [0xA2]
        assert client.subscribe("b", 2) == [1]
        client.publish_unanswered("b", b"x", 2)
        assert client.wait_disconnected()[0].value == 0x9B
    else:
        assert client.subscribe("b", 2) == [1]
        client.disconnect()


def test_a_half_open_connection_is_noticed(server, witness):
    raw = RawClient(server)
    raw.connect("silent", keep_alive=1)
    began = time.monotonic()
    kind, body = raw.packet()
    assert (kind, body[0]) == (0xE0, 0x8D)  # Keep Alive timeout
    assert 1 <= time.monotonic() - began < 5


def test_bytes_one_at_a_time_are_understood(server):
    raw = RawClient(server)
    for byte in connect_packet("drip"):
        raw.send(bytes([byte]))
    assert raw.packet()[0] == 0x20
    for byte in subscribe_packet(1, ("a", 1)) + publish_packet("a", b"hello", 1, 7):
        raw.send(bytes([byte]))
    kinds = {raw.packet()[0] for _ in range(3)}
    assert kinds == {0x90, 0x40, 0x32}
