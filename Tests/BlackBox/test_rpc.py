"""The bus over gRPC, as stock clients see it."""

import json
import pathlib
import signal
import subprocess
import sys
import time

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from certificates import Authority
from clients import Client, properties
from cloud import Collector, Mosquitto, free_port
from rpc import Rpc, basic
from weir import clean_environment, run, weir_binary

STREAM = """
rpc: {listen: "127.0.0.1:0"}
listeners: [{url: "tcp://127.0.0.1:0"}]
streams:
  - name: plant
    filters: ["plant/#"]
"""


ARGUMENTS = ["--listen", "tcp://127.0.0.1:0", "--set", "rpc.listen=127.0.0.1:0"]


@pytest.fixture
def plain(start):
    return start(*ARGUMENTS)


@pytest.fixture
def kept(start):
    return start(config=STREAM)


def reason(error):
    """Code, reason and metadata of a refused call."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info) and info.domain == "weir"
    return error.code(), info.reason, dict(info.metadata)


def refused(body):
    with pytest.raises(grpc.RpcError) as caught:
        body()
    return reason(caught.value)


def ended(sub):
    """Why a subscription ends; what comes before is passed over."""
    with pytest.raises(grpc.RpcError) as caught:
        while True:
            sub.message()
    return reason(caught.value)


# -- both ways


def test_published_over_mqtt_received_over_grpc_with_its_properties(plain):
    with Rpc(plain) as rpc, Client(plain) as device:
        sub = rpc.subscribe("plant/+/temperature")
        sub.next("caught_up")
        before = time.time_ns()
        device.publish("plant/7/temperature", b"21.5", 1, properties=properties(
            "PUBLISH", ContentType="text/plain", ResponseTopic="answers/7", CorrelationData=b"\x01\x02",
            MessageExpiryInterval=60, PayloadFormatIndicator=1,
            UserProperty=[("id", "e1"), ("type", "t"), ("time", "2026-01-02T03:04:05.5Z"), ("a", "1"), ("a", "2"),
                  ("traceparent", "00-1-2-01"), ("source", "gauge"), ("id", "again")]))
        event = sub.event()
        assert (event.topic, event.payload, event.qos) == ("plant/7/temperature", b"21.5", 1)
        assert (event.content_type, event.response_topic, event.correlation_data) == (
            "text/plain", "answers/7", b"\x01\x02")
        assert (event.id, event.type, event.source, event.trace_parent) == ("e1", "t", "gauge", "00-1-2-01")
        assert event.event_time_unix_nanos == 1767323045_500_000_000
        assert [(h.name, h.value) for h in event.headers] == [("a", "1"), ("a", "2"), ("id", "again")]
        assert event.payload_is_utf8 and 0 < event.expiry_interval_seconds <= 60
        assert before <= event.ingest_time_unix_nanos <= time.time_ns()
        assert not event.retain and not event.history


def test_published_over_grpc_received_over_mqtt_with_its_properties(plain):
    with Rpc(plain) as rpc, Client(plain) as device:
        device.subscribe("plant/#", qos=2)
        [result] = rpc.publish(rpc.event(
            "plant/7/set", b"22", qos=1, content_type="text/plain", response_topic="answers/7",
            correlation_data=b"\x03", expiry_interval_seconds=60, id="e2", type="set",
            event_time_unix_nanos=1767323045_500_000_000, headers=[rpc.events.Header(name="a", value="1")],
        ))
        assert not result.HasField("error")
        message = device.receive()
        assert (message.topic, message.payload, message.qos) == ("plant/7/set", b"22", 1)
        found = message.properties
        assert found.ContentType == "text/plain" and found.ResponseTopic == "answers/7"
        assert found.CorrelationData == b"\x03" and found.MessageExpiryInterval <= 60
        assert found.UserProperty == [
            ("id", "e2"), ("type", "set"), ("time", "2026-01-02T03:04:05.5Z"), ("a", "1")]


def test_a_request_over_mqtt_is_answered_from_grpc(plain):
    with Rpc(plain) as rpc, Client(plain) as device:
        sub = rpc.subscribe("ask/#")
        sub.next("caught_up")
        device.subscribe("answers/7", qos=1)
        device.publish("ask/height", b"?", 1, properties=properties(
            "PUBLISH", ResponseTopic="answers/7", CorrelationData=b"42"))
        question = sub.event()
        rpc.publish(rpc.event(question.response_topic, b"12 m", qos=1, correlation_data=question.correlation_data))
        answer = device.receive()
        assert (answer.payload, answer.properties.CorrelationData) == (b"12 m", b"42")


def test_order_is_kept_from_one_publisher_to_each_subscriber(plain):
    with Rpc(plain) as rpc:
        subs = [rpc.subscribe("n", credit=5_000) for _ in range(3)]
        for sub in subs:
            sub.next("caught_up")
        for start in range(0, 5_000, 500):
            rpc.publish(*[rpc.event("n", b"%d" % i) for i in range(start, start + 500)])
        for sub in subs:
            assert [int(e.payload) for e in sub.take(5_000)] == list(range(5_000))


# -- credit


def test_nothing_is_sent_beyond_the_credit(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n", credit=3, heartbeat_interval_seconds=1)
        sub.next("caught_up")
        rpc.publish(*[rpc.event("n", b"%d" % i) for i in range(10)])
        assert [e.payload for e in sub.take(3)] == [b"0", b"1", b"2"]
        # What comes next is no event, and tells how many wait.
        beat = sub.next("heartbeat")
        assert beat.waiting_events == 7 and beat.credit.events == 0
        sub.grant(events=2)
        assert [e.payload for e in sub.take(2)] == [b"3", b"4"]
        assert sub.next("heartbeat").waiting_events == 5


def test_credit_in_bytes_holds_an_event_back_until_it_fits(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n", credit=100, credit_bytes=600, heartbeat_interval_seconds=1)
        sub.next("caught_up")
        rpc.publish(rpc.event("n", b"a" * 400), rpc.event("n", b"b" * 400))
        assert sub.event().payload == b"a" * 400
        beat = sub.next("heartbeat")
        assert beat.waiting_events == 1 and 0 < beat.credit.bytes < 200
        sub.grant(bytes=400)
        assert sub.event().payload == b"b" * 400


def test_pause_and_resume(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n", heartbeat_interval_seconds=1)
        sub.next("caught_up")
        sub.send(pause=rpc.bus.SubscribeRequest.Pause())
        # A grant behind the pause is seen in a heartbeat: then the pause has been taken up, too.
        sub.grant(events=1)
        while sub.next("heartbeat").credit.events != 1_001:
            pass
        rpc.publish(rpc.event("n", b"1"))
        assert sub.next("heartbeat").waiting_events == 1
        sub.send(resume=rpc.bus.SubscribeRequest.Resume())
        assert sub.event().payload == b"1"


def test_a_client_that_ends_its_side_gets_what_it_allowed_and_the_end(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n", credit=2)
        sub.next("caught_up")
        sub.requests.put(None)
        rpc.publish(*[rpc.event("n", b"%d" % i) for i in range(5)])
        assert [e.payload for e in sub.take(2)] == [b"0", b"1"]
        with pytest.raises(StopIteration):
            sub.message()


def test_a_slow_reader_loses_the_oldest_and_is_told(start):
    with Rpc(start(*ARGUMENTS, "--set", "rpc.maximumWaitingBytes=64KiB")) as rpc:
        sub = rpc.subscribe("n", credit=1)
        sub.next("caught_up")
        for start in range(0, 2_000, 500):
            rpc.publish(*[rpc.event("n", b"%06d" % i + b"x" * 100) for i in range(start, start + 500)])
        first = sub.event()
        sub.grant(events=10_000)
        gap = sub.next("gap")
        assert gap.reason == rpc.bus.SubscribeResponse.Gap.REASON_OVERFLOW
        event = sub.event()
        assert int(event.payload[:6]) == int(first.payload[:6]) + 1 + gap.count


# -- what there is now


def test_retained_events_come_first_and_are_history(plain):
    with Rpc(plain) as rpc:
        rpc.publish(rpc.event("state/a", b"1", retain=True), rpc.event("state/b", b"2", retain=True))
        latest = rpc.call("GetLatest", rpc.bus.GetLatestRequest(filters=["state/+", "state/a"]))
        assert {(e.topic, e.payload, e.retain) for e in latest.events} == {
            ("state/a", b"1", True), ("state/b", b"2", True)}
        sub = rpc.subscribe("state/#", start=rpc.start("POSITION_LAST_PER_TOPIC"))
        found = sub.take(2)
        assert {e.topic for e in found} == {"state/a", "state/b"} and all(e.history and e.retain for e in found)
        sub.next("caught_up")
        rpc.publish(rpc.event("state/a", b"3", retain=True))
        event = sub.event()
        assert event.payload == b"3" and not event.history and not event.retain


def test_conflation_keeps_the_newest_of_each_topic(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n/#", credit=0, overflow="OVERFLOW_CONFLATE", heartbeat_interval_seconds=1)
        rpc.publish(*[rpc.event(f"n/{i % 2}", b"%d" % i) for i in range(10)])
        while sub.next("heartbeat").waiting_events != 2:
            pass
        sub.grant(events=10)
        assert [(e.topic, e.payload) for e in sub.take(2)] == [("n/0", b"8"), ("n/1", b"9")]
        assert sub.next("gap").count == 8


def test_the_minimum_interval_lets_only_the_newest_through(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n", minimum_interval_ms=300)
        sub.next("caught_up")
        rpc.publish(rpc.event("n", b"first"))
        assert sub.event().payload == b"first"
        began = time.monotonic()
        rpc.publish(rpc.event("n", b"second"), rpc.event("n", b"third"))
        assert sub.event().payload == b"third"
        assert time.monotonic() - began > 0.2


def test_a_group_shares(plain):
    with Rpc(plain) as rpc:
        subs = [rpc.subscribe("work", group="g", credit=100, heartbeat_interval_seconds=1) for _ in range(2)]
        for sub in subs:
            sub.next("caught_up")
        rpc.publish(*[rpc.event("work", b"%d" % i) for i in range(20)])
        found = []
        for sub in subs:
            while True:
                message = sub.message()
                if message.WhichOneof("response") == "heartbeat":
                    break
                found += [int(e.payload) for e in message.batch.events]
        assert sorted(found) == list(range(20))


# -- streams


def test_a_cursor_resumes_across_kill_nine(kept):
    with Rpc(kept) as rpc:
        sub = rpc.subscribe("plant/#")
        assert sub.opened.stream == "plant"
        results = rpc.publish(*[rpc.event("plant/n", b"%d" % i, qos=1) for i in range(100)])
        events = sub.take(50)
        assert [e.cursor for e in events] == [r.cursor for r in results[:50]]
        cursor = events[-1].cursor
    kept.kill()
    kept.restart()
    with Rpc(kept) as rpc:
        sub = rpc.subscribe("plant/#", start=rpc.start(after=cursor))
        events = sub.take(50)
        assert [int(e.payload) for e in events] == list(range(50, 100))
        assert all(e.history for e in events)
        sub.next("caught_up")
        rpc.publish(rpc.event("plant/n", b"100"))
        event = sub.event()
        assert event.payload == b"100" and not event.history


def test_replay_from_the_beginning_and_from_a_time(kept):
    with Rpc(kept) as rpc, Client(kept, "gauge-1") as device:
        device.publish("plant/a", b"old", qos=1)
        rpc.publish(rpc.event("plant/b", b"old"))
        [first] = rpc.call("Fetch", rpc.bus.FetchRequest(
            filters=["plant/a"], start=rpc.start("POSITION_EARLIEST"), max_events=10)).events
        assert first.source == "gauge-1"
        between = time.time_ns()
        device.publish("plant/a", b"new", qos=1)
        early = rpc.subscribe("plant/a", start=rpc.start("POSITION_EARLIEST"))
        assert [e.payload for e in early.take(2)] == [b"old", b"new"]
        late = rpc.subscribe("plant/#", start=rpc.start(time=between))
        assert late.event().payload == b"new"


def test_fetch_goes_on_from_its_cursor(kept):
    with Rpc(kept) as rpc:
        rpc.publish(*[rpc.event("plant/n", b"%d" % i) for i in range(25)])
        found, start = [], rpc.start("POSITION_EARLIEST")
        while True:
            answer = rpc.call("Fetch", rpc.bus.FetchRequest(filters=["plant/#"], start=start, max_events=10))
            found += [int(e.payload) for e in answer.events]
            start = rpc.start(after=answer.cursor)
            if answer.caught_up:
                break
        assert found == list(range(25))
        # The place behind the last event is kept, and the next one is not passed over.
        rpc.publish(rpc.event("plant/n", b"25"))
        answer = rpc.call("Fetch", rpc.bus.FetchRequest(filters=["plant/#"], start=start, wait_ms=5_000))
        assert [e.payload for e in answer.events] == [b"25"]


def test_a_cursor_of_another_stream_and_one_without_a_stream_are_refused(kept):
    with Rpc(kept) as rpc:
        other = rpc.events.Cursor(stream=99, position=1)
        code, why, info = refused(lambda: rpc.subscribe("plant/#", start=rpc.start(after=other)))
        assert (code, why) == (grpc.StatusCode.FAILED_PRECONDITION, "CURSOR_OF_ANOTHER_STREAM")
        assert info["cursor_stream"] == "99"
        code, why, info = refused(lambda: rpc.subscribe("x/#", start=rpc.start("POSITION_EARLIEST")))
        assert (code, why, info) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_STREAM", {"filters": "x/#"})


def test_a_cursor_that_is_too_old_is_refused_with_the_oldest(start):
    with Rpc(start(config=STREAM + "    maximumBytes: 1MiB\n")) as rpc:
        [first] = rpc.publish(rpc.event("plant/n", b"first"))
        for _ in range(30):
            rpc.publish(*[rpc.event("plant/n", b"x" * 10_000) for _ in range(10)])
        code, why, info = refused(lambda: rpc.subscribe("plant/#", start=rpc.start(after=first.cursor)))
        assert (code, why) == (grpc.StatusCode.OUT_OF_RANGE, "CURSOR_TOO_OLD")
        assert int(info["oldest_position"]) > first.cursor.position
        oldest = rpc.events.Cursor(stream=first.cursor.stream, position=int(info["oldest_position"]), before=True)
        assert rpc.subscribe("plant/#", start=rpc.start(after=oldest)).event().payload == b"x" * 10_000


# -- durable subscriptions


def test_a_durable_subscription_survives_kill_nine(plain):
    with Rpc(plain) as rpc:
        made = rpc.create("mine", ["work/#"])
        assert made.stream and made.subscribers == 0
        rpc.publish(*[rpc.event("work/n", b"%d" % i, qos=1) for i in range(10)])
        sub = rpc.subscribe(subscription="mine")
        events = sub.take(10)
        assert [int(e.payload) for e in events] == list(range(10))
        sub.ack(events[5].cursor)
        wait_for(lambda: rpc.call("GetSubscription", rpc.bus.GetSubscriptionRequest(name="mine"))
                 .subscription.unacknowledged_events == 4)
        # The cursor is on disk when what was published behind it is acknowledged.
        rpc.publish(rpc.event("work/n", b"10", qos=1))
    plain.kill()
    plain.restart()
    with Rpc(plain) as rpc:
        sub = rpc.subscribe(subscription="mine")
        assert [int(e.payload) for e in sub.take(5)] == [6, 7, 8, 9, 10]
        listed = rpc.call("ListSubscriptions", rpc.bus.ListSubscriptionsRequest()).subscriptions
        assert [s.name for s in listed] == ["mine"] and listed[0].subscribers == 1
        rpc.call("DeleteSubscription", rpc.bus.DeleteSubscriptionRequest(name="mine"))
        assert ended(sub)[1] == "UNKNOWN_SUBSCRIPTION"
        code, why, _ = refused(lambda: rpc.subscribe(subscription="mine"))
        assert (code, why) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_SUBSCRIPTION")


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


def test_what_was_not_acknowledged_comes_again_with_its_count(plain):
    with Rpc(plain) as rpc:
        rpc.create("mine", ["work"])
        rpc.publish(*[rpc.event("work", b"%d" % i) for i in range(3)])
        first = rpc.subscribe(subscription="mine")
        assert [e.redelivery_count for e in first.take(3)] == [0, 0, 0]
        second = rpc.subscribe(subscription="mine")
        assert ended(first)[:2] == (grpc.StatusCode.ABORTED, "TAKEN_OVER")
        assert [(e.payload, e.redelivery_count) for e in second.take(3)] == [(b"0", 1), (b"1", 1), (b"2", 1)]


def test_refused_events_come_again_and_end_as_dead_letters(plain):
    with Rpc(plain) as rpc:
        dead = rpc.subscribe("dead")
        dead.next("caught_up")
        rpc.create("mine", ["work"], max_deliveries=2, dead_letter_topic="dead", shared=True)
        rpc.publish(rpc.event("work", b"bad", id="e1"), rpc.event("work", b"good"))
        sub = rpc.subscribe(subscription="mine")
        bad, good = sub.take(2)
        nack = rpc.bus.SubscribeRequest.Nack
        sub.send(ack=rpc.bus.SubscribeRequest.Ack(events=[good.cursor]))
        sub.send(nack=nack(events=[bad.cursor], delay_ms=200, reason="too bad"))
        began = time.monotonic()
        again = sub.event()
        assert (again.payload, again.redelivery_count) == (b"bad", 1) and time.monotonic() - began > 0.1
        sub.send(nack=nack(events=[again.cursor], reason="still bad"))
        letter = dead.event()
        headers = {h.name: h.value for h in letter.headers}
        assert letter.payload == b"bad" and letter.id == "e1"
        assert headers["weir-dead-letter-topic"] == "work" and headers["weir-dead-letter-reason"] == "still bad"
        assert headers["weir-dead-letter-deliveries"] == "2"
        wait_for(lambda: rpc.call("GetSubscription", rpc.bus.GetSubscriptionRequest(name="mine"))
                 .subscription.unacknowledged_events == 0)


def test_a_shared_durable_subscription_hands_each_event_to_one(plain):
    with Rpc(plain) as rpc:
        rpc.create("mine", ["work"], shared=True)
        subs = [rpc.subscribe(subscription="mine", credit=10) for _ in range(2)]
        rpc.publish(*[rpc.event("work", b"%d" % i) for i in range(20)])
        found = [int(e.payload) for sub in subs for e in sub.take(10)]
        assert sorted(found) == list(range(20))
        # One that leaves gives back what it had.
        subs[0].close()
        subs[1].grant(events=10)
        assert all(e.redelivery_count == 1 for e in subs[1].take(10))


def test_single_acknowledgements_survive_kill_nine(plain):
    with Rpc(plain) as rpc:
        rpc.create("crew", ["work/#"], shared=True)
        rpc.publish(*[rpc.event("work/x", b"%d" % i) for i in range(6)])
        sub = rpc.subscribe(subscription="crew")
        events = sub.take(6)
        done = [events[i].cursor for i in (1, 2, 4)]
        sub.send(ack=rpc.bus.SubscribeRequest.Ack(events=done))

        def waiting():
            request = rpc.bus.GetSubscriptionRequest(name="crew")
            return rpc.call("GetSubscription", request).subscription.unacknowledged_events

        wait_for(lambda: waiting() == 3)
    plain.kill()
    plain.restart()
    with Rpc(plain) as rpc:
        sub = rpc.subscribe(subscription="crew")
        again = sub.take(3)
        assert [e.payload for e in again] == [b"0", b"3", b"5"]
        sub.send(ack=rpc.bus.SubscribeRequest.Ack(events=[e.cursor for e in again]))
        rpc.publish(rpc.event("work/x", b"6"))
        assert sub.event().payload == b"6"
        # Elsewhere, everything is there again.
        rpc.call("SeekSubscription", rpc.bus.SeekSubscriptionRequest(name="crew", to=rpc.start("POSITION_EARLIEST")))
        assert [e.payload for e in sub.take(7)] == [b"%d" % i for i in range(7)]


def test_fetch_of_a_durable_subscription_and_seek(plain):
    with Rpc(plain) as rpc:
        rpc.create("mine", ["work"])
        rpc.publish(*[rpc.event("work", b"%d" % i) for i in range(5)])
        answer = rpc.call("Fetch", rpc.bus.FetchRequest(subscription="mine", max_events=3))
        assert [e.payload for e in answer.events] == [b"0", b"1", b"2"]
        answer = rpc.call("Fetch", rpc.bus.FetchRequest(
            subscription="mine", ack=rpc.bus.SubscribeRequest.Ack(up_to=answer.events[1].cursor)))
        assert [e.payload for e in answer.events] == [b"3", b"4"]
        rpc.call("SeekSubscription", rpc.bus.SeekSubscriptionRequest(
            name="mine", to=rpc.start(after=answer.events[0].cursor)))
        answer = rpc.call("Fetch", rpc.bus.FetchRequest(subscription="mine"))
        assert [e.payload for e in answer.events] == [b"4"]


# -- publishing


def test_a_retry_of_a_producer_publishes_nothing_twice(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n")
        sub.next("caught_up")
        producer = rpc.bus.Producer(id="p", epoch=1, first_sequence=1)
        events = [rpc.event("n", b"%d" % i) for i in range(3)]
        assert [r.duplicate for r in rpc.publish(*events, producer=producer)] == [False] * 3
        again = rpc.publish(*events, rpc.event("n", b"3"), producer=producer)
        assert [r.duplicate for r in again] == [True, True, True, False]
        assert [int(e.payload) for e in sub.take(4)] == [0, 1, 2, 3]
        old = rpc.bus.Producer(id="p", epoch=0, first_sequence=1)
        rpc.publish(rpc.event("n", b"4"), producer=rpc.bus.Producer(id="p", epoch=2, first_sequence=1))
        assert refused(lambda: rpc.publish(events[0], producer=old))[:2] == (
            grpc.StatusCode.ABORTED, "STALE_PRODUCER")


def test_a_retry_after_kill_nine_publishes_nothing_twice(kept):
    def attempt(rpc):
        producer = rpc.bus.Producer(id="p", epoch=7, first_sequence=1)
        return [r.duplicate for r in rpc.publish(*[rpc.event("plant/n", b"%d" % i) for i in range(20)], producer=producer)]

    with Rpc(kept) as rpc:
        assert attempt(rpc) == [False] * 20
    kept.kill()
    kept.restart()
    with Rpc(kept) as rpc:
        assert attempt(rpc) == [True] * 20
        request = rpc.bus.PublishStreamRequest
        producer = rpc.bus.Producer(id="p", epoch=7, first_sequence=21)
        [opened] = rpc.stub.PublishStream(iter([request(open=request.Open(producer=producer))]), timeout=10)
        assert opened.opened.last_sequence == 20
        found = rpc.call("Fetch", rpc.bus.FetchRequest(filters=["plant/#"], start=rpc.start("POSITION_EARLIEST")))
        assert [int(e.payload) for e in found.events] == list(range(20))


def test_publish_stream_acknowledges_and_names_what_it_refuses(plain):
    with Rpc(plain) as rpc:
        sub = rpc.subscribe("n")
        sub.next("caught_up")
        request = rpc.bus.PublishStreamRequest
        batch = rpc.events.EventBatch(events=[rpc.event("n", b"1"), rpc.event("n/#", b"2"), rpc.event("n", b"3")])
        answers = list(rpc.stub.PublishStream(iter([request(open=request.Open()), request(batch=batch)]), timeout=10))
        assert [a.WhichOneof("response") for a in answers] == ["opened", "refused", "acknowledged", "credit"]
        assert answers[1].refused.sequence == 2 and answers[1].refused.error.reason == "BAD_TOPIC"
        assert answers[2].acknowledged.up_to_sequence == 3
        assert [e.payload for e in sub.take(2)] == [b"1", b"3"]


# -- who may do what


RULES = """
user alice
topic read open/#
topic readwrite mine/alice
"""


@pytest.fixture
def guarded(start, tmp_path):
    rules, passwords = tmp_path / "rules", tmp_path / "passwords"
    rules.write_text(RULES)
    run("passwd", "-c", "-b", passwords, "alice", "secret", check=0)
    return start(*ARGUMENTS, "--set", f"access.passwordFile={passwords}", "--set", f"access.rulesFile={rules}",
                 "--set", "access.allowAnonymous=false")


def test_the_same_credentials_and_rules_as_mqtt(guarded):
    with Rpc(guarded) as nobody, Rpc(guarded, basic("alice", "wrong")) as liar:
        assert refused(lambda: nobody.publish(nobody.event("mine/alice")))[0] == grpc.StatusCode.UNAUTHENTICATED
        assert refused(lambda: liar.publish(liar.event("mine/alice")))[0] == grpc.StatusCode.UNAUTHENTICATED
    with Rpc(guarded, basic("alice", "secret")) as alice:
        code, why, info = refused(lambda: alice.subscribe("open/#", "closed/#"))
        assert (code, why) == (grpc.StatusCode.PERMISSION_DENIED, "FILTER_NOT_ALLOWED")
        assert info["filter"] == "closed/#"
        good, bad = alice.publish(alice.event("mine/alice", b"1"), alice.event("open/x"))
        assert not good.HasField("error")
        assert bad.error.code == 7 and bad.error.reason == "TOPIC_NOT_ALLOWED" and "open/x" in bad.error.message
        sub = alice.subscribe("mine/alice")
        sub.next("caught_up")
        alice.publish(alice.event("mine/alice", b"2"))
        assert sub.event().payload == b"2"
        assert refused(lambda: alice.subscribe("a/#/b"))[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_FILTER")


# -- tools


def test_reflection_lists_and_describes(plain):
    with grpc.insecure_channel(plain.ports["rpc"]) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(database.get_services()) == {
            "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "weir.bus.v1.EventBus"}
        file = database.FindFileContainingSymbol("weir.bus.v1.EventBus")
        assert "Subscribe" in [m.name for m in file.service[0].method]
        assert database.FindFileByName("weir/rnis/v1/notifications.proto").package == "weir.rnis.v1"


def test_health_and_the_end(plain):
    with grpc.insecure_channel(plain.ports["rpc"]) as channel, Rpc(plain) as rpc:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == 1
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(health_pb2.HealthCheckRequest(service="no.such"))
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        watch = health.Watch(health_pb2.HealthCheckRequest(service="weir.bus.v1.EventBus"))
        assert next(watch).status == 1
        rpc.create("mine", ["work"])
        report = next(rpc.stub.WatchHealth(rpc.bus.WatchHealthRequest(), timeout=10))
        assert report.status == rpc.bus.WatchHealthResponse.STATUS_SERVING
        assert [s.subscription for s in report.subscriptions] == ["mine"] and len(report.streams) == 1
        sub = rpc.subscribe(subscription="mine")
        plain.signal(signal.SIGTERM)
        code, why, info = ended(sub)
        assert (code, why) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN") and "resume_position" in info
        assert plain.process.wait(20) == 0


def test_the_catalogue_names_topics_and_their_schemas(plain):
    with Rpc(plain) as rpc:
        topics = rpc.call("ListTopics", rpc.bus.ListTopicsRequest(prefix="mec/v1/pb/rni/")).topics
        change = next(t for t in topics if t.message == "weir.rnis.v1.CellChangeNotification")
        schema = rpc.call("GetSchema", rpc.bus.GetSchemaRequest(topic=change.address))
        assert schema.message == "weir.rnis.v1.CellChangeNotification"
        from google.protobuf import descriptor_pb2, descriptor_pool
        pool = descriptor_pool.DescriptorPool()
        for file in schema.file_descriptors:
            pool.Add(descriptor_pb2.FileDescriptorProto.FromString(file))
        assert pool.FindMessageTypeByName(schema.message).fields
        assert refused(lambda: rpc.call("GetSchema", rpc.bus.GetSchemaRequest(topic="no/such")))[1] == "UNKNOWN_TOPIC"


# -- encryption


def test_tls_and_client_certificates(start, tmp_path):
    authority = Authority(tmp_path / "ca")
    site = authority.issue("site", "localhost", "DNS:localhost")
    certificate, key = authority.issue("dev7", "dev7")
    server = start(*ARGUMENTS, "--set", f"rpc.tls.certificateFile={site[0]}", "--set", f"rpc.tls.keyFile={site[1]}",
                   "--set", f"rpc.tls.clientCAFile={authority.certificate}", "--set", "rpc.tls.usernameFrom=commonName")
    target = "localhost:" + server.ports["rpc"].rpartition(":")[2]
    root = authority.certificate.read_bytes()
    credentials = grpc.ssl_channel_credentials(root, key.read_bytes(), certificate.read_bytes())
    with Rpc(server, channel=grpc.secure_channel(target, credentials)) as rpc:
        rpc.create("mine", ["work"])
        listed = rpc.call("ListSubscriptions", rpc.bus.ListSubscriptionsRequest()).subscriptions
        assert [s.owner for s in listed] == ["dev7"]
    with Rpc(server, channel=grpc.secure_channel(target, grpc.ssl_channel_credentials(root))) as rpc:
        with pytest.raises(grpc.RpcError) as caught:
            rpc.publish(rpc.event("n"))
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


# -- examples


def test_the_python_edge_app_adapts_to_the_radio_network(start, tmp_path):
    server = start(*ARGUMENTS, "--set", "services.enabled=true")
    app = pathlib.Path(__file__).resolve().parents[2] / "examples/python-edge-app/run"
    environment = clean_environment({"PYTHON": sys.executable, "BUILD": str(tmp_path / "build")})
    found = subprocess.run(
        [app, "--target", server.ports["rpc"], "--count", "5"],
        env=environment, capture_output=True, text=True, timeout=50,
    )
    assert found.returncode == 0, found.stderr
    terminals = {line.split(":")[0] for line in found.stdout.splitlines()}
    assert len(found.stdout.splitlines()) >= 5 and terminals
    with Rpc(server) as rpc:
        latest = rpc.call("GetLatest", rpc.bus.GetLatestRequest(filters=["app/video/+/bitrate"])).events
        assert {e.topic.split("/")[2] for e in latest} == terminals
        assert all(json.loads(e.payload)["kbps"] in (400, 1500, 4000, 8000) for e in latest)


def test_the_swift_edge_app_adapts_to_cells_and_links(start):
    server = start(*ARGUMENTS, "--set", "services.enabled=true")
    app = weir_binary().with_name("swift-edge-app")
    if not app.exists():
        pytest.skip("swift-edge-app is not built; swift build -c release --product swift-edge-app")

    def follow(count):
        found = subprocess.run(
            [app, "--target", server.ports["rpc"], "--count", str(count)],
            env=clean_environment(), capture_output=True, text=True, timeout=50,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout.splitlines()

    lines = follow(20)
    terminals = {line.split(":")[0] for line in lines}
    assert len(lines) >= 20 and len(terminals) > 1
    with Rpc(server) as rpc:
        latest = rpc.call("GetLatest", rpc.bus.GetLatestRequest(filters=["app/analytics/+/plan"])).events
        plans = {e.topic.split("/")[2]: json.loads(e.payload) for e in latest}
        assert set(plans) == terminals
        assert all(plan["cell"] and plan["width"] in (640, 960, 1280, 1920) for plan in plans.values())
        # What it did not acknowledge waits for it.
        kept = rpc.call("GetSubscription", rpc.bus.GetSubscriptionRequest(name="swift-edge-app")).subscription
        assert kept.acknowledged.position > 0
    assert follow(1)


# -- the way to the cloud


def test_health_tells_the_uplinks_state_and_backlog(start, tmp_path):
    port = free_port()
    server = start(config=f"""
