"""Bandwidth allocations that the kernel keeps: HTB classes on real interfaces, measured with sockets in namespaces."""

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import threading
import time

import jsonschema
import pytest

from clients import Client
from test_bandwidth import allocation, ask
from test_topics import channels, resolved

CAPACITY = 100_000_000
RATE = 8_000_000
PORT = 5001
SITE, TERMINAL, APPLICATION = "10.98.0.1", "10.98.0.2", "10.98.0.7"
CONFIG = f"""
listeners: [{{url: "tcp://127.0.0.1:0"}}]
radio: {{scenarios: []}}
services:
  bandwidth:
    volumeInterval: 200ms
    links: [{{id: 1, downlink: {CAPACITY}, uplink: {CAPACITY}, downlinkInterface: access}}]
    applications: [{{appInsId: video, addresses: [{APPLICATION}]}}]
"""


def command(*words, check=True):
    return subprocess.run(words, capture_output=True, text=True, check=check)


def can_shape():
    """Whether this is a place where namespaces and HTB can be made."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("tc"):
        return False
    name = f"weir-htb-{os.getpid()}"
    if command("ip", "netns", "add", name, check=False).returncode != 0:
        return False
    try:
        return command("tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "htb", check=False).returncode == 0
    finally:
        command("ip", "netns", "delete", name)


pytestmark = pytest.mark.skipif(not can_shape(), reason="no right to make network namespaces with HTB (needs root)")


@contextlib.contextmanager
def inside(name):
    """Sockets that are made in here belong to the namespace for good."""
    library = ctypes.CDLL(None, use_errno=True)

    def enter(namespace):
        assert library.setns(namespace.fileno(), 0) == 0, os.strerror(ctypes.get_errno())

    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{name}") as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


@pytest.fixture
def network():
    """A site and a terminal, each in a namespace of its own, and the link between them."""
    site, terminal = f"weir-site-{os.getpid()}", f"weir-ue-{os.getpid()}"
    for name in (site, terminal):
        command("ip", "netns", "add", name)
    try:
        command("ip", "link", "add", "access", "netns", site, "type", "veth", "peer", "name", "radio", "netns", terminal)
        for name, device, address in (
            (site, "access", SITE), (site, "access", APPLICATION), (terminal, "radio", TERMINAL),
        ):
            command("ip", "-n", name, "addr", "add", f"{address}/24", "dev", device)
        for name, device in ((site, "lo"), (site, "access"), (terminal, "lo"), (terminal, "radio")):
            command("ip", "-n", name, "link", "set", device, "up")
        yield site, terminal
    finally:
        for name in (site, terminal):
            command("ip", "netns", "delete", name, check=False)


def root_discipline(site):
    return command("tc", "-n", site, "qdisc", "show", "dev", "access", "root").stdout


def measured(network, port=PORT, source=SITE, reverse=False, seconds=1.2):
    """Bits per second that TCP gets through from the site to the terminal, or the other way round."""
    site, terminal = network
    with contextlib.ExitStack() as stack:
        with inside(terminal):
            listener = stack.enter_context(socket.create_server((TERMINAL, port)))
        with inside(site):
            client = stack.enter_context(socket.create_connection((TERMINAL, port), 10, source_address=(source, 0)))
        server = stack.enter_context(listener.accept()[0])
        sender, receiver = (server, client) if reverse else (client, server)
        stop = threading.Event()

        def send():
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    sender.sendall(b"x" * 16_384)

        thread = threading.Thread(target=send)
        thread.start()
        receiver.settimeout(10)
        began = time.monotonic()
        # What the queue takes at first is not the rate.
        while time.monotonic() - began < 0.4:
            receiver.recv(1 << 20)
        start, count = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            count += len(receiver.recv(1 << 20))
        took = time.monotonic() - start
        stop.set()
        receiver.shutdown(socket.SHUT_RDWR)
        sender.close()
        thread.join(10)
    return count * 8 / took


def assert_rate(measured_rate, rate):
    """TCP's payload is 1,448 of the 1,514 bytes of a frame."""
    assert 0.85 * rate < measured_rate < 1.02 * rate, measured_rate


