#!/usr/bin/env python3
"""Two figures of the uplink that need a whole site: what a long backlog costs, and how fast an alarm overtakes it.

    Tests/Drill/figures.py backlog --events 20000000
    Tests/Drill/figures.py alarm

`backlog` fills a lane while there is no cloud, restarts the site, and drains into a collector. `alarm` needs root: it
drains over 1 Mbit/s between two network namespaces and raises alarms in the middle.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/BlackBox"))

import drill  # noqa: E402
from clients import Client  # noqa: E402
from cloud import Collector, Mosquitto, SQLite, free_port, wait_for  # noqa: E402
from weir import Weir, weir_binary  # noqa: E402

BACKLOG_CONFIG = """
listeners:
  - url: tcp://127.0.0.1:0
services: {{enabled: false}}
rpc: {{enabled: false}}
uplink:
  url: mqtt://127.0.0.1:{port}
  site: backlog
  heartbeat: 1s
  offlineAfter: 4s
  backoffShortest: 200ms
  backoffLongest: 1s
  lanes:
    bulk: {{filters: ["bench/#"], maximumBytes: 64GiB}}
"""


class Resident(threading.Thread):
    """The most resident memory of a process, looked at ten times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.is_over = pid, 0, threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(0.1):
            try:
                text = pathlib.Path(f"/proc/{self.pid}/statm").read_text()
            except FileNotFoundError:
                return
            self.most = max(self.most, int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE"))

    def end(self):
        self.is_over.set()
        self.join()
        return f"{self.most / 2**20:.0f} MiB"


def waiting(site):
    return int(site.metrics()['weir_uplink_backlog_events{lane="bulk"}'])


def backlog(events, place):
    port = free_port()
    site = Weir(place / "site", ["--set", "http.listen=127.0.0.1:0"], config=BACKLOG_CONFIG.format(port=port))
    started = []
    try:
        site.start()
        memory = Resident(site.pid)
        subprocess.run(
            [weir_binary(), "bench", "fan-in", "--qos", "1", "--payload", "200", "--messages", str(events), "--seconds", "3600",
             "--warm-up", "0", "--stall", "60", "--port", str(site.port())],
            check=True,
        )
        count = wait_for(lambda: waiting(site) >= events and waiting(site), "the backlog")
        print(f"backlog of {count:,} events: resident at most {memory.end()}", flush=True)
        site.kill()
        began = time.monotonic()
        site.restart()
        print(f"restart after kill -9: {time.monotonic() - began:.2f} s", flush=True)
        memory = Resident(site.pid)
        started.append(Mosquitto(place, port=port).start())
        database = SQLite(place / "cloud.db")
        started.append(Collector(place, f"mqtt://127.0.0.1:{port}", database.url).start())
        began = time.monotonic()
        while (left := waiting(site)) > 0:
            print(f"\r{left:>14,} events left", end="", flush=True)
            time.sleep(1)
        seconds = time.monotonic() - began
        stored = database.rows("SELECT count(*) AS n FROM event")[0]["n"]
        print(f"\rdrained in {seconds:.0f} s, {count / seconds:,.0f} events/s: resident at most {memory.end()}; "
              f"{stored:,} in the database, {count - stored:,} missing")
        assert stored == count
    finally:
        for process in reversed(started):
            process.end()
        site.end()


def alarm(place, alarms=10):
    """Seconds from the publish of an alarm to its row, while a backlog drains over 1 Mbit/s."""
    with drill.Network(os.getpid()) as network:
        far, edge = network.inside(network.far), network.inside(network.edge)
        network.shape("tbf", "rate", "1mbit", "burst", "3000", "limit", "60000")
        broker = Mosquitto(place, port=1883, host="0.0.0.0", wrapper=far)
        database = SQLite(place / "cloud.db")
        collector = Collector(place, "mqtt://127.0.0.1:1883", database.url, wrapper=far)
        site = Weir(place / "site", ["--set", "http.enabled=false"], config=drill.CONFIG, wrapper=edge)
        taken = []

        def count(lane):
            rows = database.rows(f"SELECT events AS n FROM lane WHERE name = '{lane}'")
            return rows[0]["n"] if rows else 0

        def devices():
            drill.enter(network)
            noise = random.Random(1)
            with Client(port=site.port(), client_id="bulk") as client:
                # Noise, so that compression does not end the drain at once.
                waits = [client.paho.publish("plant/1", json.dumps({"number": n, "noise": noise.randbytes(40).hex()}), 1)
                         for n in range(60_000)]
                for wait in waits:
                    wait.wait_for_publish(60)
            collector.start()
            wait_for(lambda: count("bulk") > 0, "a drain", timeout=60)
            with Client(port=site.port(), client_id="alarm") as client:
                for number in range(alarms):
                    began = time.monotonic()
                    client.publish("alarms/fire", json.dumps({"number": number}), 1)
                    wait_for(lambda: count("alarms") > number, "the alarm", timeout=60)
                    taken.append(time.monotonic() - began)
                    time.sleep(0.5)

        try:
            broker.start()
            site.start()
            thread = threading.Thread(target=devices)
            thread.start()
            thread.join()
            drained = count("bulk")
        finally:
            for process in (site, collector, broker):
                process.end()
    assert len(taken) == alarms, "not every alarm arrived"
    assert drained < 60_000, "the drain was over before the last alarm"
    print(f"alarm to database during a drain over 1 Mbit/s: median {statistics.median(taken):.2f} s, most {max(taken):.2f} s")
    return taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("figure", choices=["backlog", "alarm"])
    parser.add_argument("--events", type=int, default=20_000_000, help="of the backlog; about 5 GiB of disk for the default")
    arguments = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-figures-"))
    directory.chmod(0o755)
    try:
        backlog(arguments.events, directory) if arguments.figure == "backlog" else alarm(directory)
    finally:
        shutil.rmtree(directory)
