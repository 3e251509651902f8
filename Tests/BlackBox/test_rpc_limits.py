"""The limits of gRPC connections and calls, who is let in, and what each refusal says."""

import itertools
import signal
import ssl
import subprocess
import threading
import time

import grpc
import pytest
from google.protobuf import duration_pb2  # noqa: F401: RetryInfo is made of it
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from certificates import Authority
from cloud import wait_for
from rpc import Rpc, basic
from test_access import token
from test_rpc import ARGUMENTS, STREAM, ended, refused
from weir import clean_environment, run, weir_binary

EXHAUSTED, UNAVAILABLE = grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED


def limited(start, *settings):
    return start(*ARGUMENTS, *[word for setting in settings for word in ("--set", f"rpc.{setting}")])


def details(body):
    """Every detail of a refusal, by type."""
    with pytest.raises(grpc.RpcError) as caught:
        body()
    found = {}
    for detail in rpc_status.from_call(caught.value).details:
        kind = getattr(error_details_pb2, detail.type_url.rpartition(".")[2])()
        assert detail.Unpack(kind)
        found[type(kind).__name__] = kind
    return found


def live(rpc):
    return next(rpc.stub.WatchHealth(rpc.bus.WatchHealthRequest(), metadata=rpc.metadata, timeout=10)).live_subscribers


# -- who is let in


def test_a_token_in_the_metadata_opens_until_it_expires(start, tmp_path):
    key = b"0123456789abcdef0123456789abcdef"
    (tmp_path / "key").write_bytes(key)
    server = start(*ARGUMENTS, "--set", "access.allowAnonymous=false",
                   "--set", f"access.tokens.keys=[\"secret:{tmp_path}/key\"]", "--set", "access.tokens.leeway=0s")
    now = int(time.time())

    def bearer(claims, signed_with=key):
        return [("authorization", "Bearer " + token(signed_with, claims))]

    with Rpc(server, bearer({"sub": "carol", "exp": now + 3})) as rpc:
        rpc.create("mine", ["work"])
        assert [s.owner for s in rpc.call("ListSubscriptions", rpc.bus.ListSubscriptionsRequest()).subscriptions] == [
            "carol"]
        # However seldom the heartbeat.
        code, why, _ = ended(rpc.subscribe("work", heartbeat_interval_seconds=3600))
        assert (code, why) == (UNAUTHENTICATED, "UNAUTHENTICATED") and time.time() < now + 10
        assert refused(lambda: rpc.publish(rpc.event("n")))[0] == UNAUTHENTICATED
    for claims, signed_with in [({"sub": "carol"}, key), ({"sub": "carol", "exp": now + 60}, b"x" * 32)]:
        with Rpc(server, bearer(claims, signed_with)) as rpc:
            assert refused(lambda: rpc.publish(rpc.event("n")))[0] == UNAUTHENTICATED
    with Rpc(server, [("authorization", "Digest abc")]) as rpc:
        assert refused(lambda: rpc.publish(rpc.event("n")))[0] == UNAUTHENTICATED


def test_wrong_passwords_slow_the_address_down(start, tmp_path):
    passwords = tmp_path / "passwords"
    run("passwd", "-c", "-b", passwords, "alice", "secret", check=0)
    server = start(*ARGUMENTS, "--set", f"access.passwordFile={passwords}", "--set", "access.allowAnonymous=false",
                   "--set", "access.throttle.freeFailures=2", "--set", "access.throttle.firstDelay=10s")
    with Rpc(server, basic("alice", "secret")) as alice, Rpc(server, basic("alice", "wrong")) as liar:
        alice.publish(alice.event("n"))
        codes = [refused(lambda: liar.publish(liar.event("n")))[0] for _ in range(4)]
        assert codes[:2] == [UNAUTHENTICATED] * 2 and codes[-1] == EXHAUSTED
        found = details(lambda: alice.publish(alice.event("n")))
        assert found["RetryInfo"].retry_delay.seconds + found["RetryInfo"].retry_delay.nanos > 0


def test_certificates_are_reloaded_without_dropping_a_call(start, tmp_path):
    authority = Authority(tmp_path / "ca")
    certificate, key = authority.issue("site", "localhost", "DNS:localhost")
    server = limited(start, f"tls.certificateFile={certificate}", f"tls.keyFile={key}")
    host, port = "localhost", int(server.ports["rpc"].rpartition(":")[2])
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())

    def channel():
        return grpc.secure_channel(f"{host}:{port}", credentials, [("grpc.use_local_subchannel_pool", 1)])

    with Rpc(server, channel=channel()) as rpc:
        sub = rpc.subscribe("n")
        sub.next("caught_up")
        first = ssl.get_server_certificate((host, port))
        for file, other in zip((certificate, key), authority.issue("next", "localhost", "DNS:localhost")):
            file.write_bytes(other.read_bytes())
        assert ssl.get_server_certificate((host, port)) == first
        server.reload()
        assert ssl.get_server_certificate((host, port)) == certificate.read_text()
        with Rpc(server, channel=channel()) as other:
            other.publish(other.event("n", b"1"))
        # A reload with a broken key changes nothing.
        key.write_text("no key")
        assert "rpc.tls.keyFile" in server.reload(check=1).stdout
        with Rpc(server, channel=channel()) as other:
            other.publish(other.event("n", b"2"))
        assert [e.payload for e in sub.take(2)] == [b"1", b"2"]


