"""Will messages."""

from clients import Client, properties


def will(payload=b"gone", **options):
    return {"topic": "wills/a", "payload": payload, "qos": 1, **options}


def test_a_client_that_vanishes_leaves_its_will(server):
    with Client(server) as watcher:
        watcher.subscribe("wills/#", 1)
        Client(server, "mortal", will=will()).connect().drop()
        assert watcher.receive().payload == b"gone"


def test_a_client_that_says_goodbye_leaves_none_unless_it_asks(server):
    with Client(server) as watcher:
        watcher.subscribe("wills/#", 1)
        Client(server, "polite", will=will()).connect().disconnect()
        watcher.nothing_arrives()
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.reasoncodes import ReasonCode
        Client(server, "odd", will=will()).connect().disconnect(
            reasoncode=ReasonCode(PacketTypes.DISCONNECT, identifier=4))
        assert watcher.receive().payload == b"gone"


def test_a_delayed_will_is_withheld_when_the_client_returns(server):
    delayed = will(properties=properties("WILLMESSAGE", WillDelayInterval=2))
    kept = properties("CONNECT", SessionExpiryInterval=100)
    with Client(server) as watcher:
        watcher.subscribe("wills/#", 1)
        Client(server, "back", will=delayed, properties=kept).connect().drop()
        again = Client(server, "back", properties=kept, clean_start=False).connect()
        assert again.session_present
        # Another delayed will, which is not withheld, comes after the time of the first.
        late = {"topic": "wills/late", "payload": b"late", "qos": 1,
                "properties": properties("WILLMESSAGE", WillDelayInterval=3)}
        Client(server, "late", will=late, properties=kept).connect().drop()
        assert watcher.receive().topic == "wills/late"
        again.disconnect()


def test_a_will_can_be_retained(server):
    Client(server, "mortal", will=will(retain=True)).connect().drop()
    with Client(server) as watcher:
        watcher.subscribe("wills/#", 1)
        assert watcher.receive().payload == b"gone"


def test_a_silent_client_is_noticed_by_its_keep_alive(server):
    from clients import RawClient, packet, text

    with Client(server) as watcher:
        watcher.subscribe("wills/#", 1)
        raw = RawClient(server)
        flags = 0x02 | 0x04 | 0x08  # clean start, will, will QoS 1
        raw.send(packet(0x10, text("MQTT") + bytes([4, flags, 0, 1]) + text("silent") + text("wills/raw") + text("late")))
        assert raw.packet()[0] == 0x20
        assert watcher.receive().payload == b"late"
        assert raw.closed()
