"""TLS, pre-shared keys, WebSocket, Unix sockets and the PROXY protocol."""

import os
import shutil
import socket
import ssl
import struct
import subprocess

import pytest

from certificates import Authority
from clients import V5, V311, Client, RawClient, connect_packet, mosquitto_pub, mosquitto_sub, properties
from weir import run


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def site(authority):
    return authority.issue("site", "localhost", "DNS:localhost", "IP:127.0.0.1")


def tls_url(site, scheme="tls", **options):
    query = "&".join(f"{k.replace('_', '-')}={v}" for k, v in options.items())
    return f"{scheme}://127.0.0.1:0?cert={site[0]}&key={site[1]}" + (f"&{query}" if query else "")


# -- TLS


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_tls_carries_mqtt(start, authority, site, version):
    server = start("--listen", tls_url(site))
    context = authority.client_context(maximum=version)
    with Client(server, tls=context) as subscriber, Client(server, tls=context) as publisher:
        assert publisher.paho.socket().version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
        subscriber.subscribe("a", 1)
        payload = os.urandom(300_000)
        assert publisher.publish("a", payload, 1) == 0
        assert subscriber.receive(20).payload == payload


def test_old_tls_and_plain_text_are_turned_away(start, authority, site):
    server = start("--listen", tls_url(site, min_version="1.3"))
    old = authority.client_context(maximum=ssl.TLSVersion.TLSv1_2)
    with pytest.raises(ssl.SSLError):
        old.wrap_socket(socket.create_connection(("127.0.0.1", server.port())))
    raw = RawClient(server)
    raw.send(connect_packet())
    try:
        while raw.socket.recv(100):
            pass
    except ConnectionResetError:
        pass
    with Client(server, tls=authority.client_context()) as client:
        client.nothing_arrives()
    assert server.metrics()['weir_connections_refused_total{reason="tls"}'] == 2


def test_a_client_certificate_is_its_owners_name(start, authority, site, tmp_path):
    rules = tmp_path / "rules"
    rules.write_text("user sensor-7\ntopic readwrite sensors/#\n")
    config = f"""
listeners:
  - url: tls://127.0.0.1:0
    usernameFrom: commonName
    tls: {{certificateFile: {site[0]}, keyFile: {site[1]}, caFile: {authority.certificate}, clientCertificate: required}}
access: {{rulesFile: {rules}}}
"""
    server = start(config=config)
    sensor = authority.issue("sensor", "sensor-7")
    with Client(server, tls=authority.client_context(sensor)) as client:
        assert client.publish("sensors/7", b"x", 1) in (0, 0x10)
        assert client.publish("other", b"x", 1) == 0x87
    # Without a certificate, or with somebody else's, nobody gets as far as MQTT.
    strange = Authority(tmp_path / "other", "Other root")
    for context in [authority.client_context(), authority.client_context(strange.issue("s", "sensor-7"))]:
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            Client(server, tls=context).connect(timeout=3)


def test_certificates_are_reloaded_without_dropping_a_connection(start, authority, site, tmp_path):
    pair = tmp_path / "live.pem", tmp_path / "live.key"
    for source, target in zip(site, pair):
        shutil.copy(source, target)
    server = start("--listen", tls_url(pair))

    def serial():
        with authority.client_context().wrap_socket(socket.create_connection(("127.0.0.1", server.port()))) as s:
            return s.getpeercert()["serialNumber"]

    first = serial()
    with Client(server, tls=authority.client_context()) as client:
        for source, target in zip(authority.issue("second", "localhost", "IP:127.0.0.1"), pair):
            shutil.copy(source, target)
        server.reload()
        assert serial() != first
        client.nothing_arrives()
        # A reload with a broken key changes nothing.
        second = serial()
        pair[1].write_text("not a key")
        assert str(pair[1]) in server.reload(check=1).stdout
        assert serial() == second
        client.nothing_arrives()


def test_a_missing_or_wrong_key_stops_the_start(authority, site, tmp_path):
    other = authority.issue("other", "other")
    for options, told in [
        ({"cert": site[0], "key": tmp_path / "none"}, str(tmp_path / "none")),
        ({"cert": site[0], "key": other[1]}, str(other[1])),
    ]:
        query = "&".join(f"{k}={v}" for k, v in options.items())
        result = run("serve", "--listen", f"tls://127.0.0.1:0?{query}", "--data", tmp_path / "d", "--set",
                     "http.enabled=false", "--set", "rpc.enabled=false", check=78)
        assert told in result.stderr, result.stderr


def test_a_session_is_resumed_by_a_ticket(start, authority, site):
    server = start("--listen", tls_url(site))
    context = authority.client_context(maximum=ssl.TLSVersion.TLSv1_2)

    def handshake(session=None):
        sock = socket.create_connection(("127.0.0.1", server.port()))
        tls = context.wrap_socket(sock, session=session)
        tls.sendall(connect_packet())
        tls.recv(100)
        result = tls.session, tls.session_reused
        tls.close()
        return result

    session, reused = handshake()
    assert not reused
    assert handshake(session)[1]
    assert server.metrics()['weir_tls_handshakes_total{kind="resumed"}'] == 1


