"""`weir pub` and `weir sub` against Debian's mosquitto: the flags and exit codes of its own clients."""

import json
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from weir import weir_binary

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def broker(tmp_path):
    """A function that starts a mosquitto with further lines of configuration and returns its port."""
    started = []

    def start(*lines):
        port = free_port()
        config = tmp_path / f"mosquitto{len(started)}.conf"
        lines = lines or ("allow_anonymous true",)
        config.write_text("\n".join([f"listener {port} 127.0.0.1", "user root", *lines]) + "\n")
        process = subprocess.Popen([MOSQUITTO, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return port
            except OSError:
                assert process.poll() is None, "mosquitto ended"
        raise AssertionError("mosquitto does not listen")

    yield start
    for process in started:
        process.terminate()
        process.wait(10)


def weir(command, port, *arguments, stdin=b"", seconds=30):
    return subprocess.run(
        [weir_binary(), command, "-p", str(port), *arguments], input=stdin, capture_output=True, timeout=seconds
    )


class Subscriber:
    """A `weir sub` in the background that has its SUBACK."""

    def __init__(self, port, *arguments):
        self.process = subprocess.Popen(
            [weir_binary(), "sub", "-p", str(port), "-d", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for line in self.process.stderr:
            if b"SUBACK" in line:
                return
        raise AssertionError("no SUBACK")

    def finish(self):
        output, _ = self.process.communicate(timeout=30)
        return output, self.process.returncode


@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", ["0", "1", "2"])
def test_a_message_arrives(broker, version, qos):
    port = broker()
    subscriber = Subscriber(port, "-V", version, "-t", "a/+", "-q", qos, "-C", "1", "-v")
    assert weir("pub", port, "-V", version, "-t", "a/b", "-m", "hello", "-q", qos).returncode == 0
    assert subscriber.finish() == (b"a/b hello\n", 0)


def test_lines_files_and_empty_messages(broker, tmp_path):
    port = broker()
    subscriber = Subscriber(port, "-t", "#", "-C", "6", "-F", "%t:%l:%p")
    file = tmp_path / "file"
    file.write_bytes(b"\x00\xff\n")
    assert weir("pub", port, "-t", "l", "-l", "-q", "1", stdin=b"one\n\nthree").returncode == 0
    assert weir("pub", port, "-t", "f", "-f", file).returncode == 0
    assert weir("pub", port, "-t", "s", "-s", stdin=b"a\nb\n").returncode == 0
    assert weir("pub", port, "-t", "n", "-n").returncode == 0
    output, code = subscriber.finish()
    assert output == b"l:3:one\nl:0:\nl:5:three\nf:3:\x00\xff\n\ns:4:a\nb\n\nn:0:\n"
    assert code == 0


def test_many_lines_keep_their_order(broker):
    port = broker("allow_anonymous true", "max_queued_messages 0")
    subscriber = Subscriber(port, "-t", "l", "-C", "5000", "-q", "2")
    lines = b"".join(b"%d\n" % number for number in range(5000))
    assert weir("pub", port, "-t", "l", "-l", "-q", "2", stdin=lines).returncode == 0
    assert subscriber.finish() == (lines, 0)


def test_repeat(broker):
    port = broker()
    subscriber = Subscriber(port, "-t", "r", "-C", "3", "-N")
    start = time.monotonic()
    assert weir("pub", port, "-t", "r", "-m", "x", "--repeat", "3", "--repeat-delay", "0.1").returncode == 0
    assert time.monotonic() - start >= 0.2
    assert subscriber.finish() == (b"xxx", 0)


def test_retained_messages(broker):
    port = broker()
    for topic in ("keep/a", "keep/b", "other"):
        assert weir("pub", port, "-t", topic, "-m", "1", "-r", "-q", "1").returncode == 0
    got = weir("sub", port, "-t", "#", "--retained-only", "-W", "1", "-v", "-T", "keep/b")
    assert sorted(got.stdout.splitlines()) == [b"keep/a 1", b"other 1"]
    assert got.returncode == 27
    assert weir("sub", port, "-t", "#", "-R", "-W", "1").stdout == b""
    removed = weir("sub", port, "-t", "#", "--remove-retained", "-T", "keep/#", "-W", "1", "-v")
    # What takes it away is a message itself, as with mosquitto_sub.
    assert removed.stdout == b"other 1\nother (null)\n"
    left = weir("sub", port, "-t", "#", "-W", "1", "-v")
    assert sorted(left.stdout.splitlines()) == [b"keep/a 1", b"keep/b 1"]


def test_properties_and_json(broker):
    port = broker()
    subscriber = Subscriber(port, "-V", "5", "-t", "p", "-C", "1", "-F", "%j", "-q", "1")
    properties = ["-D", "publish", "content-type", "a/b", "-D", "publish", "user-property", "k", "v w"]
    properties += ["-D", "publish", "message-expiry-interval", "60"]
    assert weir("pub", port, "-V", "5", "-t", "p", "-m", '{"x":1}', "-q", "1", *properties).returncode == 0
    output, code = subscriber.finish()
    message = json.loads(output)
    assert code == 0
    assert message["topic"] == "p" and message["qos"] == 1 and message["payload"] == '{"x":1}'
    assert message["properties"] == {
        "content-type": "a/b",
        "user-properties": {"k": "v w"},
        "message-expiry-interval": 60,
    }


def test_our_json_is_mosquitto_subs_but_for_the_time(broker):
    if not shutil.which("mosquitto_sub"):
        pytest.skip("mosquitto_sub is not installed: apt-get install mosquitto-clients")
    port = broker()
    arguments = ["-V", "5", "-t", "p", "-C", "1", "-F", "%j|%x|%10t|%05l|%q|%r|%P", "-q", "1"]
    ours = Subscriber(port, *arguments)
    theirs = subprocess.Popen(
        ["stdbuf", "-oL", "mosquitto_sub", "-p", str(port), "-d", *arguments], stdout=subprocess.PIPE
    )
    while b"Subscribed" not in theirs.stdout.readline():
        pass
    payload = 'quotes " and \\ and\ttabs, ü'
    sent = weir("pub", port, "-V", "5", "-t", "p", "-m", payload, "-q", "1", "-D", "publish", "user-property", "k", "v")
    assert sent.returncode == 0

    def shown(output):
        line = next(line for line in output.splitlines() if line.startswith(b"{"))
        body, *rest = line.rsplit(b"|", 6)
        parsed = json.loads(body)
        del parsed["tst"]
        return parsed, rest

    assert shown(ours.finish()[0]) == shown(theirs.communicate(timeout=10)[0])


def test_a_kept_session(broker):
    port = broker()
    keep = ["-c", "-i", "keeper", "-q", "1"]
    assert weir("sub", port, *keep, "-t", "q/#", "-E").returncode == 0
    assert weir("pub", port, "-t", "q/1", "-m", "waiting", "-q", "1").returncode == 0
    got = weir("sub", port, *keep, "-t", "q/#", "-C", "1", "-W", "10")
    assert (got.stdout, got.returncode) == (b"waiting\n", 0)
    assert weir("sub", port, *keep, "-U", "q/#", "-E").returncode == 0
    assert weir("pub", port, "-t", "q/1", "-m", "unheard", "-q", "1").returncode == 0
    got = weir("sub", port, *keep, "-t", "other", "-W", "1")
    assert (got.stdout, got.returncode) == (b"", 27)


def test_the_will(broker):
    port = broker()
    watcher = Subscriber(port, "-t", "will", "-C", "1")
    mortal = Subscriber(port, "-t", "x", "--will-topic", "will", "--will-payload", "gone", "--will-qos", "1")
    mortal.process.kill()
    mortal.process.communicate()
    assert watcher.finish() == (b"gone\n", 0)


def test_sigterm_says_good_bye(broker):
    port = broker()
    watcher = Subscriber(port, "-t", "will", "-W", "2")
    polite = Subscriber(port, "-t", "x", "--will-topic", "will", "--will-payload", "gone")
    polite.process.send_signal(signal.SIGTERM)
    assert polite.finish()[1] == 0
    assert watcher.finish() == (b"", 27)


def test_a_url_says_it_all(broker, tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    subprocess.run(["mosquitto_passwd", "-b", passwords, "ann", "se:cret"], check=True)
    port = broker(f"password_file {passwords}")
    url = f"mqtt://ann:se%3Acret@127.0.0.1:{port}/u/t"
    subscriber = Subscriber(port, "-L", url, "-C", "1", "-v")
    done = subprocess.run([weir_binary(), "pub", "-L", url, "-m", "x"], timeout=30)
    assert done.returncode == 0
    assert subscriber.finish() == (b"u/t x\n", 0)


@pytest.mark.parametrize("version,code", [("311", 5), ("5", 135)])
def test_a_refusal_gives_its_reason_code(broker, version, code):
    port = broker("allow_anonymous false")
    for command in (["pub", "-m", "x"], ["sub"]):
        done = weir(command[0], port, "-V", version, "-t", "a", *command[1:])
        assert done.returncode == code
        assert b"not authorized" in done.stderr
        quiet = weir(command[0], port, "-V", version, "-t", "a", "--quiet", *command[1:])
        assert quiet.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ["pub", "-t", "a"],
        ["pub", "-m", "b"],
        ["pub", "-t", "a/#", "-m", "b"],
        ["pub", "-t", "a", "-m", "b", "-n"],
        ["pub", "-t", "a", "-m", "b", "-q", "3"],
        ["pub", "-t", "a", "-m", "b", "-V", "7"],
        ["pub", "-t", "a", "-m", "b", "-c"],
        ["pub", "-t", "a", "-m", "b", "-x", "5"],
        ["pub", "-t", "a", "-m", "b", "-D", "publish", "content-type", "x"],
        ["pub", "-t", "a", "-m", "b", "-V", "5", "-D", "connect", "content-type", "x"],
        ["pub", "-t", "a", "-f", "/nonexistent"],
        ["pub", "-t", "a", "-m", "b", "--psk", "00"],
        ["pub", "-t", "a", "-m", "b", "--cafile", "/nonexistent"],
        ["pub", "-t", "a", "-m", "b", "--bogus"],
        ["sub"],
        ["sub", "-t", "a/#/b"],
        ["sub", "-t", "a", "-F", "%z"],
        ["sub", "-t", "a", "-C", "0"],
        ["sub", "-t", "a", "-R", "--retained-only"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_told(broker, arguments):
    done = weir(arguments[0], broker(), *arguments[1:], seconds=10)
    assert done.returncode not in (0, 27)
    assert done.stderr.startswith(b"Error: ")


def test_nobody_listens():
    done = weir("pub", free_port(), "-t", "a", "-m", "b")
    assert done.returncode == 1
    assert b"Connection refused" in done.stderr


def test_a_lost_connection_is_made_anew(tmp_path):
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nuser root\nallow_anonymous true\n")

    def start():
        process = subprocess.Popen([MOSQUITTO, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return process
            except OSError:
                assert process.poll() is None

    first = start()
    subscriber = Subscriber(port, "-t", "a", "-C", "1")
    first.terminate()
    first.wait(10)
    second = start()
    try:
        for line in subscriber.process.stderr:
            if b"SUBACK" in line:
                break
        assert weir("pub", port, "-t", "a", "-m", "back", "-q", "1").returncode == 0
        assert subscriber.finish() == (b"back\n", 0)
    finally:
        second.terminate()
        second.wait(10)


class SocksProxy:
    """A SOCKS5 proxy for one connection at a time (RFC 1928), which tells what it was asked for."""

    def __init__(self, user=None, password=None, reply=0, name_reply=False):
        self.user, self.password, self.reply, self.name_reply = user, password, reply, name_reply
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                self.pass_on(client)

    def pass_on(self, client):
        read = client.makefile("rb")
        _, count = read.read(2)
        methods = read.read(count)
        if self.user is None:
            client.sendall(b"\x05\x00")
        elif 2 not in methods:
            client.sendall(b"\x05\xff")
            return
        else:
            client.sendall(b"\x05\x02")
            read.read(1)
            user = read.read(read.read(1)[0])
            password = read.read(read.read(1)[0])
            good = (user, password) == (self.user, self.password)
            client.sendall(bytes([1, 0 if good else 1]))
            if not good:
                return
        _, _, _, kind = read.read(4)
        host = {1: lambda: socket.inet_ntoa(read.read(4)), 3: lambda: read.read(read.read(1)[0]).decode(),
                4: lambda: socket.inet_ntop(socket.AF_INET6, read.read(16))}[kind]()
        port = int.from_bytes(read.read(2), "big")
        self.asked.append((kind, host, port))
        # Byte by byte: the client must not take two answers for one.
        bound = b"\x03\x04name" if self.name_reply else b"\x01\x00\x00\x00\x00"
        for byte in bytes([5, self.reply, 0]) + bound + b"\x00\x00":
            client.sendall(bytes([byte]))
        if self.reply:
            return
        with socket.create_connection((host, port)) as broker:
            while True:
                ready, _, _ = select.select([client, broker], [], [], 10)
                if not ready:
                    return
                for each in ready:
                    data = each.recv(65536)
                    if not data:
                        return
                    (broker if each is client else client).sendall(data)

    def close(self):
        self.listener.close()


@pytest.fixture
def socks():
    """A function that starts a proxy."""
    proxies = []

    def start(**options):
        proxies.append(SocksProxy(**options))
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.close()


@pytest.mark.parametrize("host, kind", [("127.0.0.1", 1), ("localhost", 3)])
@pytest.mark.parametrize("name_reply", [False, True])
def test_a_socks_proxy_is_passed(broker, socks, host, kind, name_reply):
    port = broker()
    proxy = socks(name_reply=name_reply)
    url = f"socks5h://127.0.0.1:{proxy.port}"
    sent = weir("pub", port, "-h", host, "--proxy", url, "-t", "p/q", "-m", "through", "-r", "-q", "1")
    assert (sent.returncode, sent.stderr) == (0, b"")
    got = weir("sub", port, "-h", host, "--proxy", url, "-t", "p/#", "-C", "1", "-W", "10")
    assert (got.returncode, got.stdout) == (0, b"through\n")
    assert proxy.asked == [(kind, host, port)] * 2


def test_a_socks_proxy_may_ask_who_it_is(broker, socks):
    port = broker()
    proxy = socks(user=b"me", password=b"p:w")
    good = weir("pub", port, "--proxy", f"socks5h://me:p%3Aw@127.0.0.1:{proxy.port}", "-t", "a", "-m", "x")
    assert (good.returncode, good.stderr) == (0, b"")
    bad = weir("pub", port, "--proxy", f"socks5h://me:wrong@127.0.0.1:{proxy.port}", "-t", "a", "-m", "x")
    assert bad.returncode != 0 and b"does not know the user name and password" in bad.stderr
    nobody = weir("pub", port, "--proxy", f"socks5h://127.0.0.1:{proxy.port}", "-t", "a", "-m", "x")
    assert nobody.returncode != 0 and b"put user:password@ into --proxy" in nobody.stderr


def test_what_a_socks_proxy_refuses_is_told(broker, socks):
    proxy = socks(reply=5)
    refused = weir("pub", 1, "--proxy", f"socks5h://127.0.0.1:{proxy.port}", "-t", "a", "-m", "x")
    assert refused.returncode != 0
    assert b"the broker refused the connection" in refused.stderr
    scheme = weir("pub", 1, "--proxy", "http://127.0.0.1:1", "-t", "a", "-m", "x")
    assert scheme.returncode != 0 and b"socks5h://" in scheme.stderr
