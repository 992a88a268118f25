"""Stands in for any service while the launcher itself is under test: python -m stand_in PART.

It knows which one it is by the only `<SERVICE>_PORT` that it was told; standard library only.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMES = ("CATALOG", "CASE", "SITE", "INTEROP", "GATEWAY")
part = sys.argv[1]
(name,) = [each for each in NAMES if f"{each}_PORT" in os.environ]
record = Path(os.environ["STAND_IN_RECORD"])


def note(**what: object) -> None:
    with record.open("a") as file:
        file.write(json.dumps({"name": name, "part": part, **what}) + "\n")


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pending = 0 if time.monotonic() - started > 0.3 else 3
        self.answer(200, f"tongban_outbox_pending {pending}\n" if "metrics" in self.path else "ok")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        note(path=self.path, key=key, body=json.loads(body))
        if json.loads(body) == "refused":
            self.answer(422, '{"title": "矿"}')
        elif "sites" in self.path and not asked_before(key):
            self.answer(409, "not yet", {"Retry-After": "0"})
        else:
            self.answer(201, '{"created": 1}')

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        return


keys: set[str] = set()


def asked_before(key: str) -> bool:
    known = key in keys
    keys.add(key)
    return known


note(pid=os.getpid())
if (
    part == os.environ.get("STAND_IN_FAILS", "").partition(" ")[2]
    and name == os.environ.get("STAND_IN_FAILS", "").partition(" ")[0]
):
    sys.exit("no such luck")
if part != "migrate":
    started = time.monotonic()
    if os.environ.get("STAND_IN_STUBBORN") == f"{name} {part}":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    port = os.environ[f"{name}_PORT" if part == "api" else f"{name}_WORK_PORT"]
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", int(port)), Answers).serve_forever()
