"""`weir top` beside a running server."""

import json
import os
import pty
import re
import select
import subprocess

from clients import Client, properties
from weir import clean_environment, run, weir_binary


def test_one_look_as_text_and_as_json(server):
    with Client(server) as subscriber, Client(server) as publisher:
        subscriber.subscribe("a/#", 1)
        publisher.publish("a/kept", b"x", 1, retain=True)
        subscriber.receive()
        for _ in range(9):
            publisher.publish("a/b", b"x", 1)
            subscriber.receive()
        text = run("top", "--once", "--interval", "0.1", "--url", server.ports["http"], check=0).stdout
        lines = text.splitlines()
        assert re.match(r"weir \S+ at 127\.0\.0\.1:\d+, up ", lines[0])
        assert re.search(r"^clients +2 ", text, re.M)
        assert re.search(r"^sessions +2 +subscriptions 1$", text, re.M)
        assert re.search(r"^storage +open ", text, re.M)
        line = json.loads(run("top", "--once", "--json", "--interval", "0.1", "--url", server.ports["http"], check=0).stdout)
    assert (line["clients"], line["sessions"], line["subscriptions"]) == (2, 2, 1)
    # What the server says of itself is retained too.
    assert line["retainedMessages"] >= 1
    assert line["storage"]["states"] == ["open"]
    assert line["residentBytes"] > 1_000_000
    # A timer may fire a little early.
    assert 0.09 <= line["rateSeconds"] < 60
    assert line["rates"]["received"] >= 0


def test_waiting_messages_and_losses_are_told(start):
    server = start("--listen", "tcp://127.0.0.1:0", "--set", "access.quotas.queuedMessages=5")
    absent = Client(server, "absent", clean_start=False, properties=properties("CONNECT", SessionExpiryInterval=3600)).connect()
    absent.subscribe("q", 1)
    absent.disconnect()
    with Client(server) as publisher:
        for _ in range(8):
            publisher.publish("q", b"x", 1)
        line = json.loads(run("top", "--once", "--json", "--interval", "0.1", "--url", server.ports["http"], check=0).stdout)
        assert line["waitingMessages"] == 5
        assert {"kind": "dropped", "reason": "queue_full", "total": 3} in line["losses"]
    back = Client(server, "absent", clean_start=False, properties=properties("CONNECT", SessionExpiryInterval=3600)).connect()
    for _ in range(5):
        back.receive()
    line = json.loads(run("top", "--once", "--json", "--interval", "0.1", "--url", server.ports["http"], check=0).stdout)
    assert line["waitingMessages"] == 0
    back.disconnect()


def test_a_server_that_is_away_is_said(server):
    answer = run("top", "--once", "--url", "http://127.0.0.1:1")
    assert answer.returncode == 69
    assert "127.0.0.1:1 cannot be reached: Connection refused" in answer.stderr
    # A listener of another kind.
    other = run("top", "--once", "--url", f"http://127.0.0.1:{server.port()}")
    assert other.returncode == 69
    assert "does not speak HTTP" in other.stderr
    bad = run("top", "--url", "ftp://x")
    assert bad.returncode == 64
    assert "http://HOST:PORT" in bad.stderr


class Terminal:
    """A command on a terminal of 100 columns."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        import fcntl
        import struct
        import termios

        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [weir_binary(), *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=clean_environment()
        )
        os.close(slave)
        self.seen = ""

    def until(self, text, timeout=20):
        """Reads until `text` has come since the last time."""
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], timeout)
            assert ready, f"no {text!r} within {timeout} s in {self.seen!r}"
            self.seen += os.read(self.master, 65536).decode(errors="replace")
        before, _, self.seen = self.seen.partition(text)
        return before

    def end(self):
        self.process.terminate()
        try:
            while True:
                data = os.read(self.master, 65536)
                if not data:
                    break
                self.seen += data.decode(errors="replace")
        except OSError:
            pass
        os.close(self.master)
        return self.process.wait(20)


def test_on_a_terminal_it_stays_in_its_place_and_outlives_the_server(server):
    terminal = Terminal("top", "--interval", "0.1", "--url", server.ports["http"])
    try:
        terminal.until("\x1b[?1049h")
        terminal.until("clients")
        with Client(server):
            terminal.until("clients                  1")
        server.stop()
        terminal.until("cannot be reached: Connection refused")
        terminal.until("asking again")
    finally:
        status = terminal.end()
    assert status == 0
    assert terminal.seen.endswith("\x1b[?25h\x1b[?1049l")
