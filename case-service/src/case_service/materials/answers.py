"""A file's bytes as an HTTP answer (文件下载), for a case's materials and a draft's alike."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from case_service.materials.tables import DraftMaterial, Material

__all__ = ["FILE_BYTES", "file_answer"]

FILE_BYTES: dict[str, Any] = {
    "description": "文件内容 / the file's bytes",
    "content": {"application/octet-stream": {"schema": {"type": "string"}}},
}


def file_answer(
    material: Material | DraftMaterial, pieces: AsyncIterator[bytes]
) -> StreamingResponse:
    """Answer with a file's bytes, to be saved and never shown in place."""
    name = quote(material.file_name or material.key)
    return StreamingResponse(
        pieces,
        media_type=material.media_type,
        headers={
            "Content-Length": str(material.size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