rpc: {{listen: "127.0.0.1:0"}}
listeners: [{{url: "tcp://127.0.0.1:0"}}]
services: {{enabled: false}}
uplink:
  url: mqtt://127.0.0.1:{port}
  site: monaco
  heartbeat: 1s
  backoffShortest: 200ms
  backoffLongest: 1s
  lanes: {{bulk: {{filters: ["plant/#"], linger: 50ms}}}}
""")

    def link(rpc, wanted):
        for report in rpc.stub.WatchHealth(rpc.bus.WatchHealthRequest(interval_seconds=1), timeout=60):
            if report.links and wanted(report.links[0]):
                return report.links[0]

    with Rpc(server) as rpc:
        rpc.publish(*[rpc.event("plant/x", b"1", qos=1) for _ in range(7)])
        away = link(rpc, lambda found: found.backlog_events == 7)
        assert (away.name, away.connected) == ("monaco", False) and away.backlog_bytes > 0
        assert away.state in ("probing", "offline")
        broker = Mosquitto(tmp_path, port=port).start()
        collector = Collector(tmp_path, broker.url, f"sqlite:{tmp_path}/events.sqlite").start()
        try:
            there = link(rpc, lambda found: found.backlog_events == 0 and found.connected)
            assert there.state == "online"
            with subprocess.Popen([weir_binary(), "rpc", "watch", "--target", server.ports["rpc"]],
                                  stdout=subprocess.PIPE, text=True, env=clean_environment()) as shown:
                line = next(line for line in shown.stdout if line.startswith("  link "))
                shown.kill()
            assert line.startswith("  link monaco: online, 0 events")
        finally:
            collector.end()
            broker.end()
