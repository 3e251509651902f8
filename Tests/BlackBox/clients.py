"""Clients of other makers, made easy to write tests with: paho, mosquitto's own, and bare bytes."""

import queue
import socket
import ssl
import struct
import subprocess
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

V31, V311, V5 = paho.MQTTv31, paho.MQTTv311, paho.MQTTv5
VERSIONS = {"3.1": V31, "3.1.1": V311, "5.0": V5}
TIMEOUT = 10


def properties(kind, **values):
    """MQTT 5 properties for a packet, by paho's names."""
    result = Properties(getattr(PacketTypes, kind))
    for name, value in values.items():
        setattr(result, name, value)
    return result


class Client:
    """A paho client whose calls return once they are answered, and whose messages wait in a queue."""

    def __init__(self, server=None, client_id="", version=V5, port=None, username=None, password=None,
                 transport="tcp", tls=None, path="/mqtt", host="127.0.0.1", will=None, **connect):
        self.version = version
        keywords = {"clean_session": connect.pop("clean_session", True)} if version != V5 else {}
        self.paho = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version, transport=transport, **keywords
        )
        self.host, self.port = host, port or server.port()
        self.connect_options = connect
        self.messages = queue.Queue()
        self.connack = queue.Queue()
        self.acks = {}
        self.lock = threading.Condition()
        self.disconnected = queue.Queue()
        if username is not None:
            self.paho.username_pw_set(username, password)
        if tls:
            self.paho.tls_set_context(tls)
            self.paho.tls_insecure_set(True)
        if transport == "websockets":
            self.paho.ws_set_options(path=path)
        if will:
            self.paho.will_set(**will)
        self.paho.on_connect = lambda c, u, flags, code, props: self.connack.put((flags, code, props))
        self.paho.on_disconnect = lambda c, u, flags, code, props: self.disconnected.put((code, props))
        self.paho.on_message = lambda c, u, message: self.messages.put(message)
        self.paho.on_publish = lambda c, u, mid, code, props: self._acked(mid, code, props)
        self.paho.on_subscribe = lambda c, u, mid, codes, props: self._acked(mid, codes, props)
        self.paho.on_unsubscribe = lambda c, u, mid, codes, props: self._acked(mid, codes, props)

    def _acked(self, mid, code, props):
        with self.lock:
            self.acks[mid] = (code, props)
            self.lock.notify_all()

    def _wait_for_ack(self, mid, timeout=TIMEOUT):
        with self.lock:
            if not self.lock.wait_for(lambda: mid in self.acks, timeout):
                raise AssertionError(f"packet {mid} was not answered within {timeout} s")
            return self.acks.pop(mid)

    # -- life

    def connect(self, expect=0, timeout=TIMEOUT):
        """Connects; `expect` is the reason code. Returns self, with `session_present` and `connack_properties`."""
        self.paho.connect(self.host, self.port, **self.connect_options)
        self.paho.loop_start()
        try:
            flags, code, props = self.connack.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no CONNACK within {timeout} s; disconnected: {list(self.disconnected.queue)}")
        assert code.value == expect, f"CONNACK {code}, expected {expect}"
        self.session_present = flags.session_present
        self.connack_properties = props
        if expect:
            self.paho.loop_stop()
        return self

    def disconnect(self, **options):
        self.paho.disconnect(**options)
        self.paho.loop_stop()

    def drop(self):
        """Goes away without DISCONNECT, as a client whose power failed."""
        self.paho.on_disconnect = None
        sock = self.paho.socket()
        sock.shutdown(socket.SHUT_RDWR) if not isinstance(sock, ssl.SSLSocket) else sock.close()
        self.paho.loop_stop()

    def wait_disconnected(self, timeout=TIMEOUT):
        """Reason code and properties of the server's DISCONNECT."""
        try:
            code, props = self.disconnected.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"not disconnected within {timeout} s")
        self.paho.loop_stop()
        return code, props

    def __enter__(self):
        return self.connect()

    def __exit__(self, *_):
        self.disconnect()

    # -- requests

    def subscribe(self, topic, qos=0, options=None, properties=None):
        """Returns the reason codes as numbers."""
        if self.version == V5:
            pairs = topic if isinstance(topic, list) else [(topic, options or SubscribeOptions(qos=qos))]
            result, mid = self.paho.subscribe(pairs, properties=properties)
        else:
            result, mid = self.paho.subscribe(topic if isinstance(topic, list) else [(topic, qos)])
        assert result == paho.MQTT_ERR_SUCCESS
        codes, _ = self._wait_for_ack(mid)
        return [code.value for code in codes]

    def unsubscribe(self, topic):
        result, mid = self.paho.unsubscribe(topic)
        assert result == paho.MQTT_ERR_SUCCESS
        codes, _ = self._wait_for_ack(mid)
        return [code.value for code in codes] if isinstance(codes, list) else []

    def publish(self, topic, payload=b"", qos=0, retain=False, properties=None):
        """Returns the reason code as a number, once the last acknowledgement of the QoS is there."""
        info = self.paho.publish(topic, payload, qos, retain, properties)
        code, _ = self._wait_for_ack(info.mid)
        return code.value

    def publish_unanswered(self, topic, payload=b"", qos=0, retain=False, properties=None):
        return self.paho.publish(topic, payload, qos, retain, properties)

    # -- messages

    def receive(self, timeout=TIMEOUT):
        try:
            return self.messages.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no message within {timeout} s")

    def receive_payloads(self, count, timeout=TIMEOUT):
        return [self.receive(timeout).payload.decode() for _ in range(count)]

    def nothing_arrives(self):
        """Asks the server for an answer, before which everything under way must have come."""
        mark = f"mark/{id(self)}"
        self.subscribe(mark, 1)
        self.publish(mark, b"mark", 1)
        message = self.receive()
        assert message.topic == mark, f"found {message.topic} {message.payload!r}, expected nothing"
        self.unsubscribe(mark)


