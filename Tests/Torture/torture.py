#!/usr/bin/env python3
"""Publishers and subscribers of the real server through kill -9 at random moments.

Each publisher sends numbered messages with QoS 1 or 2 on a topic of its own, repeats after a reconnect what was not
acknowledged, and notes what was. Each subscriber has a persistent session, and is there or away as chance has it. At
the end everything that was acknowledged must have reached every subscriber, in order, QoS 2 once.

MQTT is spoken here by hand, so that every byte that counts is seen.
"""

import argparse
import os
import pathlib
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def encode_length(length):
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | (128 if length else 0))
        if not length:
            return bytes(out)


def packet(first, body):
    return bytes([first]) + encode_length(len(body)) + body


def text(value):
    return struct.pack("!H", len(value)) + value


class Peer:
    """A client of MQTT 3.1.1 with a persistent session and a memory of its own."""

    def __init__(self, name):
        self.name = name
        self.socket = None
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.is_up = False
        self.present = 0

    def connect(self, port):
        self.drop()
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            self.socket = None
            return
        self.socket.setblocking(False)
        body = text(b"MQTT") + b"\x04\x00" + struct.pack("!H", 0) + text(self.name.encode())
        self.outgoing += packet(0x10, body)

    def drop(self):
        if self.socket:
            self.socket.close()
        self.socket = None
        self.is_up = False
        self.incoming.clear()
        self.outgoing.clear()

    def flush(self):
        if not self.socket or not self.outgoing:
            return
        try:
            sent = self.socket.send(self.outgoing)
            del self.outgoing[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.drop()

    def read(self):
        if not self.socket:
            return
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop()
            return
        self.incoming += data
        while self.socket:
            whole = self.take()
            if whole is None:
                return
            first, body = whole
            if first == 0x20:
                if body[1] != 0:
                    raise SystemExit(f"{self.name}: CONNACK {body[1]}")
                self.is_up = True
                self.connected(body[0] & 1)
            else:
                self.received(first, body)

    def take(self):
        length = shift = 0
        for i in range(1, 5):
            if i >= len(self.incoming):
                return None
            length |= (self.incoming[i] & 127) << shift
            shift += 7
            if not self.incoming[i] & 128:
                break
        end = i + 1 + length
        if len(self.incoming) < end:
            return None
        first, body = self.incoming[0], bytes(self.incoming[i + 1 : end])
        del self.incoming[:end]
        return first, body


class Publisher(Peer):
    WINDOW = 50

    def __init__(self, name, qos):
        super().__init__(name)
        self.qos = qos
        self.topic = f"torture/{name}".encode()
        self.next = 0
        self.next_id = 1
        # Packet identifier to [number, whether PUBREC came], in the order of sending.
        self.open = {}
        self.acknowledged = set()
        self.maybe = set()

    def connected(self, present):
        if not present and self.acknowledged:
            raise SystemExit(f"{self.name}: the server lost its session")
        for packet_id, (number, received) in self.open.items():
            if received:
                self.outgoing += packet(0x62, struct.pack("!H", packet_id))
            else:
                self.send(packet_id, number, again=True)

    def send(self, packet_id, number, again=False):
        first = 0x30 | self.qos << 1 | (8 if again else 0)
        body = text(self.topic) + struct.pack("!H", packet_id) + str(number).encode()
        self.outgoing += packet(first, body)

    def act(self, limit):
        while self.is_up and self.next < limit and len(self.open) < self.WINDOW:
            while self.next_id in self.open:
                self.next_id = self.next_id % 65_535 + 1
            self.open[self.next_id] = [self.next, False]
            self.send(self.next_id, self.next)
            self.next += 1
            self.next_id = self.next_id % 65_535 + 1

    def received(self, first, body):
        packet_id = struct.unpack("!H", body[:2])[0]
        if packet_id not in self.open:
            return
        if first == 0x40:
            self.acknowledged.add(self.open.pop(packet_id)[0])
        elif first == 0x50:
            self.open[packet_id][1] = True
            self.acknowledged.add(self.open[packet_id][0])
            self.outgoing += packet(0x62, struct.pack("!H", packet_id))
        elif first == 0x70:
            self.open.pop(packet_id)


class Subscriber(Peer):
    def __init__(self, name):
        super().__init__(name)
        self.is_subscribed = False
        self.got = {}
        self.held = set()

    def connected(self, present):
        if not present:
            if self.is_subscribed:
                raise SystemExit(f"{self.name}: the server lost its session")
            self.outgoing += packet(0x82, struct.pack("!H", 1) + text(b"torture/#") + b"\x02")

    def received(self, first, body):
        if first == 0x90:
            self.is_subscribed = True
        elif first & 0xF0 == 0x30:
            length = struct.unpack("!H", body[:2])[0]
            topic, rest = body[2 : 2 + length], body[2 + length :]
            packet_id, number = struct.unpack("!H", rest[:2])[0], int(rest[2:])
            if first & 6 == 4:
                self.outgoing += packet(0x50, rest[:2])
                if packet_id in self.held:
                    return
                self.held.add(packet_id)
            else:
                self.outgoing += packet(0x40, rest[:2])
            self.got.setdefault(topic.decode(), []).append(number)
        elif first & 0xF0 == 0x60:
            self.held.discard(struct.unpack("!H", body[:2])[0])
            self.outgoing += packet(0x70, body[:2])


class Server:
    def __init__(self, binary, directory, settings):
        self.binary, self.directory, self.settings = binary, pathlib.Path(directory), settings
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        self.starts = 0
        self.slowest = 0.0

    def start(self):
        began = time.monotonic()
        log = open(self.directory / "log", "ab")
        command = [self.binary, "serve", "--listen", f"tcp://127.0.0.1:{self.port}", "--data", self.directory / "data",
                   "--set", "http.enabled=false"]
        for setting in self.settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"the server does not start:\n{(self.directory / 'log').read_text()[-2000:]}")
                select.select([], [], [], 0.005)
        self.starts += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def turn(peers, seconds):
    """Lets bytes move for at most so long."""
    for peer in peers:
        peer.flush()
    readers = {peer.socket: peer for peer in peers if peer.socket}
    writers = [peer.socket for peer in peers if peer.socket and peer.outgoing]
    if not readers:
        select.select([], [], [], min(seconds, 0.01))
        return
    ready, _, _ = select.select(list(readers), writers, [], seconds)
    for one in ready:
        readers[one].read()


