"""Sessions that outlive their connection, and their process."""

import time

import pytest

from clients import V5, VERSIONS, V31, V311, Client, properties

persistent = pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS.keys())


def session_client(server, version=V5, client_id="keeper", expiry=3600, clean=False):
    if version == V5:
        return Client(server, client_id, version, clean_start=clean,
                      properties=properties("CONNECT", SessionExpiryInterval=expiry))
    return Client(server, client_id, version, clean_session=clean)


def in_order(client, count):
    """Takes `count` numbers, each once; those of one QoS in their order (a QoS 2 message is only taken with PUBREL)."""
    got = [client.receive() for _ in range(count)]
    assert sorted(int(m.payload) for m in got) == list(range(count))
    for qos in (1, 2):
        numbers = [int(m.payload) for m in got if m.qos == qos]
        assert numbers == sorted(numbers)


@persistent
@pytest.mark.parametrize("how", ["disconnect", "drop"])
def test_messages_wait_for_a_client_that_is_away(server, version, how):
    keeper = session_client(server, version).connect()
    assert not keeper.session_present
    keeper.subscribe("a", 2)
    getattr(keeper, how)()
    with Client(server, "pub") as publisher:
        for number in range(20):
            publisher.publish("a", str(number), 1 + number % 2)
        publisher.publish("a", b"lost", 0)
    keeper = session_client(server, version).connect()
    assert keeper.session_present or version == V31
    in_order(keeper, 20)
    keeper.nothing_arrives()
    keeper.disconnect()


@pytest.mark.parametrize("signal", ["stop", "kill"])
def test_what_was_acknowledged_survives_the_process(server, signal):
    keeper = session_client(server).connect()
    keeper.subscribe("a/#", 2)
    keeper.disconnect()
    with Client(server, "pub") as publisher:
        for number in range(50):
            publisher.publish("a/b", str(number), 1 + number % 2)
    getattr(server, signal)()
    server.restart()
    keeper = session_client(server).connect()
    assert keeper.session_present
    in_order(keeper, 50)
    with Client(server, "pub") as publisher:
        publisher.publish("a/c", b"new", 1)
    assert keeper.receive().payload == b"new"
    keeper.nothing_arrives()
    keeper.disconnect()


def test_a_clean_start_forgets(server):
    keeper = session_client(server).connect()
    keeper.subscribe("a", 1)
    keeper.disconnect()
    with Client(server) as publisher:
        publisher.publish("a", b"x", 1)
    again = session_client(server, clean=True).connect()
    assert not again.session_present
    again.nothing_arrives()
    again.disconnect()


def test_a_session_ends_after_its_expiry(server):
    keeper = session_client(server, expiry=1).connect()
    keeper.subscribe("a", 1)
    keeper.drop()
    deadline = time.monotonic() + 15
    while server.metrics()["weir_sessions_expired_total"] < 1:
        assert time.monotonic() < deadline, "the session did not expire"
    again = session_client(server, expiry=1).connect()
    assert not again.session_present
    again.disconnect()


def test_the_expiry_can_be_changed_by_disconnect(server):
    keeper = session_client(server, expiry=0).connect()
    keeper.disconnect()
    keeper = session_client(server, expiry=3600).connect()
    keeper.disconnect(properties=properties("DISCONNECT", SessionExpiryInterval=0))
    again = session_client(server).connect()
    assert not again.session_present
    again.disconnect()


def test_unacknowledged_messages_are_sent_again_with_dup(server):
    keeper = session_client(server, V311).connect()
    keeper.subscribe("a", 1)
    # paho acknowledges after on_message returns: a client that dies in it has not acknowledged.
    keeper.paho.on_message = lambda c, u, m: (keeper.messages.put(m), keeper.paho.socket().close())
    with Client(server) as publisher:
        publisher.publish("a", b"x", 1)
    assert keeper.receive().dup is False
    keeper.paho.loop_stop()
    again = session_client(server, V311).connect()
    message = again.receive()
    assert (message.payload, message.dup) == (b"x", True)
    again.disconnect()


def test_the_session_expiry_is_bounded_by_the_settings(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "mqtt.sessionExpiryMaximum=1h")
    keeper = session_client(server, expiry=0xFFFFFFFF).connect()
    assert keeper.connack_properties.SessionExpiryInterval == 3600
    keeper.disconnect()
