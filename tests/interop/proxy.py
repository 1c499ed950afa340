"""A reverse proxy on loopback that records, judges and counts what Rollcall sends, and spoils chosen answers.

It never changes a request or an answer that it was not told to spoil.
"""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import judge

WRITES = ("POST", "PUT", "PATCH", "DELETE")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Fault:
    """Spoils the answers to `count` requests of one method, beginning with the `nth` after it was armed."""

    method: str
    action: str
    nth: int = 1
    count: int = 1
    retry_after: str | None = None
    kill: object = None
    seen: int = 0
    hit: int = 0

    def strikes(self, method):
        if method != self.method and self.method != "*":
            return False
        self.seen += 1
        strikes = self.nth <= self.seen < self.nth + self.count
        self.hit += strikes
        return strikes


@dataclass
class Exchange:
    """One request, and what was answered (None: nothing was)."""

    at: float
    method: str
    target: str
    body: bytes
    headers: dict
    forwarded: bool
    status: int | None


@dataclass
class Proxy:
    """The proxy in front of `upstream` (a port on loopback); `port` is where Rollcall is pointed to."""

    upstream: int
    exchanges: list = field(default_factory=list)
    violations: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        proxy = self

        class Bound(_Handler):
            owner = proxy

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def arm(self, method, action, **options):
        fault = Fault(method, action, **options)
        with self.lock:
            self.faults.append(fault)
        return fault

    def disarm(self):
        with self.lock:
            self.faults.clear()

    def writes(self, since=0):
        """The requests that would change something, from exchange number `since` on."""
        return [exchange for exchange in self.exchanges[since:] if exchange.method in WRITES]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Proxy
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without this each answer waits for a delayed acknowledgement.
    disable_nagle_algorithm = True

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = judge.violations(self.command, self.path, self.headers, body)
        with self.owner.lock:
            self.owner.violations += found
            fault = next((fault for fault in self.owner.faults if fault.strikes(self.command)), None)
            exchange = Exchange(time.monotonic(), self.command, self.path, body, dict(self.headers), False, None)
            self.owner.exchanges.append(exchange)
        getattr(self, f"_{fault.action}" if fault else "_pass")(exchange, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _forward(self, exchange):
        """Asks the server itself; the Host is kept, so that its locations point to where Rollcall was sent."""
        upstream = HTTPConnection("127.0.0.1", self.owner.upstream, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        upstream.request(self.command, self.path, exchange.body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        exchange.forwarded = True
        return answer.status, [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP], content

    def _answer(self, exchange, status, headers, content):
        exchange.status = status
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _pass(self, exchange, _fault):
        self._answer(exchange, *self._forward(exchange))

    def _lost(self, exchange, _fault):
        """The server did it, and the client never hears."""
        self._forward(exchange)
        self._hang_up()

    def _gateway_timeout(self, exchange, _fault):
        """The server did it, and a gateway in between says 504, in HTML."""
        self._forward(exchange)
        self._answer(exchange, 504, [("Content-Type", "text/html")], b"<html><h1>504 Gateway Time-out</h1></html>")

    def _truncated(self, exchange, _fault):
        """The server did it, and half of its JSON arrives, under a length that fits the half."""
        status, headers, content = self._forward(exchange)
        self._answer(exchange, status, headers, content[: len(content) // 2])

    def _reset(self, _exchange, _fault):
        """The connection breaks before the server has seen anything."""
        self._hang_up()

    def _killed_after(self, exchange, fault):
        """The server did it, and Rollcall is dead before it can hear of it."""
        self._forward(exchange)
        self._killed_before(exchange, fault)

    def _killed_before(self, _exchange, fault):
        """Rollcall dies with the request on its way, and the server never sees it."""
        fault.kill()
        self._hang_up()

    def _throttled(self, exchange, fault):
        headers = [("Retry-After", fault.retry_after)] if fault.retry_after else []
        self._answer(exchange, 429, [*headers, ("Content-Type", "application/scim+json")], b"{}")

    def _unavailable(self, exchange, _fault):
        self._answer(exchange, 503, [("Content-Type", "text/plain")], b"down for maintenance")

    def _hang_up(self):
        # Linger 0 makes it a reset, which no client can take for an empty answer.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile = _Closed()
        self.connection.close()

    def log_message(self, *_):
        pass


class _Closed:
    """Stands in for the stream of a connection that is gone: the base class still flushes it."""

    closed = True

    def flush(self):
        pass

    def close(self):
        pass
