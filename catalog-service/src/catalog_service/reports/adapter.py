"""Where reports go: the way upward (汇聚通道), and the one that works without any other system.

A province's own interface is another class with these three methods.
"""

import asyncio
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from catalog_service.reports.rules import Report, digest_of

__all__ = ["OutboxFolder", "Upward"]

_NAME = re.compile(r"[0-9A-Za-z-]{1,100}")


class Upward(Protocol):
    """The way upward: what was sent there can be listed, so that it can be compared."""

    async def send(self, report: Report) -> None:
        """Hand a report over; one of the same key replaces the former."""

    async def held(self) -> Mapping[str, str]:
        """Return the digest of each report that is there, by key."""

    async def withdraw(self, key: str) -> None:
        """Take back a report that should not be there; nothing where it is not."""


class OutboxFolder:
    """A folder of JSON reports, one file a key, that a transfer tool of the district collects."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, report: Report) -> None:
        await asyncio.to_thread(self._write, report)

    async def held(self) -> Mapping[str, str]:
        return await asyncio.to_thread(self._digests)

    async def withdraw(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        if not _NAME.fullmatch(key):
            raise ValueError("a report's key is no file name")
        return self._folder / f"{key}.json"

    def _write(self, report: Report) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(report.key)
        unfinished = path.with_suffix(".part")
        told = {"key": report.key, "sequence": report.sequence, "body": report.body}
        unfinished.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True))
        os.replace(unfinished, path)

    def _digests(self) -> dict[str, str]:
        return {path.stem: _digest_in(path) for path in sorted(self._folder.glob("*.json"))}


def _digest_in(path: Path) -> str:
    """Return the digest of what the file says now; of a file that is damaged, none that fits."""
    try:
        told = json.loads(path.read_text())
        return digest_of(told["body"])
    except (ValueError, KeyError, TypeError):
        return "damaged"
