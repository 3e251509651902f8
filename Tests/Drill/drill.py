#!/usr/bin/env python3
"""The outage drill: a site and a cloud in network namespaces, the link between them cut, silent, slow and flapping,
and kill -9 of everybody in turn. At the end every acknowledged event is in the database once and in order, counted
by the database's own program. mosquitto's bridge runs beside it over the same link, and what it lost is told.

    Tests/Drill/drill.py --seconds 60
    Tests/Drill/drill.py --seconds 3600 --database postgresql --seed 7

Needs root (network namespaces), iproute2, mosquitto, sqlite3 or PostgreSQL.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/BlackBox"))

from clients import V5, Client  # noqa: E402
from cloud import Collector, Ledger, Mosquitto, PostgreSQL, Process, SQLite, wait_for  # noqa: E402
from weir import Weir  # noqa: E402

CONFIG = """
listeners:
  - url: tcp://127.0.0.1:0
services: {enabled: false}
rpc: {enabled: false}
uplink:
  url: mqtt://10.77.0.2:1883
  site: drill
  heartbeat: 2s
  offlineAfter: 6s
  backoffShortest: 200ms
  backoffLongest: 3s
  lanes:
    alarms: {filters: [alarms/#], priority: 9, linger: 0s}
    bulk: {filters: [plant/#], linger: 100ms, maximumBytes: 4GiB}
"""


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True)


class Network:
    """Two namespaces with a link between them. The site's is where this process publishes by."""

    def __init__(self, tag):
        self.edge, self.far = f"weir-edge-{tag}", f"weir-cloud-{tag}"

    def __enter__(self):
        for name in (self.edge, self.far):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "wv0", "netns", self.edge, "type", "veth", "peer", "name", "wv1", "netns", self.far)
        ip("-n", self.edge, "addr", "add", "10.77.0.1/24", "dev", "wv0")
        ip("-n", self.far, "addr", "add", "10.77.0.2/24", "dev", "wv1")
        ip("-n", self.edge, "link", "set", "wv0", "up")
        ip("-n", self.far, "link", "set", "wv1", "up")
        return self

    def __exit__(self, *_):
        for name in (self.edge, self.far):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def inside(self, name):
        return ["ip", "netns", "exec", name]

    def shape(self, *discipline):
        """What packets suffer, both ways; nothing for a good link."""
        for name, device in ((self.edge, "wv0"), (self.far, "wv1")):
            subprocess.run(["tc", "-n", name, "qdisc", "del", "dev", device, "root"], capture_output=True)
            if discipline:
                subprocess.run(["tc", "-n", name, "qdisc", "add", "dev", device, "root", *discipline], check=True)

    def has_netem(self):
        """Not every kernel is built with it."""
        words = ["tc", "-n", self.edge, "qdisc", "add", "dev", "lo", "root", "netem", "loss", "1%"]
        found = subprocess.run(words, capture_output=True).returncode == 0
        subprocess.run(["tc", "-n", self.edge, "qdisc", "del", "dev", "lo", "root"], capture_output=True)
        return found

    def silence(self):
        """Packets vanish and no interface says so: none fits into this bucket."""
        self.shape("tbf", "rate", "8bit", "burst", "10", "limit", "10")

    def set_link(self, is_up):
        ip("-n", self.edge, "link", "set", "wv0", "up" if is_up else "down")


def enter(network):
    """Moves this thread into the site's namespace: loopback there is the site's."""
    import ctypes

    with open(f"/run/netns/{network.edge}") as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class Publisher(threading.Thread):
    """A device: publishes with QoS 1, notes what was acknowledged, and comes back when it is thrown out. What was in
    doubt at that moment it does not send again, so that the count stays exact."""

    def __init__(self, drill, name, topic, pause):
        super().__init__(daemon=True)
        self.drill, self.name_, self.topic, self.pause = drill, name, topic, pause
        self.failure = None

    def run(self):
        try:
            enter(self.drill.network)
            number = 0
            while not self.drill.stop.is_set():
                with self.drill.site_lock:
                    with Client(port=self.drill.site.port(), client_id=self.name_, version=V5) as client:
                        for _ in range(50):
                            body = {"publisher": self.name_, "number": number, "temperature": 20 + number % 17, "state": "running"}
                            client.publish(self.topic, json.dumps(body), 1)
                            self.drill.ledger[self.topic.split("/")[0]].add(self.name_, number)
                            number += 1
                time.sleep(self.pause)
        except Exception as failure:  # noqa: BLE001: told at the end, by the thread that waits
            self.failure = failure


class Drill:
    def __init__(self, options, network, directory):
        self.options, self.network, self.directory = options, network, directory
        self.random = random.Random(options.seed)
        self.stop = threading.Event()
        # Held by a publisher for one round, and to kill the site: so no publish is in doubt.
        self.site_lock = threading.RLock()
        self.ledger = {"alarms": Ledger(), "plant": Ledger()}
        self.events = []

    def start(self):
        far, edge = self.network.inside(self.network.far), self.network.inside(self.network.edge)
        self.broker = Mosquitto(self.directory, port=1883, host="0.0.0.0", wrapper=far).start()
        if self.options.database == "postgresql":
            self.database = PostgreSQL(self.directory / "pg").start()
            url = self.database.url
        else:
            self.database = SQLite(self.directory / "collector.db")
            url = self.database.url
        # PostgreSQL listens outside the namespace: the collector reaches it by its Unix socket.
        if self.options.database == "postgresql":
            url = f"postgresql://postgres@/postgres?host={self.database.directory}&port={self.database.port}"
        self.collector = Collector(self.directory, "mqtt://127.0.0.1:1883", url, wrapper=far).start()
        self.site = Weir(self.directory / "site", ["--set", "http.enabled=false"], config=CONFIG, wrapper=edge).start()
        self.bridge = self.start_bridge(edge, far)

    def start_bridge(self, edge, far):
        """mosquitto's own bridge over the same link, with its queue as large as it goes, and a reader at the far end."""
        config = self.directory / "bridge.conf"
        config.write_text(
            "listener 1885 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_dest stderr\n"
            "persistence true\nautosave_interval 1\nautosave_on_changes true\n"
            f"persistence_location {self.directory}/\npersistence_file bridge.db\nuser root\n"
            "connection up\naddress 10.77.0.2:1884\ntopic bridged/# out 1\ncleansession false\n"
            "restart_timeout 1 3\nkeepalive_interval 6\nlocal_clientid bridge\n"
        )
        far_config = self.directory / "far.conf"
        far_config.write_text("listener 1884 0.0.0.0\nallow_anonymous true\nmax_queued_messages 0\nlog_dest stderr\n")
        binary = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.far_bridge = Process(self.directory, "bridge-far", [binary, "-c", far_config], far).launch()
        self.far_bridge.wait_for_line(" running")
        reader = [*far, "mosquitto_sub", "-h", "127.0.0.1", "-p", "1884", "-q", "1", "-c", "-i", "reader", "-t", "bridged/#", "-F", "%p"]
        self.reader_log = open(self.directory / "bridged.txt", "wb")
        self.reader = subprocess.Popen(reader, stdout=self.reader_log)
        process = Process(self.directory, "bridge", [binary, "-c", config], edge).launch()
        process.wait_for_line(" running")
        return process

    def bridge_publisher(self):
        """One message after another to the bridge's broker, which acknowledges each."""
        try:
            enter(self.network)
            number = 0
            while not self.stop.is_set():
                with self.site_lock:
                    with Client(port=1885, client_id="b") as client:
                        for _ in range(50):
                            client.publish("bridged/a", json.dumps({"number": number}), 1)
                            number += 1
                            self.bridge_sent = number
                time.sleep(0.1)
        except Exception as failure:  # noqa: BLE001
            self.bridge_failure = failure

    # -- trouble

    def trouble(self):
        if self.network.has_netem():
            thin = ("50 kbit/s, 600 ms, 5 % loss", ("netem", "rate", "50kbit", "delay", "300ms", "loss", "5%"))
        else:
            # The queue in front of the thin link makes for the delay, and its end for the loss.
            thin = ("50 kbit/s, no netem in this kernel", ("tbf", "rate", "50kbit", "burst", "3000", "limit", "6000"))
        name, slow = thin
        return [
            ("cut", lambda: self.network.set_link(False), lambda: self.network.set_link(True), 4, 15),
            ("silent", self.network.silence, lambda: self.network.shape(), 4, 20),
            (name, lambda: self.network.shape(*slow), lambda: self.network.shape(), 8, 30),
            ("flapping", self.flap, lambda: self.network.set_link(True), 1, 1),
            ("kill site", self.kill_site, lambda: None, 1, 1),
            ("kill broker", lambda: (self.broker.kill(), self.broker.start()), lambda: None, 1, 1),
            ("kill collector", lambda: (self.collector.kill(), time.sleep(1), self.collector.start()), lambda: None, 1, 1),
            ("kill bridge", self.kill_bridge, lambda: None, 1, 1),
        ] + ([("kill database", lambda: (self.database.kill(), self.database.again()), lambda: None, 1, 1)]
             if self.options.database == "postgresql" else [])

    def flap(self):
        for _ in range(5):
            self.network.set_link(False)
            time.sleep(self.random.uniform(0.2, 1.5))
            self.network.set_link(True)
            time.sleep(self.random.uniform(0.2, 1.5))

    def kill_site(self):
        with self.site_lock:
            self.site.kill()
            self.site.restart()

    def kill_bridge(self):
        with self.site_lock:
            self.bridge.kill()
            self.bridge.launch().wait_for_line(" running")

    # -- the whole

    def run(self):
        self.start()
        self.bridge_sent, self.bridge_failure = 0, None
        publishers = [
            Publisher(self, "alarm", "alarms/fire", 0.5), Publisher(self, "bulk-1", "plant/1", 0.02),
            Publisher(self, "bulk-2", "plant/2", 0.02),
        ]
        threads = publishers + [threading.Thread(target=self.bridge_publisher, daemon=True)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + self.options.seconds
        pending = []
        while time.monotonic() < end:
            if not pending:
                # Each kind once before any comes again.
                pending = self.trouble()
                self.random.shuffle(pending)
            name, begin, finish, low, high = pending.pop()
            left = max(1.0, end - time.monotonic())
            seconds = min(self.random.uniform(low, high), left)
            self.say(f"{name} ({seconds:.0f} s)")
            begin()
            time.sleep(seconds)
            finish()
            self.events.append(name)
            time.sleep(min(self.random.uniform(1, 5), left))
        self.stop.set()
        self.network.set_link(True)
        self.network.shape()
        for thread in threads:
            thread.join(60)
        for publisher in publishers:
            if publisher.failure:
                raise publisher.failure
        return self.verdict()

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def verdict(self):
        total = sum(ledger.count for ledger in self.ledger.values())
        self.say(f"the link is good again; {total} events were acknowledged at the site")

        def stored():
            rows = self.database.rows("SELECT count(*) AS n FROM events")
            return rows and rows[0]["n"] >= total

        began = time.monotonic()
        wait_for(stored, f"{total} events", timeout=180, log=lambda: self.site.log()[-4000:] + self.collector.log()[-2000:])
        self.say(f"all stored {time.monotonic() - began:.1f} s later")
        self.ledger["alarms"].check(self.database, "alarms")
        self.ledger["plant"].check(self.database, "bulk")
        repeats = self.database.rows("SELECT sum(repeats) AS n FROM lane")[0]["n"]
        bridged = self.settle_bridge()
        lost = len(set(range(self.bridge_sent)) - set(bridged))
        print(f"\ntrouble           {', '.join(self.events)}")
        print(f"weir              sent {total}, stored {total}, lost 0, duplicated 0, in order (repeats dropped: {repeats})")
        print(f"mosquitto bridge  sent {self.bridge_sent}, arrived {len(set(bridged))}, lost {lost}, "
              f"duplicated {len(bridged) - len(set(bridged))}"
              + (f"; its publisher failed: {self.bridge_failure}" if self.bridge_failure else ""))

    def settle_bridge(self):
        """What the bridge brought, when nothing has come for five seconds."""
        last, since = -1, time.monotonic()
        while time.monotonic() - since < 5:
            size = (self.directory / "bridged.txt").stat().st_size
            if size != last:
                last, since = size, time.monotonic()
            time.sleep(0.2)
        self.reader.terminate()
        self.reader.wait()
        lines = (self.directory / "bridged.txt").read_text().split()
        return [json.loads(line)["number"] for line in " ".join(lines).replace("} {", "}\n{").splitlines() if line]

    def end(self):
        self.stop.set()
        for process in (getattr(self, name, None) for name in ("site", "collector", "broker", "bridge", "far_bridge")):
            if process:
                process.end()
        reader = getattr(self, "reader", None)
        if reader and reader.poll() is None:
            reader.kill()
            reader.wait()
        if isinstance(getattr(self, "database", None), PostgreSQL):
            self.database.end()


def run(seconds, database="sqlite", seed=1, directory=None):
    options = argparse.Namespace(seconds=seconds, database=database, seed=seed)
    place = pathlib.Path(directory or tempfile.mkdtemp(prefix="weir-drill-"))
    place.chmod(0o755)
    with Network(os.getpid()) as network:
        drill = Drill(options, network, place)
        try:
            drill.run()
        finally:
            drill.end()
    if directory is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=120, help="how long there is trouble")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=None, help="which trouble; told if not given")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1_000_000)
    print(f"seed {seed}")
    run(arguments.seconds, arguments.database, seed)