# -- connections


def test_an_old_connection_is_asked_to_go_and_its_subscriber_resumes(start):
    server = start("--set", "rpc.maximumConnectionAge=1s", "--set", "rpc.connectionAgeGrace=1s", config=STREAM)
    with Rpc(server) as rpc:
        sub = rpc.subscribe("plant/#", credit=100_000)
        sub.next("caught_up")
        count = 300

        def publish_all():
            # Calls of one request go on: the client makes another connection. One that is under way when a connection's
            # grace is over fails, and nobody knows whether it was heard.
            for number in range(count):
                while True:
                    try:
                        rpc.publish(rpc.event("plant/x", b"%d" % number))
                        break
                    except grpc.RpcError as error:
                        assert error.code() == UNAVAILABLE
                time.sleep(0.01)

        publisher = threading.Thread(target=publish_all)
        publisher.start()
        seen, ends = [], 0
        while not seen or seen[-1].payload != b"%d" % (count - 1):
            try:
                # A call on a connection that is about to go is refused, and begun again.
                sub = sub or rpc.subscribe("plant/#", credit=100_000, start=rpc.start(after=seen[-1].cursor))
                seen.append(sub.event())
            except grpc.RpcError as error:
                assert error.code() == UNAVAILABLE
                ends, sub = ends + 1, None
        publisher.join()
        assert [int(payload) for payload, _ in itertools.groupby(e.payload for e in seen)] == list(range(count))
        assert ends >= 1


def test_a_client_that_asks_too_often_is_sent_away(start):
    server = limited(start, "minimumPingInterval=1h")
    options = [("grpc.keepalive_time_ms", 100), ("grpc.http2.max_pings_without_data", 0),
               ("grpc.keepalive_permit_without_calls", 1)]
    with Rpc(server, channel=grpc.insecure_channel(server.ports["rpc"], options)) as rpc:
        sub = rpc.subscribe("n")
        with pytest.raises(grpc.RpcError) as caught:
            while True:
                sub.message()
        assert caught.value.code() == UNAVAILABLE and "too_many_pings" in caught.value.details()
    # One that does not is not.
    with Rpc(server) as rpc:
        rpc.publish(rpc.event("n"))


