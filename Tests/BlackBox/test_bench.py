"""`weir bench`, small, against the real server."""

import json

import pytest

from certificates import Authority
from weir import run

# Quotas meant for devices would slow the generator down.
QUOTAS = ["--set", "access.quotas.publishRate=1000000/s", "--set", "access.quotas.queuedMessages=100000"]
FLOW = ["--messages", "500", "--warm-up", "0", "--seconds", "20", "--window", "50"]

# Scenario, its arguments, and for each result the unit and how many of it there must be.
SCENARIOS = {
    "fan-in": (["fan-in", "--publishers", "5", *FLOW], [("delivery", 500)]),
    "fan-in QoS 2": (["fan-in", "--publishers", "5", "--qos", "2", *FLOW], [("delivery", 500)]),
    "fan-out": (["fan-out", "--subscribers", "7", "--qos", "1", *FLOW], [("delivery", 3500)]),
    "pairs": (["pairs", "--pairs", "10", "--qos", "1", *FLOW], [("delivery", 500)]),
    "pairs, 3 threads": (["pairs", "--pairs", "10", "--threads", "3", *FLOW], [("delivery", 500)]),
    "paced": (["paced", "--pairs", "4", "--rate", "5000", *FLOW], [("delivery", 500)]),
    "subscriptions": (["subscriptions", "--filters", "2000", "--matches", "4", *FLOW], [("delivery", 2000)]),
    "retained": (["retained", "--retained", "300", "--subscribers", "2"], [("delivery", 600)]),
    "offline": (
        ["offline", "--messages", "400", "--publishers", "3", "--window", "60"],
        [("acknowledgement", 400), ("delivery", 400)],
    ),
    "connects": (["connects", "--connects", "60", "--concurrency", "10"], [("connect", 60)]),
    "connects, 2 threads": (["connects", "--connects", "61", "--concurrency", "9", "--threads", "2"], [("connect", 61)]),
    "idle": (["idle", "--connections", "40"], [("connect", 39), ("subscription", 40)]),
}


def bench(server, *arguments, check=0):
    result = run("bench", *arguments, "--port", server.port(), "--pid", server.pid, "--json", "-", "--quiet", check=check)
    return json.loads(result.stdout)["results"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    from weir import Weir

    server = Weir(tmp_path_factory.mktemp("bench"), ["--listen", "tcp://127.0.0.1:0", *QUOTAS])
    server.start()
    yield server
    server.end()


@pytest.mark.parametrize("arguments, expected", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("version", ["311", "5"])
def test_a_scenario_tells_what_it_did(broker, arguments, expected, version):
    """Each message carries its number, so TCP's promise is checked too: [MQTT-4.2.0-1], [MQTT3-7.1.1-1]."""
    results = bench(broker, *arguments, "--mqtt-version", version)
    assert [(each["unit"], each["units"]) for each in results] == expected
    for each in results:
        assert each["lost"] == each["repeatedOrLate"] == each["foreign"] == 0
        assert each["seconds"] > 0
        assert each["rate"] == pytest.approx(each["units"] / each["seconds"])
        assert 0 < each["busiestThreadMicroseconds"] <= each["cpuMicroseconds"]
        assert each["generatorMicroseconds"] > 0
        # What was retained or queued was published long before.
        if "retained" not in each["scenario"] and "queued messages" not in each["scenario"] and each["unit"] != "subscription":
            latency = each["latency"]
            assert 0 < latency["p50"] <= latency["p99"] <= latency["p999"] <= latency["max"]


def test_the_table_is_for_people(broker):
    text = run("bench", "pairs", "--pairs", "2", *FLOW, "--port", broker.port(), check=0).stdout
    assert text.splitlines()[0].split()[:3] == ["scenario", "messages", "per"]
    assert text.splitlines()[1].startswith("2 pairs, QoS 0")


def test_a_loss_is_told_and_ends_with_code_2(start):
    # Twenty messages wait for a session that is away, the others are dropped.
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "access.quotas.queuedMessages=20")
    results = bench(server, "offline", "--messages", "100", "--stall", "1", check=2)
    assert results[1]["units"] + results[1]["lost"] == 100
    assert results[1]["lost"] > 0


def test_a_broker_that_is_not_there_is_said(broker):
    result = run("bench", "pairs", "--port", "1", "--quiet")
    assert result.returncode not in (0, 2)
    assert "connecting to 127.0.0.1:1" in result.stderr


def test_more_threads_than_pairs_are_refused(broker):
    result = run("bench", "pairs", "--pairs", "2", "--threads", "3", "--port", broker.port())
    assert result.returncode not in (0, 2)
    assert "need a pair each" in result.stderr


def test_tls(start, tmp_path):
    authority = Authority(tmp_path / "ca")
    certificate, key = authority.issue("site", "localhost", "IP:127.0.0.1")
    server = start("--listen", f"tls://127.0.0.1:0?cert={certificate}&key={key}", *QUOTAS)
    trusted = ["--tls-ca", authority.certificate]
    (result,) = bench(server, "pairs", "--pairs", "3", "--qos", "1", "--payload", "40000", *FLOW, *trusted)
    assert (result["units"], result["lost"]) == (500, 0)
    (result,) = bench(server, "connects", "--connects", "20", *trusted)
    assert result["units"] == 20
    assert server.metrics()['weir_tls_handshakes_total{kind="full"}'] >= 26
    other = Authority(tmp_path / "other", "Other root")
    refused = run("bench", "pairs", *FLOW, "--port", server.port(), "--tls-ca", other.certificate)
    assert refused.returncode not in (0, 2)
    assert "TLS handshake" in refused.stderr