def test_pre_shared_keys_open(start, tmp_path):
    keys = tmp_path / "psk"
    keys.write_text("gateway-1:0123456789abcdef0123456789abcdef\n")
    config = f"""
listeners:
  - url: tls://127.0.0.1:0
    usernameFrom: commonName
    tls: {{preSharedKeys: true, preSharedKeyHint: site}}
access: {{preSharedKeyFile: {keys}}}
"""
    server = start(config=config)
    psk = ["--psk-identity", "gateway-1", "--psk"]
    mosquitto_pub(server, *psk, "0123456789abcdef0123456789abcdef", "-t", "a", "-m", "x", "-r", "-q", "1")
    assert mosquitto_sub(server, *psk, "0123456789abcdef0123456789abcdef", "-t", "a", "-C", "1", "-W", "10") == "x\n"
    wrong = subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(server.port()), *psk, "00ff", "-t", "a", "-m", "x"],
                           capture_output=True, timeout=20)
    assert wrong.returncode != 0


# -- WebSocket


@pytest.mark.parametrize("version", [V311, V5], ids=["3.1.1", "5.0"])
def test_websocket_carries_mqtt(start, version):
    server = start("--listen", "ws://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0")
    with Client(server, version=version, transport="websockets") as web, Client(port=server.port(1)) as plain:
        web.subscribe("a", 1)
        payload = os.urandom(200_000)
        plain.publish("a", payload, 1)
        assert web.receive(20).payload == payload
        plain.subscribe("b", 1)
        web.publish("b", payload, 1)
        assert plain.receive(20).payload == payload


def test_websocket_over_tls(start, authority, site):
    server = start("--listen", tls_url(site, "wss"))
    with Client(server, transport="websockets", tls=authority.client_context()) as client:
        client.subscribe("a", 1)
        client.publish("a", b"x", 1)
        assert client.receive().payload == b"x"


def http(server, lines):
    raw = RawClient(server)
    raw.send("\r\n".join(lines).encode() + b"\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = raw.socket.recv(4096)
        if not more:
            break
        answer += more
    return answer.decode().split("\r\n")


UPGRADE = ["Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13"]


def test_the_websocket_handshake_is_rfc_6455s(start):
    server = start("--listen", "ws://127.0.0.1:0/mqtt?origin=https://good.example")
    good = http(server, ["GET /mqtt HTTP/1.1", *UPGRADE, "Sec-WebSocket-Protocol: mqtt", "Origin: https://good.example"])
    assert good[0].startswith("HTTP/1.1 101 ")
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in good
    assert "Sec-WebSocket-Protocol: mqtt" in good
    bad = http(server, ["GET /mqtt HTTP/1.1", *UPGRADE, "Sec-WebSocket-Protocol: mqtt", "Origin: https://bad.example"])
    assert bad[0].startswith("HTTP/1.1 403 ")
    assert http(server, ["GET /other HTTP/1.1", *UPGRADE, "Sec-WebSocket-Protocol: mqtt"])[0].startswith("HTTP/1.1 404 ")
    assert http(server, ["GET / HTTP/1.1", "Host: a"])[0].startswith("HTTP/1.1 4")


# -- Unix sockets


def test_a_unix_socket_carries_mqtt_and_has_its_mode(start, tmp_path):
    path = tmp_path / "weir.sock"
    server = start("--listen", f"unix://{path}?mode=0600", "--listen", "tcp://127.0.0.1:0")
    assert path.stat().st_mode & 0o777 == 0o600
    raw = RawClient(path=str(path))
    raw.connect()
    raw.close()
    # A socket left behind by a process that was killed is no obstacle.
    server.kill()
    assert path.exists()
    server.restart()
    raw = RawClient(path=str(path))
    raw.connect()


# -- PROXY protocol


def proxy_v2(source="203.0.113.9", command=1):
    addresses = socket.inet_aton(source) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 40_000, 1_883)
    return b"\r\n\r\n\x00\r\nQUIT\n" + bytes([0x20 | command, 0x11]) + struct.pack("!H", len(addresses)) + addresses


def test_the_proxy_header_tells_who_the_client_is(start):
    server = start("--listen", "tcp://127.0.0.1:0?proxy=v2&anonymous=true", "--log-level", "debug")
    raw = RawClient(server)
    # One byte at a time: the header may come in pieces.
    for byte in proxy_v2() + connect_packet():
        raw.send(bytes([byte]))
    assert raw.packet()[0] == 0x20
    server.wait_for_log("203.0.113.9")
    # LOCAL: the proxy speaks for itself.
    local = RawClient(server)
    local.send(proxy_v2(command=0) + connect_packet("local"))
    assert local.packet()[0] == 0x20


def test_a_proxied_client_is_not_on_loopback(start):
    server = start("--listen", "tcp://127.0.0.1:0?proxy=v2")
    raw = RawClient(server)
    raw.send(proxy_v2() + connect_packet())
    kind, body = raw.packet()
    assert (kind, body[1]) == (0x20, 0x87)


def test_without_its_header_a_connection_is_refused(start):
    server = start("--listen", "tcp://127.0.0.1:0?proxy=v2")
    raw = RawClient(server)
    raw.send(connect_packet())
    assert raw.closed()
    assert server.metrics()['weir_connections_refused_total{reason="proxy_header"}'] == 1
