"""A package of files as a ZIP that holds one BagIt bag (RFC 8493), written and never held whole.

The plain layout: `bagit.txt`, `bag-info.txt`, `manifest-sha256.txt`, `tagmanifest-sha256.txt` and
the payload under `data/`; among the tag files `signature.jws`, the seal's word on the others.
"""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tongban.clock import SHANGHAI

__all__ = ["MANIFEST", "SIGNATURE", "SIGNED", "TAG_MANIFEST", "Part", "Sizes", "written"]

DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
SIGNATURE: Final = "signature.jws"
SIGNED: Final = ("bagit.txt", "bag-info.txt", MANIFEST)
"""The tag files that the signature covers, and by the manifest all that is in the bag."""

Sign = Callable[[Mapping[str, str]], Awaitable[str]]
"""Gives the signature over the digests of the tag files, by their names."""


@dataclass(frozen=True)
class Part:
    """One thing of the payload: its path under `data/`, its bytes, what they must be."""

    path: str
    content: bytes | AsyncIterator[bytes]
    sha256: str | None = None


@dataclass
class Sizes:
    """What was found while a package was written."""

    broken: list[str] = field(default_factory=list)
    """The paths whose bytes are not what was filed."""
    octets: int = 0
    things: int = 0


class _Sink(io.RawIOBase):
    """Takes what the ZIP writes and gives it on; it can't be wound back."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: object, /) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]  # whatever buffer the ZIP hands over
        self._held += taken
        return len(taken)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        held = bytes(self._held)
        self._held.clear()
        return held


async def written(
    parts: AsyncIterator[Part],
    *,
    info: Mapping[str, str],
    sign: Sign,
    at: datetime,
    found: Sizes,
) -> AsyncIterator[bytes]:
    """Yield the package's bytes; what does not agree with its digest is told in `found`."""
    sink, manifest = _Sink(), []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as package:
        async for part in parts:
            path = f"data/{part.path}"
            digest = hashlib.sha256()
            with package.open(_entry(path, at), "w", force_zip64=True) as entry:
                async for piece in _pieces(part.content):
                    digest.update(piece)
                    found.octets += len(piece)
                    entry.write(piece)
                    yield sink.taken()
            found.things += 1
            if part.sha256 is not None and digest.hexdigest() != part.sha256:
                found.broken.append(part.path)
            manifest.append((digest.hexdigest(), path))
        told = {**info, "Payload-Oxum": f"{found.octets}.{found.things}"}
        tags = {
            "bagit.txt": DECLARATION,
            "bag-info.txt": _lines(f"{name}: {value}" for name, value in told.items()),
            MANIFEST: _lines(f"{digest}  {path}" for digest, path in manifest),
        }
        tags[SIGNATURE] = (await sign(_digests(tags))).encode()
        listed = _digests(tags)
        tags[TAG_MANIFEST] = _lines(f"{digest}  {name}" for name, digest in listed.items())
        for name, content in tags.items():
            with package.open(_entry(name, at), "w") as entry:
                entry.write(content)
    yield sink.taken()


async def _pieces(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for piece in content:
        yield piece


def _digests(tags: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in tags.items()}


def _entry(path: str, at: datetime) -> zipfile.ZipInfo:
    local = at.astimezone(SHANGHAI)
    entry = zipfile.ZipInfo(path, date_time=local.timetuple()[:6])
    entry.external_attr = 0o600 << 16
    return entry


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
