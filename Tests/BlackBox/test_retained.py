"""Retained messages."""

from clients import Client, SubscribeOptions, properties


def test_a_new_subscriber_gets_the_newest_retained_message_of_each_topic(server):
    with Client(server) as publisher, Client(server) as subscriber:
        publisher.publish("r/1", b"old", 1, retain=True)
        publisher.publish("r/1", b"new", 1, retain=True)
        publisher.publish("r/2", b"two", 1, retain=True)
        publisher.publish("s/1", b"other", 1, retain=True)
        subscriber.subscribe("r/+", 1)
        got = sorted((m.topic, m.payload, m.retain) for m in (subscriber.receive(), subscriber.receive()))
        assert got == [("r/1", b"new", True), ("r/2", b"two", True)]
        subscriber.nothing_arrives()


def test_an_empty_payload_removes_it(server):
    with Client(server) as publisher, Client(server) as subscriber:
        publisher.publish("r", b"x", 1, retain=True)
        publisher.publish("r", b"", 1, retain=True)
        subscriber.subscribe("r", 1)
        subscriber.nothing_arrives()


def test_retain_handling_is_kept(server):
    with Client(server) as publisher, Client(server) as subscriber:
        publisher.publish("r", b"x", 1, retain=True)
        subscriber.subscribe("r", options=SubscribeOptions(qos=1, retainHandling=2))
        subscriber.nothing_arrives()
        # 1: only if the subscription is new, which it is not.
        subscriber.subscribe("r", options=SubscribeOptions(qos=1, retainHandling=1))
        subscriber.nothing_arrives()
        subscriber.subscribe("r", options=SubscribeOptions(qos=1, retainHandling=0))
        assert subscriber.receive().payload == b"x"


def test_it_outlives_a_restart_and_keeps_its_properties(server):
    with Client(server) as publisher:
        publisher.publish("r/a", b"x", 1, retain=True, properties=properties("PUBLISH", UserProperty=("k", "v")))
        publisher.publish("r/gone", b"x", 1, retain=True)
        publisher.publish("r/gone", b"", 1, retain=True)
    assert server.stop() == 0
    server.restart()
    with Client(server) as subscriber:
        subscriber.subscribe("r/#", 1)
        message = subscriber.receive()
        assert (message.topic, message.payload, message.retain) == ("r/a", b"x", True)
        assert message.properties.UserProperty == [("k", "v")]
        subscriber.nothing_arrives()


def test_it_expires(server):
    with Client(server) as publisher, Client(server) as subscriber, Client(server) as watcher:
        watcher.subscribe("tick", 1)
        publisher.publish("r/short", b"x", 1, retain=True, properties=properties("PUBLISH", MessageExpiryInterval=1))
        # The delayed will of a client that goes away is an event two seconds later.
        ticker = Client(server, "ticker", will={"topic": "tick", "qos": 1, "properties": properties(
            "WILLMESSAGE", WillDelayInterval=2)}, properties=properties("CONNECT", SessionExpiryInterval=100)).connect()
        ticker.drop()
        assert watcher.receive().topic == "tick"
        subscriber.subscribe("r/#", 1)
        subscriber.nothing_arrives()


def test_the_last_word_on_a_topic_holds_through_kill_9_whichever_shard_had_it(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "gateway.shards=2")
    clients = [Client(server, f"p{i}").connect() for i in range(6)]
    for turn in range(30):
        for topic in ("a", "b", "c"):
            clients[(turn + ord(topic)) % 6].publish(f"last/{topic}", str(turn).encode(), 1, retain=True)
    clients[3].publish("last/b", b"", 1, retain=True)
    clients[4].publish("last/c", b"", 1, retain=True)
    clients[1].publish("last/c", b"again", 1, retain=True)
    server.kill()
    server.restart()
    with Client(server) as subscriber:
        subscriber.subscribe("last/#", 1)
        found = {message.topic: message.payload for message in (subscriber.receive(), subscriber.receive())}
        assert found == {"last/a": b"29", "last/c": b"again"}
        subscriber.nothing_arrives()