def mosquitto_pub(server, *arguments, check=0, **options):
    return _mosquitto("mosquitto_pub", server, arguments, check, options)


def mosquitto_sub(server, *arguments, check=0, **options):
    return _mosquitto("mosquitto_sub", server, arguments, check, options)


def _mosquitto(program, server, arguments, check, options):
    result = subprocess.run(
        [program, "-h", "127.0.0.1", "-p", str(options.pop("port", None) or server.port()), *arguments],
        capture_output=True, text=True, timeout=TIMEOUT * 2, **options,
    )
    assert result.returncode == check, result
    return result.stdout


class RawClient:
    """A socket and MQTT's bytes, for what no good client would send."""

    def __init__(self, server=None, port=None, path=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(("127.0.0.1", port or server.port()), TIMEOUT)
        self.socket.settimeout(TIMEOUT)

    def send(self, data):
        self.socket.sendall(data)

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError(f"closed after {data!r}")
            data += more
        return data

    def packet(self):
        """Type and flags byte, and the rest of one packet; raises EOFError when the server closed."""
        first = self.read(1)[0]
        length = shift = 0
        while True:
            byte = self.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return first, self.read(length)

    def closed(self):
        """Whether the server closes without another byte."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def connect(self, client_id="raw", version=5, keep_alive=0, clean=True, expect=0, properties=b""):
        self.send(connect_packet(client_id, version, keep_alive, clean, properties))
        kind, body = self.packet()
        assert kind == 0x20 and body[1] == expect, (kind, body)
        return body

    def close(self):
        self.socket.close()


def packet(first, body):
    """A control packet around its variable header and payload."""
    length = len(body)
    out = bytes([first])
    while True:
        byte, length = length & 0x7F, length >> 7
        out += bytes([byte | (0x80 if length else 0)])
        if not length:
            return out + body


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(data)) + data


def connect_packet(client_id="raw", version=5, keep_alive=0, clean=True, properties=b""):
    name = text("MQIsdp") if version == 3 else text("MQTT")
    props = bytes([len(properties)]) + properties if version == 5 else b""
    flags = 2 if clean else 0
    return packet(0x10, name + bytes([version, flags]) + struct.pack("!H", keep_alive) + props + text(client_id))


def publish_packet(topic, payload=b"", qos=0, packet_id=None, version=5, retain=False, dup=False, properties=b""):
    body = text(topic)
    if qos:
        body += struct.pack("!H", packet_id)
    if version == 5:
        body += bytes([len(properties)]) + properties
    return packet(0x30 | qos << 1 | (1 if retain else 0) | (8 if dup else 0), body + payload)


def subscribe_packet(packet_id, *filters, version=5):
    body = struct.pack("!H", packet_id) + (b"\0" if version == 5 else b"")
    for name, options in filters:
        body += text(name) + bytes([options])
    return packet(0x82, body)
