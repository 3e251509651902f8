"""Property-based tests of the ETSI APIs from their own OpenAPI documents, by schemathesis.

Usage: fuzz_api.py [--short | --examples N] [API ...]

Starts a server with some resources in it, and asks each API's operations for what its document says and for what it
does not say. No answer may be 5xx, or have a status, content type or body that the document does not have.
Exits with 1 where one does, and prints how to repeat it.
"""

import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
import time

from rest import call
from test_bandwidth import allocation
from test_rest import APP, LISTEN, SVC, offer, register
from weir import Weir

APIS = ("app_support", "service_mgmt", "rni", "location", "bwm", "mts")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
CONFIG = LISTEN + """services: {enabled: true}
rest: {requestRate: 0, callbacks: {allowLoopback: true, attempts: 1}}
"""


def resources(server):
    """What the paths of the documents can name, by parameter."""
    app = register(server)
    service = offer(server, app, livenessInterval=60).json["serInstanceId"]
    session = {
        "appInsId": "a", "requestType": 0, "flowFilter": [], "qosD": {}, "mtsMode": 0, "trafficDirection": "00",
    }
    rule = {
        "trafficRuleId": "r1", "filterType": "FLOW", "priority": 1, "action": "DROP", "state": "INACTIVE",
        "trafficFilter": [{"srcAddress": ["10.0.0.0/8"]}],
    }
    name = {
        "dnsRuleId": "d1", "domainName": "video.example", "ipAddressType": "IP_V4", "ipAddress": "10.0.0.1",
        "state": "ACTIVE",
    }
    for kind, body in (("traffic_rules", rule), ("dns_rules", name)):
        assert call(server, "POST", f"{APP}/applications/{app}/{kind}", body).status == 201
    end = time.monotonic() + 30
    while not (zones := call(server, "GET", "/location/v3/queries/zones").json["zoneList"]["zone"]):
        assert time.monotonic() < end, "the site has no zones"
    zone = zones[0]["zoneId"]
    points = call(server, "GET", f"/location/v3/queries/zones/{zone}/accessPoints").json["accessPointList"]
    return {
        "appInstanceId": app, "serviceId": service, "trafficRuleId": "r1", "dnsRuleId": "d1", "zoneId": zone,
        "accessPointId": points["accessPoint"][0]["accessPointId"],
        "allocationId": call(server, "POST", "/bwm/v1/bw_allocations", allocation("a", "00")).json["allocationId"],
        "sessionId": call(server, "POST", "/mts/v1/mts_sessions", session).json["sessionId"],
        "subscriptionId": call(server, "POST", "/rni/v2/subscriptions", {
            "subscriptionType": "CaReconfSubscription", "callbackReference": "http://127.0.0.1:9/",
            "filterCriteriaAssoc": {},
        }).json["_links"]["self"]["href"].rsplit("/", 1)[1],
    }


def fuzz(server, api, known, options, deletes):
    """Runs schemathesis on one API: its name, whether all went well, and what was printed."""
    with tempfile.TemporaryDirectory() as folder:
        if not deletes:
            lines = "".join(f'"path.{name}" = "{value}"\n' for name, value in known.items())
            (pathlib.Path(folder) / "schemathesis.toml").write_text("[parameters]\n" + lines)
        command = [
            pathlib.Path(sys.executable).with_name("st"), "run", server.ports["http"] + f"/openapi/{api}.json",
            "--checks", CHECKS, "--no-color", "--generation-deterministic", "--continue-on-failure", "--warnings", "off",
            *(("--max-examples", 3, "--phases", "fuzzing") if options.short else (
                "--max-examples", options.examples, "--phases", "coverage,fuzzing")),
            # What the others ask for must be there while they ask.
            "--include-method" if deletes else "--exclude-method", "DELETE",
        ]
        result = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    return api, result.returncode == 0, result.stdout + result.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=100, help="of each operation")
    parser.add_argument("--short", action="store_true", help="a few of each, in half a minute")
    parser.add_argument("apis", nargs="*", default=APIS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Weir(pathlib.Path(folder) / "server", [], config=CONFIG).start()
        try:
            known = resources(server)
            failed = []
            for deletes in (False,) if options.short else (False, True):
                with concurrent.futures.ThreadPoolExecutor(2) as pool:
                    for api, is_well, text in pool.map(lambda a: fuzz(server, a, known, options, deletes), options.apis):
                        cases = next((line.strip() for line in text.splitlines() if " generated, " in line), "no cases")
                        print(f"{api}{' (DELETE)' if deletes else ''}: {cases}")
                        if not is_well:
                            failed.append(api)
                            print(text)
            assert server.process.poll() is None, "the server has ended:\n" + server.log()
        finally:
            server.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