def test_a_client_that_vanishes_costs_nothing_after_its_time_out(start):
    server = limited(start, "keepaliveTime=1s", "keepaliveTimeout=500ms")
    with Rpc(server) as rpc:
        rpc.create("work", ["work/#"], shared=True)
        silent = subprocess.Popen(
            [weir_binary(), "rpc", "sub", "--target", server.ports["rpc"], "a/#"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=clean_environment(),
        )
        try:
            wait_for(lambda: live(rpc) == 1, "a subscriber")
            # Stopped, it answers nothing, while its kernel keeps the connection.
            silent.send_signal(signal.SIGSTOP)
            rpc.publish(*[rpc.event("a/b", b"x" * 1000) for _ in range(100)])
            wait_for(lambda: live(rpc) == 0, "the end of its call", timeout=10)
        finally:
            silent.kill()
            silent.wait()
        # One that is there and has nothing to say stays.
        sub = rpc.subscribe("a/#")
        sub.next("caught_up")
        time.sleep(2)
        rpc.publish(rpc.event("a/b", b"1"))
        assert sub.event().payload == b"1"


def test_a_client_that_disconnects_lets_go_at_once(start):
    server = limited(start)
    with Rpc(server) as rpc:
        with Rpc(server, channel=grpc.insecure_channel(
                server.ports["rpc"], [("grpc.use_local_subchannel_pool", 1)])) as other:
            subs = [other.subscribe("a/#") for _ in range(20)]
            assert live(rpc) == len(subs)
        wait_for(lambda: live(rpc) == 0, "the end of its calls", timeout=10)


# -- sizes and numbers


def test_a_message_that_is_too_large_ends_its_call_only(start):
    server = limited(start, "maximumMessageSize=64KiB")
    with Rpc(server) as rpc:
        sub = rpc.subscribe("n")
        sub.next("caught_up")
        with pytest.raises(grpc.RpcError) as caught:
            rpc.publish(rpc.event("n", b"x" * 70_000))
        assert caught.value.code() == EXHAUSTED and "rpc.maximumMessageSize" in caught.value.details()
        # One that is larger by far is not even read.
        with pytest.raises(grpc.RpcError):
            rpc.publish(rpc.event("n", b"x" * 1_000_000))
        rpc.publish(rpc.event("n", b"y" * 60_000))
        assert len(sub.event().payload) == 60_000


def test_calls_beyond_a_connections_streams_wait_their_turn(start):
    server = limited(start, "maximumStreams=2")
    with Rpc(server) as rpc:
        subs = [rpc.subscribe("n") for _ in range(2)]
        with pytest.raises(grpc.RpcError) as caught:
            rpc.stub.Publish(rpc.bus.PublishRequest(events=[rpc.event("n")]), timeout=0.5)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        subs[0].close()
        rpc.publish(rpc.event("n", b"1"))
        subs[1].close()


def test_calls_beyond_the_limit_of_all_are_refused(start):
    server = limited(start, "maximumCalls=2")
    with Rpc(server) as rpc:
        subs = [rpc.subscribe("n") for _ in range(2)]
        found = details(lambda: rpc.publish(rpc.event("n")))
        assert found["ErrorInfo"].reason == "OVER_QUOTA" and found["RetryInfo"].retry_delay.seconds == 1
        subs[0].close()
        def goes():
            try:
                return rpc.publish(rpc.event("n"))
            except grpc.RpcError as error:
                assert error.code() == EXHAUSTED
        wait_for(goes, "room for a call")


# -- what each refusal says


def test_refusals_name_what_is_wrong(start):
    server = start("--set", "rpc.maximumSubscriptions=1", config=STREAM)
    with Rpc(server) as rpc:
        found = details(lambda: rpc.subscribe("plant/#/x"))
        assert found["ErrorInfo"].reason == "BAD_FILTER" and found["ErrorInfo"].metadata["filter"] == "plant/#/x"
        assert found["BadRequest"].field_violations[0].field == "filters"
        found = details(lambda: rpc.subscribe("$share/g/plant/#"))
        assert found["ErrorInfo"].reason == "BAD_FILTER"
        found = details(lambda: rpc.subscribe(*["plant/#"] * 101))
        assert found["BadRequest"].field_violations[0].field == "filters"

        [result] = rpc.publish(rpc.event("plant/x"))
        elsewhere = rpc.events.Cursor(stream=result.cursor.stream + 5, position=result.cursor.position)
        found = details(lambda: rpc.subscribe("plant/#", start=rpc.start(after=elsewhere)))
        assert found["ErrorInfo"].reason == "CURSOR_OF_ANOTHER_STREAM"
        assert dict(found["ErrorInfo"].metadata) == {
            "cursor_stream": str(elsewhere.stream), "stream": str(result.cursor.stream)}
        ahead = rpc.events.Cursor(stream=result.cursor.stream, position=result.cursor.position + (1 << 40))
        found = details(lambda: rpc.subscribe("plant/#", start=rpc.start(after=ahead)))
        assert found["BadRequest"].field_violations[0].field == "cursor.position"
        found = details(lambda: rpc.subscribe("other/#", start=rpc.start("POSITION_EARLIEST")))
        assert found["ErrorInfo"].reason == "NO_STREAM" and found["ErrorInfo"].metadata["filters"] == "other/#"

        for body in (lambda: rpc.subscribe(subscription="none"),
                     lambda: rpc.call("Fetch", rpc.bus.FetchRequest(subscription="none")),
                     lambda: rpc.call("GetSubscription", rpc.bus.GetSubscriptionRequest(name="none")),
                     lambda: rpc.call("DeleteSubscription", rpc.bus.DeleteSubscriptionRequest(name="none"))):
            code, why, info = refused(body)
            assert (code, why, info["subscription"]) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_SUBSCRIPTION", "none")

        rpc.create("one", ["plant/#"])
        # The same again is no mistake.
        rpc.create("one", ["plant/#"])
        assert refused(lambda: rpc.create("one", ["plant/x"]))[:2] == (
            grpc.StatusCode.ALREADY_EXISTS, "SUBSCRIPTION_EXISTS")
        assert refused(lambda: rpc.create("two", ["plant/#"]))[:2] == (EXHAUSTED, "OVER_QUOTA")


def test_the_end_of_the_server_says_where_to_resume(start):
    server = start(config=STREAM)
    with Rpc(server) as rpc:
        sub = rpc.subscribe("plant/#", credit=2)
        sub.next("caught_up")
        rpc.publish(*[rpc.event("plant/x", b"%d" % i) for i in range(5)])
        assert [e.payload for e in sub.take(2)] == [b"0", b"1"]
        server.signal(signal.SIGTERM)
        code, why, info = ended(sub)
        assert (code, why) == (UNAVAILABLE, "SHUTTING_DOWN")
        resume = rpc.events.Cursor(stream=int(info["resume_stream"]), position=int(info["resume_position"]),
                                   before=info["resume_before"] == "true")
    server.process.wait(20)
    server.restart()
    with Rpc(server) as rpc:
        sub = rpc.subscribe("plant/#", start=rpc.start(after=resume))
        assert [e.payload for e in sub.take(3)] == [b"2", b"3", b"4"]