def check(publishers, subscribers):
    failures = []
    for subscriber in subscribers:
        for publisher in publishers:
            got = subscriber.got.get(publisher.topic.decode(), [])
            pair = f"{publisher.name} to {subscriber.name}"
            lost = publisher.acknowledged - set(got)
            if lost:
                failures.append(f"{pair}: {len(lost)} acknowledged and lost, first {min(lost)}")
            if publisher.qos == 2 and len(got) != len(set(got)):
                failures.append(f"{pair}: QoS 2 delivered twice")
            first = list(dict.fromkeys(got))
            if first != sorted(first):
                failures.append(f"{pair}: out of order")
    return failures


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=None, help="repeats the same choices, though not the same timing")
    options.add_argument("--weir", default=os.environ.get("WEIR", ROOT / ".build" / "release" / "weir"))
    options.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options.add_argument("--quiet", action="store_true")
    options = options.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    chance = random.Random(seed)
    # Small checkpoints and segments, so that kills meet them in the making.
    settings = ["storage.checkpointBytes=1MiB", "storage.maximumBytes=256MiB", "access.quotas.queuedMessages=1000000",
                "access.quotas.publishRate=1000000", *options.set]
    with tempfile.TemporaryDirectory(prefix="weir-torture-") as directory:
        server = Server(options.weir, directory, settings)
        publishers = [Publisher(f"p{i}", 1 + i % 2) for i in range(4)]
        subscribers = [Subscriber(f"s{i}") for i in range(4)]
        peers = publishers + subscribers
        try:
            server.start()
            for subscriber in subscribers:
                subscriber.connect(server.port)
            while not all(s.is_subscribed for s in subscribers):
                turn(subscribers, 0.1)
            limit = 0
            for kill in range(options.kills):
                limit += 2_000
                end = time.monotonic() + chance.uniform(0.05, 0.6)
                away = {s for s in subscribers if chance.random() < 0.4}
                while time.monotonic() < end:
                    for peer in peers:
                        if peer.socket is None and peer not in away:
                            peer.connect(server.port)
                        if peer in publishers:
                            peer.act(limit)
                    for peer in away:
                        peer.drop()
                    turn(peers, 0.02)
                server.kill()
                # What the kernel still had for them is heard: it was promised.
                for _ in range(50):
                    if not any(peer.socket for peer in peers):
                        break
                    turn(peers, 0.01)
                for peer in peers:
                    peer.drop()
                server.start()
                if not options.quiet:
                    done = sum(len(p.acknowledged) for p in publishers)
                    print(f"\r{kill + 1}/{options.kills} kills, {done:,} acknowledged", end="", file=sys.stderr, flush=True)
            patience = time.monotonic() + 120
            while time.monotonic() < patience:
                for peer in peers:
                    if peer.socket is None:
                        peer.connect(server.port)
                turn(peers, 0.05)
                waiting = any(p.open for p in publishers)
                if not waiting and not any(check(publishers, subscribers)):
                    break
            failures = check(publishers, subscribers)
            if any(p.open for p in publishers):
                failures.append("publishers were not answered within two minutes")
        finally:
            server.stop()
        if not options.quiet:
            print(file=sys.stderr)
        acknowledged = sum(len(p.acknowledged) for p in publishers)
        delivered = sum(len(n) for s in subscribers for n in s.got.values())
        print(f"{options.kills} kills, seed {seed}: {acknowledged:,} acknowledged, {delivered:,} delivered to "
              f"{len(subscribers)} subscribers, slowest start {server.slowest:.2f} s")
        for failure in failures:
            print(f"FAILED {failure}")
        if acknowledged < 100 * options.kills:
            failures.append("too little was published for this to mean anything")
            print(f"FAILED {failures[-1]}")
        return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
