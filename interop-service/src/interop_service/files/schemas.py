"""Files as staff see them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from interop_service.files.rules import FileDirection

__all__ = ["FileTransferRead"]


class FileTransferRead(BaseModel):
    """文件传送: a file between this district and a partner, and how far it is; never its bytes."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    direction: FileDirection
    partner: str
    digest: str = Field(description="传送字节（密文）的 SHA-256 / of the sealed bytes")
    size: int
    reached: int = Field(description="对方或本区已收到的字节数 / bytes at the receiver")
    whole_at: datetime | None
    used_at: datetime
    last_fault: str | None
