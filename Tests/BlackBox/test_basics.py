"""Connecting, publishing and subscribing with clients of other makers, in every version of MQTT."""

import pytest

from clients import VERSIONS, V5, Client, SubscribeOptions, mosquitto_pub, mosquitto_sub, properties

versions = pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS.keys())


@versions
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_message_arrives_once_with_its_qos(server, version, qos):
    with Client(server, "sub", version) as subscriber, Client(server, "pub", version) as publisher:
        assert subscriber.subscribe("a/+", qos) == [qos]
        assert publisher.publish("a/b", b"hello", qos) in (0, 0x10)
        message = subscriber.receive()
        assert (message.topic, message.payload, message.qos, message.retain) == ("a/b", b"hello", qos, False)
        subscriber.nothing_arrives()


@versions
def test_messages_keep_their_order(server, version):
    count = 500
    with Client(server, "sub", version) as subscriber, Client(server, "pub", version) as publisher:
        subscriber.subscribe("a", 2)
        for number in range(count):
            publisher.publish_unanswered("a", str(number), qos=number % 3)
        got = [subscriber.receive() for _ in range(count)]
        for qos in range(3):
            assert [int(m.payload) for m in got if m.qos == qos] == list(range(qos, count, 3))


@versions
def test_the_lower_qos_of_publisher_and_subscriber_holds(server, version):
    with Client(server, "sub", version) as subscriber, Client(server, "pub", version) as publisher:
        subscriber.subscribe([("a", SubscribeOptions(qos=1)), ("b", SubscribeOptions(qos=2))] if version == V5
                             else [("a", 1), ("b", 2)])
        publisher.publish("a", b"1", 2)
        publisher.publish("b", b"2", 1)
        assert sorted((m.payload, m.qos) for m in [subscriber.receive(), subscriber.receive()]) == [(b"1", 1), (b"2", 1)]


@versions
def test_unsubscribed_means_no_more(server, version):
    with Client(server, "one", version) as client:
        client.subscribe("a/#", 1)
        client.publish("a/b", b"1", 1)
        assert client.receive().payload == b"1"
        codes = client.unsubscribe("a/#")
        if version == V5:
            assert codes == [0]
            assert client.unsubscribe("never") == [0x11]  # No subscription existed
        client.publish("a/b", b"2", 1)
        client.nothing_arrives()


@pytest.mark.parametrize(
    "filter, topic, matches",
    [
        ("#", "a/b/c", True), ("+/b/c", "a/b/c", True), ("a/+/c", "a/b/c", True), ("a/#", "a", True),
        ("a/+", "a", False), ("a/+", "a/b/c", False), ("+", "/a", False), ("/+", "/a", True), ("+/+", "/a", True),
        ("#", "$SYS/x", False), ("+/x", "$other/x", False), ("A", "a", False), ("a//b", "a//b", True),
        ("a/+/b", "a//b", True), ("ä/+", "ä/ö", True),
    ],
)
def test_filters_match_as_section_4_7_says(server, filter, topic, matches):
    with Client(server) as subscriber, Client(server) as publisher:
        subscriber.subscribe(filter, 1)
        publisher.publish(topic, b"x", 1)
        if matches:
            assert subscriber.receive().topic == topic
        subscriber.nothing_arrives()


def test_large_payloads_pass_whole(server):
    payload = bytes(range(256)) * 3_900  # Just below the default of a mebibyte.
    with Client(server) as subscriber, Client(server) as publisher:
        subscriber.subscribe("big", 1)
        assert publisher.publish("big", payload, 1) == 0
        assert subscriber.receive(30).payload == payload


def test_properties_reach_the_subscriber(server):
    with Client(server) as subscriber, Client(server) as publisher:
        subscriber.subscribe("a", 1, properties=properties("SUBSCRIBE", SubscriptionIdentifier=77))
        sent = properties(
            "PUBLISH", PayloadFormatIndicator=1, ContentType="text/plain", ResponseTopic="answers/1",
            CorrelationData=b"\x00\x01", UserProperty=[("k", "1"), ("k", "2")], MessageExpiryInterval=100,
        )
        publisher.publish("a", b"x", 1, properties=sent)
        got = subscriber.receive().properties
        assert got.PayloadFormatIndicator == 1 and got.ContentType == "text/plain"
        assert got.ResponseTopic == "answers/1" and got.CorrelationData == b"\x00\x01"
        assert got.UserProperty == [("k", "1"), ("k", "2")]
        assert 98 <= got.MessageExpiryInterval <= 100
        assert got.SubscriptionIdentifier == [77]


def test_no_local_and_retain_as_published(server):
    with Client(server) as one, Client(server) as two:
        one.subscribe("a", options=SubscribeOptions(qos=1, noLocal=True, retainAsPublished=True))
        one.publish("a", b"own", 1)
        two.publish("a", b"other", 1, retain=True)
        message = one.receive()
        assert (message.payload, message.retain) == (b"other", True)
        one.nothing_arrives()


def test_a_topic_alias_stands_for_its_topic(server):
    with Client(server) as subscriber, Client(server) as publisher:
        assert publisher.connack_properties.TopicAliasMaximum >= 1
        subscriber.subscribe("a/long/topic", 1)
        publisher.publish("a/long/topic", b"1", 1, properties=properties("PUBLISH", TopicAlias=1))
        publisher.publish("", b"2", 1, properties=properties("PUBLISH", TopicAlias=1))
        assert [(m.topic, m.payload) for m in (subscriber.receive(), subscriber.receive())] == [
            ("a/long/topic", b"1"), ("a/long/topic", b"2")]


def test_requests_get_responses(server):
    with Client(server) as server_side, Client(server) as client:
        server_side.subscribe("service", 1)
        client.subscribe("answers/7", 1)
        client.publish("service", b"?", 1, properties=properties("PUBLISH", ResponseTopic="answers/7", CorrelationData=b"c"))
        request = server_side.receive()
        server_side.publish(request.properties.ResponseTopic, b"!", 1,
                            properties=properties("PUBLISH", CorrelationData=request.properties.CorrelationData))
        answer = client.receive()
        assert (answer.payload, answer.properties.CorrelationData) == (b"!", b"c")


@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", ["0", "1", "2"])
def test_mosquitto_clients_need_no_special_case(server, version, qos):
    """[MQTT3-7.0.0-2]: nothing from outside of the standard is needed."""
    mosquitto_pub(server, "-V", version, "-q", qos, "-t", "m/r", "-m", "kept", "-r")
    assert mosquitto_sub(server, "-V", version, "-q", qos, "-t", "m/#", "-v", "-C", "1", "-W", "10") == "m/r kept\n"


def test_an_assigned_identifier_is_told_and_used(server):
    client = Client(server).connect()
    assert client.connack_properties.AssignedClientIdentifier.startswith("weir-")
    client.disconnect()


def test_a_second_client_with_the_same_identifier_takes_over(server):
    first = Client(server, "same").connect()
    second = Client(server, "same").connect()
    code, _ = first.wait_disconnected()
    assert code.value == 0x8E  # Session taken over
    second.nothing_arrives()
    second.disconnect()


def test_sys_topics_tell_about_the_broker(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "mqtt.sysInterval=1s")
    with Client(server) as client:
        client.subscribe("$SYS/#", 0)
        seen = {}
        while seen.get("$SYS/broker/clients/connected") != "1" or "$SYS/broker/version" not in seen:
            message = client.receive()
            seen[message.topic] = message.payload.decode()
        assert seen["$SYS/broker/version"].startswith("weir version ")
