"""What is compared: the scenarios, how each is loaded, and what Weir aims at."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One line of the table: a number taken from one result of a scenario's run."""

    name: str
    # Which of the run's results, and which of its fields ("latency.p99" for a nested one).
    result: int = 0
    value: str = "cpuMicroseconds"
    unit: str = "µs"
    # Weir's figure as a ratio to mosquitto's: at most (or at least) so much. None: for information.
    aim: float | None = None
    higher_is_better: bool = False


@dataclass(frozen=True)
class Scenario:
    name: str
    arguments: list[str]
    figures: list[Figure]
    group: str = "routing"
    # Whether --seconds and --warm-up are understood.
    is_timed: bool = True
    # For figures that are set against others of Weir.
    is_weir_only: bool = False
    # Further settings of Weir and further lines of mosquitto's configuration.
    weir: dict[str, str] = field(default_factory=dict)
    mosquitto: list[str] = field(default_factory=list)


def _routing(name, command, aims, extra=()):
    """The scenario at QoS 0 and QoS 1."""
    return [
        Scenario(
            f"{name}, QoS {qos}",
            [*command, "--qos", str(qos)],
            [Figure(f"{name}, QoS {qos}", aim=aims[qos]), *[make(name, qos) for make in extra]],
        )
        for qos in (0, 1)
    ]


def _shards(count, qos):
    """What the busiest thread spends on a message bounds the rate where each thread has a processor of its own,
    so the gain of a second shard shows even where the load takes a processor away from it."""
    name = f"100 pairs, QoS {qos}, {count} shard{'s' if count > 1 else ''}"
    return Scenario(
        name,
        ["pairs", "--pairs", "100", "--qos", str(qos)],
        [Figure(f"{name}: busiest thread", value="busiestThreadMicroseconds"), Figure(f"{name}: rate", value="rate", unit="/s")],
        group="shards",
        is_weir_only=True,
        weir={"gateway.shards": str(count)},
    )


def _p99(name, qos):
    return Figure(f"{name}, QoS {qos}: p99 latency", value="latency.p99", aim=1.0)


