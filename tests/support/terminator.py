"""A TLS terminator as it stands before a gateway: it demands a certificate, and says what it lacks.

asyncio's own server ends a failed handshake without the alert, so this one is of plain sockets.
"""

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.certificates import Authority, Certified

__all__ = ["terminating"]


@contextmanager
def terminating(port: int, *, demanded: Authority, shown: Certified) -> Iterator[str]:
    """Pass on to `port` what comes with a certificate of this authority, until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    context.load_verify_locations(demanded.file)
    context.verify_mode = ssl.CERT_REQUIRED

    class Line(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wrapped = context.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
            with wrapped:
                wrapped.settimeout(5)
                try:
                    wrapped.do_handshake()
                except ssl.SSLError:
                    # The alert is on its way: what comes still is read, or it would be lost.
                    wrapped.shutdown(socket.SHUT_WR)
                    while _read(wrapped):
                        continue
                    return
                with socket.create_connection(("127.0.0.1", port)) as behind:
                    _relay(wrapped, behind)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _relay(outside: ssl.SSLSocket, behind: socket.socket) -> None:
    ways: dict[Any, Any] = {outside: behind, behind: outside}
    while True:
        ready = [outside] if outside.pending() else select.select(list(ways), [], [], 5)[0]
        if not ready:
            return
        for one in ready:
            content = _read(one)
            if not content:
                return
            ways[one].sendall(content)


def _read(one: socket.socket) -> bytes:
    try:
        return one.recv(65_536)
    except OSError:
        return b""
