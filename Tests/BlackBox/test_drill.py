"""The outage drill, short: network namespaces, netem, kill -9 of everybody. `make drill` is the long one."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Drill"))


def can_make_namespaces():
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("tc"):
        return False
    name = f"weir-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        return False
    try:
        shaped = subprocess.run(
            ["tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "50kbit", "burst", "3000", "limit", "6000"],
            capture_output=True,
        )
        return shaped.returncode == 0
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True)


@pytest.mark.timeout(400)
@pytest.mark.skipif(not can_make_namespaces(), reason="no right to make network namespaces with a shaped link")
def test_a_short_drill_loses_and_repeats_nothing(tmp_path):
    import drill

    drill.run(seconds=32, seed=4, directory=tmp_path)


@pytest.mark.timeout(200)
@pytest.mark.skipif(not can_make_namespaces(), reason="no right to make network namespaces with a shaped link")
def test_an_alarm_overtakes_a_drain_over_a_thin_link(tmp_path):
    """One batch time at 1 Mbit/s and a round trip: a second or so; generous, because machines are busy."""
    import figures

    assert max(figures.alarm(tmp_path, alarms=3)) < 5
