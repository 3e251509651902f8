"""The bus over gRPC, as a Python application uses it: stubs are made from protos/ when the tests begin."""

import base64
import functools
import importlib
import pathlib
import queue
import subprocess
import sys
import tempfile

import grpc

import weir

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"
TIMEOUT = 20


@functools.cache
def stubs():
    folder = tempfile.mkdtemp(prefix="weir-stubs-")
    files = sorted(str(p) for p in (PROTOS / "weir").rglob("*.proto"))
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTOS}", f"--python_out={folder}",
         f"--grpc_python_out={folder}", *files],
        check=True,
    )
    # The package is called "weir", as the module with the running server is.
    weir.__path__ = [f"{folder}/weir"]
    return (
        importlib.import_module("weir.bus.v1.event_pb2"),
        importlib.import_module("weir.bus.v1.event_bus_pb2"),
        importlib.import_module("weir.bus.v1.event_bus_pb2_grpc"),
    )


def stub_module(name):
    """A generated module, such as weir.rnis.v1.service_pb2."""
    stubs()
    return importlib.import_module(name)


def basic(user, password):
    return [("authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())]


class Rpc:
    def __init__(self, server, metadata=(), channel=None):
        self.events, self.bus, services = stubs()
        self.channel = channel or grpc.insecure_channel(server.ports["rpc"])
        self.stub = services.EventBusStub(self.channel)
        self.metadata = list(metadata)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def call(self, method, request):
        return getattr(self.stub, method)(request, metadata=self.metadata, timeout=TIMEOUT)

    def event(self, topic, payload=b"", **fields):
        return self.events.Event(topic=topic, payload=payload, **fields)

    def publish(self, *events, producer=None):
        return self.call("Publish", self.bus.PublishRequest(events=events, producer=producer)).results

    def subscribe(self, *filters, credit=1000, credit_bytes=0, **fields):
        return Subscription(self, filters, credit, credit_bytes, fields)

    def create(self, name, filters, position="POSITION_LATEST", **fields):
        return self.call(
            "CreateSubscription",
            self.bus.CreateSubscriptionRequest(
                subscription=self.bus.DurableSubscription(name=name, filters=filters, **fields),
                start=self.start(position),
            ),
        ).subscription

    def start(self, position=None, after=None, time=None):
        if after is not None:
            return self.bus.Start(after=after)
        if time is not None:
            return self.bus.Start(time_unix_nanos=time)
        return self.bus.Start(position=position)


class Stream:
    """One call that delivers events at the pace of the client's credit."""

    def __init__(self, rpc, method, request):
        self.rpc, self.request = rpc, request
        self.requests = queue.SimpleQueue()
        self.waiting = []
        self.call = method(iter(self.requests.get, None), metadata=rpc.metadata)

    def send(self, **fields):
        self.requests.put(self.request(**fields))

    def grant(self, events=0, bytes=0):
        self.send(credit=self.rpc.bus.Credit(events=events, bytes=bytes))

    def ack(self, cursor):
        self.send(ack=self.rpc.bus.SubscribeRequest.Ack(up_to=cursor))

    def message(self):
        """The next response, whatever it is."""
        return next(self.call)

    def next(self, kind):
        """The next response of a kind; what comes before it is passed over, but events are not."""
        while True:
            message = self.message()
            found = message.WhichOneof("response")
            if found == kind:
                return getattr(message, kind)
            assert found != "batch", f"found a batch, expected {kind}: {message}"

    def event(self):
        while not self.waiting:
            message = self.message()
            if message.WhichOneof("response") == "batch":
                # Each kind of batch has one list.
                self.waiting += message.batch.ListFields()[0][1]
        return self.waiting.pop(0)

    def take(self, count):
        return [self.event() for _ in range(count)]

    def close(self):
        self.requests.put(None)
        self.call.cancel()


class Subscription(Stream):
    """One Subscribe call. Events are taken out of batches one by one."""

    def __init__(self, rpc, filters, credit, credit_bytes, fields):
        super().__init__(rpc, rpc.stub.Subscribe, rpc.bus.SubscribeRequest)
        self.send(open=rpc.bus.SubscribeRequest.Open(
            filters=filters, credit=rpc.bus.Credit(events=credit, bytes=credit_bytes), **fields))
        self.opened = self.next("opened")


class Watch(Stream):
    """One Watch call of a MEC service: `criteria` as its "open" has them, and how to deliver."""

    def __init__(self, rpc, method, request, criteria=None, credit=1000, **delivery):
        super().__init__(rpc, method, request)
        self.send(open=request.Open(
            delivery=rpc.bus.SubscribeRequest.Open(credit=rpc.bus.Credit(events=credit), **delivery),
            **(criteria or {})))
        self.opened = self.next("opened")
