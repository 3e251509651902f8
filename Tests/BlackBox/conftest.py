"""Fixtures: the real server, started and stopped by the tests that need it."""

import pytest

from cloud import Cloud
from weir import Weir, weir_binary


def pytest_report_header():
    return f"weir: {weir_binary()}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the server's log with a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for server in getattr(item, "weir_servers", []):
            report.sections.append((f"log of weir {server.arguments}", server.log()))


@pytest.fixture
def start(request, tmp_path):
    """A function that starts a server and returns it once it is ready; all are stopped after the test."""
    servers = []
    request.node.weir_servers = servers

    def start_server(*arguments, **options):
        server = Weir(tmp_path / f"server{len(servers)}", arguments, **options)
        servers.append(server)
        server.start()
        return server

    yield start_server
    for server in servers:
        server.end()


@pytest.fixture
def server(start):
    """A server with one TCP listener, everything else at its default."""
    return start("--listen", "tcp://127.0.0.1:0")


@pytest.fixture
def cloud(tmp_path):
    """The far side of the uplink: broker, collector, database."""
    far_side = Cloud(tmp_path)
    yield far_side
    far_side.end()