SCENARIOS = [
    *_routing("fan-in 50 to 1", ["fan-in", "--publishers", "50"], (0.08, 0.08)),
    *_routing("fan-out 1 to 100", ["fan-out", "--subscribers", "100"], (0.05, 0.06)),
    *_routing("fan-out 1 to 500", ["fan-out", "--subscribers", "500"], (None, None)),
    *_routing("100 pairs", ["pairs", "--pairs", "100"], (0.12, 0.14)),
    *_routing("20 pairs, 2,000/s", ["paced", "--pairs", "20", "--rate", "2000"], (0.60, 0.65), (_p99,)),
    *[_shards(count, qos) for qos in (0, 1) for count in (1, 2)],
    Scenario("100 pairs, QoS 2", ["pairs", "--pairs", "100", "--qos", "2"], [Figure("100 pairs, QoS 2")]),
    Scenario(
        "100,000 subscriptions, 5 matches",
        ["subscriptions", "--filters", "100000", "--matches", "5"],
        [Figure("100,000 subscriptions, 5 matches", aim=0.20)],
        group="state",
    ),
    Scenario(
        "1,000 subscriptions, 1 match",
        ["subscriptions", "--filters", "1000", "--matches", "1", "--no-wildcards", "--subscribers", "1000"],
        [Figure("1,000 subscriptions, 1 match")],
        group="state",
    ),
    Scenario(
        "1,000,000 subscriptions, 1 match",
        ["subscriptions", "--filters", "1000000", "--matches", "1", "--no-wildcards"],
        [Figure("1,000,000 subscriptions, 1 match")],
        group="state",
    ),
    Scenario(
        "20,000 retained",
        ["retained", "--retained", "20000"],
        [Figure("20,000 retained messages", aim=0.20)],
        group="state",
        is_timed=False,
    ),
    Scenario(
        "50,000 queued",
        ["offline", "--messages", "50000"],
        [
            Figure("50,000 queued messages, fetching", result=1, aim=0.30),
            Figure("50,000 queued messages, queueing", result=0),
        ],
        group="state",
        is_timed=False,
    ),
    Scenario(
        "1,000,000 queued",
        ["offline", "--publishers", "10", "--window", "10000", "--messages", "1000000"],
        [
            Figure("1,000,000 queued messages, fetching", result=1),
            Figure("1,000,000 queued messages: memory at most", result=1, value="residentBytesMax", unit="B"),
        ],
        group="state",
        is_timed=False,
    ),
    Scenario(
        "connects",
        ["connects", "--connects", "5000"],
        [
            Figure("5,000 connects", aim=0.80),
            Figure("5,000 connects: rate", value="rate", unit="/s", aim=1.0, higher_is_better=True),
        ],
        group="connections",
        is_timed=False,
    ),
    Scenario(
        "idle",
        ["idle", "--connections", "10000"],
        [
            Figure("10,000 idle: memory each", value="residentBytesPerConnection", unit="B", aim=1.0),
            Figure(
                "10,000 idle, subscribed: memory each",
                result=1,
                value="residentBytesPerConnection",
                unit="B",
                aim=1.0,
            ),
            Figure("10,000 idle: connects", value="rate", unit="/s", aim=1.0, higher_is_better=True),
        ],
        group="connections",
        is_timed=False,
    ),
    Scenario(
        "journal: 100 publishers",
        ["offline", "--publishers", "100", "--window", "30000", "--messages", "1000000"],
        [
            Figure("queueing from 100 publishers: CPU", aim=0.5),
            Figure("queueing from 100 publishers: rate", value="rate", unit="/s", aim=2.0, higher_is_better=True),
            Figure("queueing from 100 publishers: p99", value="latency.p99"),
            Figure("fetching 1,000,000: rate", result=1, value="rate", unit="/s", aim=3.0, higher_is_better=True),
            Figure("fetching 1,000,000: memory at most", result=1, value="residentBytesMax", unit="B"),
        ],
        group="journal",
        is_timed=False,
        weir={"storage.durability": "fsync"},
        mosquitto=["persistence true", "autosave_interval 1800"],
    ),
    Scenario(
        "journal: 100 publishers, memory",
        ["offline", "--publishers", "100", "--window", "30000", "--messages", "1000000"],
        [
            Figure("queueing in memory: CPU"),
            Figure("queueing in memory: rate", value="rate", unit="/s"),
        ],
        group="journal",
        is_timed=False,
        is_weir_only=True,
        weir={"storage.durability": "memory"},
    ),
    Scenario(
        "journal: 100 publishers, each sync 20 ms",
        ["offline", "--publishers", "100", "--window", "10000", "--messages", "300000"],
        [
            Figure("each sync 20 ms: rate", value="rate", unit="/s"),
            Figure("each sync 20 ms: latest acknowledgement", value="latency.max"),
        ],
        group="journal",
        is_timed=False,
        is_weir_only=True,
        weir={"storage.durability": "fsync", "storage.syncTime": "20ms"},
    ),
    Scenario(
        "journal: 1 publisher",
        ["offline", "--publishers", "1", "--window", "1", "--messages", "3000"],
        [Figure("one message in flight: p50", value="latency.p50"), Figure("one message in flight: CPU")],
        group="journal",
        is_timed=False,
        weir={"storage.durability": "fsync"},
        mosquitto=["persistence true", "autosave_interval 1800"],
    ),
]


@dataclass(frozen=True)
class Within:
    """A figure of Weir set against another one of Weir, or against a number."""

    name: str
    figure: str
    against: str | float
    aim: float
    higher_is_better: bool = False


WITHIN = [
    Within(
        "a million subscriptions against a thousand",
        "1,000,000 subscriptions, 1 match",
        "1,000 subscriptions, 1 match",
        2.0,
    ),
    *[
        Within(
            f"two shards deliver so many times what one does, QoS {qos}",
            f"100 pairs, QoS {qos}, 1 shard: busiest thread",
            f"100 pairs, QoS {qos}, 2 shards: busiest thread",
            1.6,
            higher_is_better=True,
        )
        for qos in (0, 1)
    ],
    Within(
        "fsync against memory, rate", "queueing from 100 publishers: rate", "queueing in memory: rate", 0.7, higher_is_better=True
    ),
    Within("fsync against memory, CPU", "queueing from 100 publishers: CPU", "queueing in memory: CPU", 1.5),
    Within("each sync 20 ms, against 50,000/s", "each sync 20 ms: rate", 50_000.0, 1.0, higher_is_better=True),
    Within("each sync 20 ms, latest against 60 ms", "each sync 20 ms: latest acknowledgement", 60_000.0, 1.0),
]
