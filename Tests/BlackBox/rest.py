"""A REST client, a callback server and a WebSocket client of the standard library, for the tests of the ETSI APIs."""

import base64
import http.server
import json
import os
import queue
import socket
import ssl
import struct
import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def problem(self, status, *words):
        """Asserts a ProblemDetails of that status whose detail has every word."""
        assert self.status == status, (self.status, self.body)
        assert self.headers["Content-Type"] == "application/problem+json"
        details = self.json
        assert details["status"] == status and details["title"]
        for word in words:
            assert word in details["detail"], (word, details)
        return details


def call(server, method, path, body=None, headers=None, context=None):
    """One request; `path` may be a whole URL."""
    url = path if "://" in path else server.ports["http"] + path
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as answer:
        return Answer(answer.code, answer.headers, answer.read())


class Callbacks:
    """Takes notifications at `url`; `statuses` are the next answers, 204 afterwards."""

    def __init__(self, statuses=()):
        self.received = queue.Queue()
        self.requests = 0
        statuses = list(statuses)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests += 1
                status = statuses.pop(0) if statuses else 204
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if status < 300:
                    outer.received.put((self.path, json.loads(body)))

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()

    def next(self, timeout=20):
        """Path and body of the next notification that was taken."""
        return self.received.get(timeout=timeout)


class WebSocket:
    """RFC 6455, as far as a subscriber needs it."""

    def __init__(self, url, headers=None, timeout=20):
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout)
        if parts.scheme == "wss":
            context = ssl._create_unverified_context()
            self.socket = context.wrap_socket(self.socket)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
        ] + [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, opcode, data=b""):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(data)]) + mask + masked)

    def frame(self):
        first, length = self.stream.read(2)
        length &= 0x7F
        if length == 126:
            length = struct.unpack(">H", self.stream.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.stream.read(8))[0]
        return first & 0xF, self.stream.read(length)

    def next(self):
        """The next text message, decoded."""
        opcode, data = self.frame()
        assert opcode == 1, (opcode, data)
        return json.loads(data)
