"""Shared subscriptions."""

from collections import Counter

from clients import Client, SubscribeOptions


def test_each_message_goes_to_one_member_and_all_members_get_some(server):
    members = [Client(server).connect() for _ in range(4)]
    for member in members:
        assert member.subscribe("$share/group/work/#", 1) == [1]
    with Client(server) as other, Client(server) as publisher:
        other.subscribe("$share/second/work/#", 1)
        for number in range(400):
            publisher.publish_unanswered("work/x", str(number), 1)
        assert sorted(map(int, other.receive_payloads(400))) == list(range(400))
    counts, got = Counter(), []
    for index, member in enumerate(members):
        member.nothing_arrives_is_next = True
        member.subscribe("mark", 1)
        member.publish("mark", b"mark", 1)
        while (message := member.receive()).topic != "mark":
            counts[index] += 1
            got.append(int(message.payload))
        member.disconnect()
    assert sorted(got) == list(range(400))
    assert min(counts.values()) >= 60, counts


def test_retained_messages_are_not_sent_to_groups(server):
    with Client(server) as client:
        client.publish("work/r", b"x", 1, retain=True)
        client.subscribe("$share/group/work/#", 1)
        client.nothing_arrives()


def test_what_is_not_allowed_is_refused(server):
    with Client(server) as client:
        # [MQTT-3.8.3-4]: No Local on a shared subscription is a protocol error.
        client.paho.subscribe([("$share/group/a", SubscribeOptions(qos=1, noLocal=True))])
        code, _ = client.wait_disconnected()
        assert code.value == 0x82
