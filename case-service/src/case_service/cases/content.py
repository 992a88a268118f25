"""What an uploaded file really is (材料格式核验): told by its bytes, held against what is declared.

Pure: bytes in, a media type or a Problem out.
"""

import io
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import filetype  # type: ignore[import-untyped]  # ships neither stubs nor py.typed

from case_service.cases.file_errors import (
    MaterialBelied,
    MaterialEmpty,
    MaterialNotAccepted,
    MaterialTooLarge,
)

__all__ = ["ACCEPTED", "check", "type_of"]

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
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_SYNONYMS = {"image/jpg": "image/jpeg", "application/x-pdf": PDF, "application/vnd.ofd": OFD}
_MEGABYTE: Final = 1024 * 1024
# What lies in a ZIP tells which of the three it is.
_IN_ZIP = {"OFD.xml": OFD, "word/document.xml": DOCX, "xl/workbook.xml": XLSX}


def type_of(content: bytes) -> str:
    """Return the media type that the bytes have; `application/octet-stream` where none is known."""
    if content.startswith(b"PK\x03\x04"):
        return _type_in_zip(content)
    guessed = filetype.guess(content)
    return guessed.mime if guessed is not None else "application/octet-stream"


def check(content: bytes, *, declared: str | None, file_name: str | None, megabytes: int) -> str:
    """Return the file's media type.

    Raises:
        MaterialEmpty, MaterialTooLarge, MaterialNotAccepted, MaterialBelied
    """
    if not content:
        raise MaterialEmpty
    if len(content) > megabytes * _MEGABYTE:
        raise MaterialTooLarge(megabytes=megabytes)
    found = type_of(content)
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


def _type_in_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return "application/octet-stream"
    return next((kind for name, kind in _IN_ZIP.items() if name in names), "application/zip")
