#!/usr/bin/env python3
"""Weir and Debian's mosquitto under the same load, in alternation.

Each run gets a broker of its own, started for it on a port and a directory of its own, so that no run meets
what an earlier one left behind, and the broker that is not measured does not run. The figures are the medians
of the rounds.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import brokers
import scenarios
import table

RUN_SECONDS_MAX = 300


def parse():
    names = [each.name for each in scenarios.SCENARIOS]
    groups = sorted({each.group for each in scenarios.SCENARIOS})
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="scenarios: " + "; ".join(names) + ". Groups: " + ", ".join(groups) + ".",
    )
    parser.add_argument("--weir", default=".build/release/weir", help="the binary, which also makes the load")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="scenarios or groups whose name contains it; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each scenario and broker (default 3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="measured seconds of the timed scenarios (default 2)")
    parser.add_argument("--warm-up", type=float, default=0.5, help="seconds before them (default 0.5)")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=HOST:PORT:PID", help="another broker, which runs already")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a further setting for Weir")
    parser.add_argument("--no-mosquitto", action="store_true", help="leave mosquitto out")
    parser.add_argument("--pin", action="store_true", help="the broker on processor 0, the load on processor 1")
    parser.add_argument("--mqtt-version", default="311", help="31, 311 or 5 (default 311)")
    parser.add_argument("--json", metavar="FILE", help="write every run's results and the medians")
    return parser.parse_args()


def run(options, scenario, broker_type):
    """One run; returns the list of results that `weir bench` gave."""
    pin_broker = ["taskset", "-c", "0"] if options.pin else []
    pin_load = ["taskset", "-c", "1"] if options.pin else []
    with broker_type(scenario, pin_broker) as broker:
        command = [*pin_load, os.path.abspath(options.weir), "bench", *scenario.arguments]
        command += ["--host", broker.host, "--port", str(broker.port), "--pid", str(broker.pid)]
        command += ["--mqtt-version", options.mqtt_version, "--quiet", "--json", "-"]
        if scenario.is_timed:
            command += ["--seconds", str(options.seconds), "--warm-up", str(options.warm_up)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
    # Exit code 2: the run is complete and messages were lost or out of order; the table says so.
    if done.returncode not in (0, 2):
        raise RuntimeError(done.stderr.strip() or f"weir bench ended with {done.returncode}")
    return json.loads(done.stdout)["results"]


def pick(results, figure):
    """The figure's value in one run's results, or None where it was not measured."""
    value = results[figure.result]
    for key in figure.value.split("."):
        value = value.get(key) if value is not None else None
    return value


def flaws(results):
    return sum(each["lost"] + each["repeatedOrLate"] + each["foreign"] for each in results)


def measure(options, chosen, types):
    """All runs: {scenario: {broker: [results of each round]}}, and what went wrong."""
    runs, problems = {}, []
    types_of = {each.name: [t for t in types if t is brokers.Weir or not each.is_weir_only] for each in chosen}
    total, done, start = sum(map(len, types_of.values())) * options.rounds, 0, time.monotonic()
    for scenario in chosen:
        runs[scenario.name] = {each.name: [] for each in types}
        for _ in range(options.rounds):
            for broker_type in types_of[scenario.name]:
                done += 1
                elapsed = int(time.monotonic() - start)
                print(f"\r\033[K[{done}/{total}, {elapsed} s] {scenario.name}: {broker_type.name}", end="", file=sys.stderr, flush=True)
                try:
                    results = run(options, scenario, broker_type)
                except (RuntimeError, subprocess.TimeoutExpired, OSError, ValueError) as error:
                    problems.append(f"{scenario.name}, {broker_type.name}: {error}")
                    continue
                runs[scenario.name][broker_type.name].append(results)
                if flaws(results):
                    problems.append(f"{scenario.name}, {broker_type.name}: {flaws(results)} messages lost, repeated or out of order")
    print("\r\033[K", end="", file=sys.stderr)
    return runs, problems


def medians(chosen, runs):
    """{figure's name: {broker: (median, lowest, highest)}}"""
    figures = {}
    for scenario in chosen:
        for figure in scenario.figures:
            for broker, rounds in runs[scenario.name].items():
                values = [value for results in rounds if (value := pick(results, figure)) is not None]
                if values:
                    figures.setdefault(figure.name, {})[broker] = (
                        statistics.median(values),
                        min(values),
                        max(values),
                    )
    return figures


def machine():
    model = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        pass
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0]}


def main():
    options = parse()
    if not os.access(options.weir, os.X_OK):
        sys.exit(f"{options.weir} is not there; build it with: swift build -c release --product weir")
    chosen = [
        each
        for each in scenarios.SCENARIOS
        if not options.only or any(text in each.name or text == each.group for text in options.only)
    ]
    if not chosen:
        sys.exit(f"no scenario's name contains {' or '.join(options.only)}")
    brokers.Weir.binary = options.weir
    brokers.Weir.extra = dict(each.split("=", 1) for each in options.set)
    types = [] if options.no_mosquitto else [brokers.Mosquitto]
    types += [brokers.Weir, *[brokers.Running(each) for each in options.peer]]
    about = machine()
    if about["load"] > 0.5:
        print(f"The machine is busy (load {about['load']:.1f}): the figures will be too high.", file=sys.stderr)
    runs, problems = measure(options, chosen, types)
    figures = medians(chosen, runs)
    print(f"{about['cpu']}, {about['cpus']} processors, Linux {about['kernel']}, load at the start {about['load']:.1f}; medians of {options.rounds} rounds, MQTT {options.mqtt_version}, 64-byte payloads")
    print(table.render(chosen, figures, [each.name for each in types]))
    for problem in problems:
        print(f"! {problem}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": about, "figures": figures, "runs": runs, "problems": problems}, file, indent=1)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
