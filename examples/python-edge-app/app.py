"""An edge application on Weir: it gives each terminal the video bit rate that its radio link carries.

Reads cell changes and measurement reports of the radio network over gRPC, in a durable subscription, so that nothing is
missed while it is away; publishes the bit rate for each terminal on app/video/{terminal}/bitrate, retained, where the
video server (or anybody over MQTT) finds it.
"""

import argparse
import json
import queue
import signal
import sys

import grpc

from weir.bus.v1 import event_bus_pb2 as bus
from weir.bus.v1 import event_bus_pb2_grpc as services
from weir.bus.v1 import event_pb2 as events
from weir.rnis.v1 import notifications_pb2 as radio

NAME = "python-edge-app"
EVENTS = {
    "cell_change": radio.CellChangeNotification,
    "meas_rep_ue": radio.MeasRepUeNotification,
    "nr_meas_rep_ue": radio.NrMeasRepUeNotification,
}
# From this RSRP, in dBm, a terminal gets this bit rate, in kbit/s; TS 36.133 and TS 38.133 tell how reports are mapped.
LADDER = [(-85, 8000), (-95, 4000), (-105, 1500), (-200, 400)]


class LinkQuality:
    """What the last reports say of each terminal, and which bit rate follows."""

    def __init__(self):
        self.bitrates = {}

    def take(self, event):
        """The terminal and its new bit rate, or None where nothing changes."""
        kind, terminal = event.topic.split("/")[4], event.topic.rpartition("/")[2]
        notification = EVENTS[kind].FromString(event.payload)
        if kind == "cell_change":
            # Until the new cell is measured, caution: one step down.
            rates = [rate for _, rate in LADDER]
            now = self.bitrates.get(terminal, rates[-1])
            rate = rates[min(rates.index(now) + 1, len(rates) - 1)]
        else:
            rsrp = self.dbm(kind, notification)
            if rsrp is None:
                return None
            rate = next(rate for level, rate in LADDER if rsrp >= level)
        if self.bitrates.get(terminal) == rate:
            return None
        self.bitrates[terminal] = rate
        return terminal, rate

    @staticmethod
    def dbm(kind, notification):
        if kind == "meas_rep_ue":
            cell, offset = notification.serving, 140
        else:
            if not notification.serv_cell_meas_info:
                return None
            cell, offset = notification.serv_cell_meas_info[0].serving, 156
        if cell.HasField("rsrp_dbm"):
            return cell.rsrp_dbm
        return cell.rsrp - offset if cell.HasField("rsrp") else None


def subscribe(stub, credit):
    """Opens the durable subscription; returns its requests and its responses."""
    try:
        stub.CreateSubscription(bus.CreateSubscriptionRequest(subscription=bus.DurableSubscription(
            name=NAME, filters=[f"mec/v1/pb/rni/{kind}/#" for kind in EVENTS])))
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.ALREADY_EXISTS:
            raise
    requests = queue.SimpleQueue()
    requests.put(bus.SubscribeRequest(open=bus.SubscribeRequest.Open(
        subscription=NAME, credit=bus.Credit(events=credit))))
    return requests, stub.Subscribe(iter(requests.get, None))


def run(target, count):
    quality, changes = LinkQuality(), 0
    with grpc.insecure_channel(target) as channel:
        stub = services.EventBusStub(channel)
        requests, responses = subscribe(stub, credit=1000)
        signal.signal(signal.SIGTERM, lambda *_: responses.cancel())
        for response in responses:
            if response.WhichOneof("response") != "batch":
                continue
            found = [change for change in map(quality.take, response.batch.events) if change]
            if found:
                stub.Publish(bus.PublishRequest(events=[
                    events.Event(topic=f"app/video/{terminal}/bitrate", retain=True, qos=events.QOS_AT_LEAST_ONCE,
                                 content_type="application/json", type="bitrate", source=NAME,
                                 payload=json.dumps({"kbps": rate}).encode())
                    for terminal, rate in found]))
            for terminal, rate in found:
                print(f"{terminal}: {rate} kbit/s", flush=True)
            # What led to a bit rate is done with only when that bit rate is published.
            last = response.batch.events[-1].cursor
            requests.put(bus.SubscribeRequest(ack=bus.SubscribeRequest.Ack(up_to=last)))
            requests.put(bus.SubscribeRequest(credit=bus.Credit(events=len(response.batch.events))))
            changes += len(found)
            if count and changes >= count:
                requests.put(None)
                return


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--target", default="127.0.0.1:50051", help="where Weir serves gRPC")
    arguments.add_argument("--count", type=int, default=0, help="changes of a bit rate after which to end")
    options = arguments.parse_args()
    try:
        run(options.target, options.count)
    except KeyboardInterrupt:
        pass
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.CANCELLED:
            sys.exit(f"{options.target}: {error.details()} ({error.code().name})")
