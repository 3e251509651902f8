"""Bandwidth allocations of the uplink's lanes: asked for over the bus, measured at the far side of the link."""

import os
import time

from clients import V5, Client
from cloud import config, stored, wait_for
from test_bandwidth import allocation, ask

RATE = 400_000  # bit/s: 50,000 bytes a second
SIZE = 4_000
COUNT = 120


def wire_bytes(server, lane):
    return server.metrics().get(f'weir_uplink_wire_bytes_total{{lane="{lane}"}}', 0)


def next_batch(server):
    """When the next batch goes, and the bytes that went before it. A batch is paid for after it was sent: from one such
    moment to another, just these bytes were."""
    before = wire_bytes(server, "bulk")
    wait_for(lambda: wire_bytes(server, "bulk") > before, "a batch", log=server.log)
    return before, time.monotonic()


def publish(server, topic, count):
    """Random bytes, which nothing compresses."""
    with Client(server, "source", V5) as client:
        for _ in range(count):
            client.publish(topic, os.urandom(SIZE), 1)


def test_an_allocation_holds_one_lane_to_its_rate_and_leaves_the_others_alone(start, cloud):
    broker, database = cloud.broker(), cloud.sqlite()
    cloud.collector(broker, database)
    server = start(config=config(broker).replace("services: {enabled: false}", "services: {enabled: true}\nradio: {scenarios: []}"))
    with Client(server, "op") as operator:
        publish(server, "plant/before", 5)
        wait_for(lambda: stored(database) == 5, "the link", log=server.log)
        granted = ask(operator, "allocation/create", allocation("weir.uplink.bulk", "01", RATE))
        publish(server, "plant/slow", COUNT)
        # What a bucket gathers in a fifth of a second is not the rate.
        before = wire_bytes(server, "bulk")
        wait_for(lambda: wire_bytes(server, "bulk") > before + 20_000, "a start", log=server.log)
        first, began = next_batch(server)
        publish(server, "alarms/fire", 1)
        wait_for(lambda: wire_bytes(server, "alarms") > SIZE, "an alarm past the backlog", log=server.log)
        last = first
        while last < first + 150_000:
            last, ended = next_batch(server)
        rate = (last - first) * 8 / (ended - began)
        assert 0.75 * RATE < rate < 1.25 * RATE, rate
        assert stored(database) < COUNT, "the backlog waits"
        ask(operator, "allocation/delete", {"id": granted["allocationId"]})
        began = time.monotonic()
        wait_for(lambda: stored(database) == 5 + COUNT + 1, "the rest", log=server.log)
        assert time.monotonic() - began < 3
