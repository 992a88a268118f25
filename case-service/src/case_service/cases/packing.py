"""The files of a case that goes between two districts: in its package, or left beside it."""

import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from case_service.materials import service as materials
from case_service.materials.keeping import Source
from case_service.materials.tables import Material
from tongban.context import Context
from tongban.objects import LeftFile, leave_file, open_file
from tongban.problems import field_fault

__all__ = ["PackageBroken", "PackedMaterial", "keep_files", "last_of", "packed_material"]

INLINE_BYTES: Final = 256 * 1024
"""A larger file is left beside the package, in pieces: nobody holds the whole of it."""


class PackedMaterial(BaseModel):
    """One file of a package: in it, or left beside it."""

    key: str
    name: str
    media_type: str
    size: int
    sha256: str
    content: str | None = None
    file: LeftFile | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "PackedMaterial":
        if (self.content is None) == (self.file is None):
            raise field_fault("one_of", zh="content 与 file 须且只能有一个", en="content or file")
        return self

    def source(self, context: Context) -> Source:
        """Return where its bytes come from.

        Raises:
            PackageBroken: what should be bytes is not.
        """
        if self.file is not None:
            left = self.file
            return lambda: open_file(context.objects, left)
        try:
            raw = base64.b64decode(self.content or "", validate=True)
        except binascii.Error:
            raise PackageBroken(self.key) from None

        async def source() -> AsyncIterator[bytes]:
            yield raw

        return source


class PackageBroken(ValueError):
    """A file in the package is not what the package says; its key is told."""


async def packed_material(
    context: Context, file: Material, pieces: AsyncIterator[bytes]
) -> dict[str, Any]:
    told = {
        "key": file.key,
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
    }
    if file.size > INLINE_BYTES:
        left = await leave_file(context.objects, pieces)
        return told | {"file": left.model_dump(mode="json")}
    raw = b"".join([piece async for piece in pieces])
    return told | {"content": base64.b64encode(raw).decode()}


def last_of(files: Sequence[materials.ToPack]) -> UUID | None:
    return files[-1][0].id if files else None


async def keep_files(
    session: AsyncSession,
    context: Context,
    files: Sequence[PackedMaterial],
    *,
    case_id: UUID,
    by: str,
    at: datetime,
) -> None:
    """Keep the files of a package.

    Raises:
        PackageBroken: size or digest differ; nothing of the package is kept.
    """
    for file in files:
        material = await materials.keep(
            session,
            context,
            file.source(context),
            case_id=case_id,
            key=file.key,
            name=file.name,
            file_name=None,
            media_type=file.media_type,
            by=by,
            at=at,
        )
        if (material.size, material.sha256) != (file.size, file.sha256):
            raise PackageBroken(file.key)