def session(port=PORT, bits=RATE, direction="00"):
    picked = {"sourceIp": SITE, "dstAddress": TERMINAL, "dstPort": str(port), "protocol": "6"}
    return allocation("any", direction, bits) | {"requestType": 1, "sessionFilter": [picked]}


@pytest.fixture
def site(start, network):
    """A server inside the site's namespace, and a client of it."""
    server = start(config=CONFIG, wrapper=("ip", "netns", "exec", network[0]))
    with inside(network[0]):
        client = Client(server, "op").connect()
    yield server, client
    client.disconnect()


def test_a_session_has_its_rate_and_others_have_what_is_left(network, site):
    _, operator = site
    assert "htb 7765:" in root_discipline(network[0])
    granted = ask(operator, "allocation/create", session())
    assert_rate(measured(network), RATE)
    # Another session of the same hosts, and the other direction, are free.
    assert measured(network, port=PORT + 1) > 5 * RATE
    assert measured(network, reverse=True) > 5 * RATE
    ask(operator, "allocation/update", {"allocationId": granted["allocationId"], "fixedAllocation": str(2 * RATE)})
    assert_rate(measured(network), 2 * RATE)
    ask(operator, "allocation/delete", {"id": granted["allocationId"]})
    assert measured(network) > 5 * RATE


def test_what_went_through_is_told_by_terminal(network, site):
    server, operator = site
    schema = next(resolved(document, message) for name, _, message, document in channels() if name == "bwChgEvent")
    with inside(network[0]):
        ear = Client(server, "ear").connect()
    ear.subscribe("mec/v1/json/bwm/bw_chg_event/any")
    ask(operator, "allocation/create", session())
    rate = measured(network)
    bits = 0
    # The transfer took longer than a second.
    while bits < rate:
        body = json.loads(ear.receive(10).payload)
        jsonschema.validate(body, schema)
        for entry in body.get("dataVolDispersion", []):
            assert (entry["appInsId"], entry["ueIp"]) == ("any", TERMINAL)
            bits += entry["dataVol"] * 8
    assert bits < 4 * rate
    ear.disconnect()


def test_an_application_is_known_by_its_address_and_everything_together_by_the_link(network, site):
    _, operator = site
    ask(operator, "allocation/create", allocation("video", "00", RATE))
    assert_rate(measured(network, source=APPLICATION), RATE)
    assert 5 * RATE < measured(network, source=SITE) < 1.02 * CAPACITY


def test_the_kernel_is_as_before_when_the_server_ends_and_as_granted_after_kill_9(network, site):
    server, operator = site
    ask(operator, "allocation/create", session())
    operator.disconnect()
    server.kill()
    assert "htb 7765:" in root_discipline(network[0]), "nobody was there to take it away"
    server.restart()
    server.wait_for_log("bandwidth state loaded")
    deadline = time.monotonic() + 10
    while "rate 8Mbit" not in command("tc", "-n", network[0], "class", "show", "dev", "access").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert_rate(measured(network), RATE)
    server.stop()
    assert "noqueue" in root_discipline(network[0])


def test_a_discipline_of_somebody_else_is_left_alone_and_told(network, start):
    command("tc", "-n", network[0], "qdisc", "add", "dev", "access", "root", "handle", "1:", "tbf",
            "rate", "50mbit", "burst", "20000", "limit", "60000")
    server = start(config=CONFIG, wrapper=("ip", "netns", "exec", network[0]))
    assert "has a queueing discipline that is not Weir's, tbf 1:" in server.wait_for_log("does not keep its bandwidth")
    with inside(network[0]):
        assert server.metrics()["weir_traffic_control_failures_total"] >= 1
        with Client(server, "op") as operator:
            # Granted all the same: on the bus it holds.
            assert ask(operator, "allocation/create", session())["allocationId"]
    server.stop()
    assert "tbf 1:" in root_discipline(network[0])
