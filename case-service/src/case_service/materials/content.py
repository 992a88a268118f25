"""What an uploaded file really is (材料格式核验): told by its bytes, held against what is declared.

Pure: bytes in, a media type or a Problem out. A file may be larger than memory: what tells its
type is at its beginning, and for the office formats, which are ZIPs, in the directory at its end.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import filetype  # type: ignore[import-untyped]  # ships neither stubs nor py.typed

from case_service.materials.errors import (
    MaterialBelied,
    MaterialEmpty,
    MaterialNotAccepted,
    MaterialTooLarge,
)

__all__ = ["ACCEPTED", "MEGABYTE", "Look", "check"]

PDF: Final = "application/pdf"
OFD: Final = "application/ofd"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ACCEPTED: Mapping[str, str] = MappingProxyType(
    {
        "pdf": PDF,
        "ofd": OFD,  # GB/T 33190, the national layout format
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "docx": DOCX,
        "xlsx": XLSX,
    }
)
MEGABYTE: Final = 1024 * 1024
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_SYNONYMS = {"image/jpg": "image/jpeg", "application/x-pdf": PDF, "application/vnd.ofd": OFD}
_HEAD_BYTES: Final = 8192
_TAIL_BYTES: Final = MEGABYTE
# What lies in a ZIP tells which of the three it is.
_IN_ZIP = {"OFD.xml": OFD, "word/document.xml": DOCX, "xl/workbook.xml": XLSX}


class Look:
    """What one pass over a file's bytes shows, in bounded memory: size, digest, both ends."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._head = bytearray()
        self._tail = bytearray()

    def at(self, piece: bytes) -> None:
        """Look at the next piece."""
        self.size += len(piece)
        self._digest.update(piece)
        self._head += piece[: max(0, _HEAD_BYTES - len(self._head))]
        self._tail += piece
        del self._tail[:-_TAIL_BYTES]

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def media_type(self) -> str:
        """The type that the bytes have; `application/octet-stream` where none is known."""
        if self._head.startswith(b"PK\x03\x04"):
            return _type_in_zip(bytes(self._tail))
        guessed = filetype.guess(self._head)
        return guessed.mime if guessed is not None else "application/octet-stream"


def check(look: Look, *, declared: str | None, file_name: str | None, megabytes: int) -> str:
    """Return the file's media type.

    Raises:
        MaterialEmpty, MaterialTooLarge, MaterialNotAccepted, MaterialBelied
    """
    if not look.size:
        raise MaterialEmpty
    if look.size > megabytes * MEGABYTE:
        raise MaterialTooLarge(megabytes=megabytes)
    found = look.media_type
    for claim in (_declared(declared), _by_extension(file_name)):
        if claim is not None and claim != found:
            raise MaterialBelied(declared=claim, found=found)
    if found not in ACCEPTED.values():
        raise MaterialNotAccepted(accepted=sorted(ACCEPTED), found=found)
    return found


def _declared(header: str | None) -> str | None:
    media_type = (header or "").partition(";")[0].strip().lower()
    return None if media_type in _SAYS_NOTHING else _SYNONYMS.get(media_type, media_type)


def _by_extension(file_name: str | None) -> str | None:
    _, dot, extension = (file_name or "").rpartition(".")
    return ACCEPTED.get(extension.lower()) if dot else None


def _type_in_zip(tail: bytes) -> str:
    """Read the directory of an archive whose beginning is not needed for it."""
    try:
        with zipfile.ZipFile(io.BytesIO(tail)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return "application/octet-stream"
    return next((kind for name, kind in _IN_ZIP.items() if name in names), "application/zip")
