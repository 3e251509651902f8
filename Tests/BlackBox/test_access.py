"""Who may come in, and what they may do."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import time

import pytest

from clients import V5, V311, Client, mosquitto_pub, mosquitto_sub
from weir import run

NOT_AUTHORIZED, BAD_CREDENTIALS = 0x87, 0x86


@pytest.fixture
def passwords(tmp_path):
    file = tmp_path / "passwords"
    run("passwd", "-c", "-b", file, "alice", "secret", check=0)
    run("passwd", "-b", "--scram", file, "bob", "hidden", check=0)
    return file


def secured(start, passwords, *more):
    return start("--listen", "tcp://127.0.0.1:0", "--set", f"access.passwordFile={passwords}",
                 "--set", "access.allowAnonymous=false", *more)


@pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5.0"])
def test_only_the_right_password_opens(start, passwords, version):
    server = secured(start, passwords)
    Client(server, version=version, username="alice", password="secret").connect().disconnect()
    # A password kept for SCRAM is good for plain use too.
    Client(server, version=version, username="bob", password="hidden").connect().disconnect()
    for name, password in [("alice", "wrong"), ("nobody", "secret"), ("alice", "")]:
        refused = Client(server, "c", version, username=name, password=password)
        refused.connect(expect=BAD_CREDENTIALS)
    anonymous = Client(server, "d", version)
    anonymous.connect(expect=NOT_AUTHORIZED)
    assert server.metrics()['weir_connections_refused_total{reason="authentication"}'] >= 3
    assert "secret" not in server.log() and "hidden" not in server.log()


def test_loopback_needs_no_password_by_default(server):
    Client(server).connect().disconnect()


def test_anonymous_can_be_allowed_per_listener(start, passwords):
    server = start("--listen", "tcp://127.0.0.1:0?name=open&anonymous=true",
                   "--listen", "tcp://127.0.0.1:0?name=closed&anonymous=false",
                   "--set", f"access.passwordFile={passwords}")
    Client(port=server.port(0)).connect().disconnect()
    Client(port=server.port(1)).connect(expect=NOT_AUTHORIZED)


@pytest.mark.skipif(not shutil.which("mosquitto_passwd"), reason="mosquitto_passwd is not installed")
def test_mosquittos_own_hashes_and_rules_work(start, tmp_path):
    file = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", file, "alice", "secret"], check=True, timeout=30)
    rules = tmp_path / "acl"
    rules.write_text("user alice\ntopic readwrite site/#\npattern write devices/%c/up\n")
    server = start("--listen", "tcp://127.0.0.1:0", "--set", f"access.passwordFile={file}",
                   "--set", f"access.rulesFile={rules}", "--set", "access.allowAnonymous=false")
    mosquitto_pub(server, "-u", "alice", "-P", "secret", "-t", "site/a", "-m", "x", "-r", "-q", "1")
    assert mosquitto_sub(server, "-u", "alice", "-P", "secret", "-t", "site/#", "-C", "1", "-W", "10") == "x\n"
    with Client(server, "dev1", username="alice", password="secret") as client:
        assert client.publish("devices/dev1/up", b"x", 1) in (0, 0x10)
        assert client.publish("devices/dev2/up", b"x", 1) == NOT_AUTHORIZED
        assert client.publish("elsewhere", b"x", 1) == NOT_AUTHORIZED
        assert client.subscribe("elsewhere") == [NOT_AUTHORIZED]
        assert client.subscribe("site/+") == [0]
    assert server.metrics()['weir_requests_refused_total{reason="publish_not_authorized"}'] == 2


ROLES = """
listeners: [{url: "tcp://127.0.0.1:0"}]
access:
  allowAnonymous: true
  anonymousRoles: [viewer]
  passwordFile: %s
  roles:
    viewer: {rules: ["allow read public/#"]}
    device:
      rules: ["allow write devices/%%c/#", "allow read devices/%%c/#", "deny write devices/%%c/locked"]
      quotas: {subscriptions: 2}
  users:
    alice: {roles: [device]}
"""


def test_roles_of_the_settings_hold(start, passwords):
    server = start(config=ROLES % passwords)
    with Client(server, "d1", username="alice", password="secret") as device, Client(server, "guest") as guest:
        assert device.subscribe("devices/d1/#", 1) == [1]
        assert device.publish("devices/d1/x", b"1", 1) == 0
        assert device.receive().payload == b"1"
        assert device.publish("devices/d1/locked", b"1", 1) == NOT_AUTHORIZED
        assert device.publish("devices/d2/x", b"1", 1) == NOT_AUTHORIZED
        assert guest.subscribe("devices/#") == [NOT_AUTHORIZED]
        assert guest.subscribe("public/#", 1) == [1]
        assert guest.publish("public/x", b"1", 1) == NOT_AUTHORIZED
        # The role's quota.
        assert device.subscribe("devices/d1/a") == [0]
        assert device.subscribe("devices/d1/b") == [0x97]


def token(key, claims):
    def part(value):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    return (signed + b"." + part(hmac.new(key, signed, hashlib.sha256).digest())).decode()


def test_a_token_opens_until_it_expires(start, tmp_path):
    key = b"0123456789abcdef0123456789abcdef"
    (tmp_path / "key").write_bytes(key)
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "access.allowAnonymous=false",
                   "--set", f"access.tokens.keys=[\"secret:{tmp_path}/key\"]", "--set", "access.tokens.leeway=0s")
    now = int(time.time())
    client = Client(server, username="carol", password=token(key, {"sub": "carol", "exp": now + 3})).connect()
    code, _ = client.wait_disconnected()
    assert code.value in (0x87, 0xA0)  # Not authorized, or Maximum connect time
    for claims, signed_with, reason in [
        ({"sub": "carol", "exp": now - 10}, key, NOT_AUTHORIZED),
        ({"sub": "carol"}, key, BAD_CREDENTIALS),
        ({"sub": "dave", "exp": now + 60}, key, BAD_CREDENTIALS),
        ({"sub": "carol", "exp": now + 60}, b"another key of the same length!!", BAD_CREDENTIALS),
    ]:
        Client(server, "c", username="carol", password=token(signed_with, claims)).connect(expect=reason)


def test_repeated_failures_slow_the_address_down(start, passwords):
    server = secured(start, passwords, "--set", "access.throttle.freeFailures=2",
                     "--set", "access.throttle.firstDelay=10s")
    for _ in range(3):
        Client(server, "c", username="alice", password="wrong").connect(expect=BAD_CREDENTIALS)
    # Now even the right password has to wait its time: the attempt is not looked at.
    early = Client(server, "c", username="alice", password="secret")
    early.paho.connect(early.host, early.port)
    early.paho.loop_start()
    _, code, _ = early.connack.get(timeout=10)
    early.paho.loop_stop()
    assert code.value in (0x9F, 0x97, 0x89, BAD_CREDENTIALS, NOT_AUTHORIZED), code


def test_the_quota_of_the_publish_rate_slows_and_loses_nothing(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "access.quotas.publishRate=50/s",
                   "--set", "access.quotas.publishBurst=10")
    with Client(server) as subscriber, Client(server) as publisher:
        subscriber.subscribe("a", 1)
        began = time.monotonic()
        for number in range(200):
            publisher.publish_unanswered("a", str(number), 1)
        assert subscriber.receive_payloads(200) == [str(n) for n in range(200)]
        assert time.monotonic() - began >= 1
