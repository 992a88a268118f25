"""The archive as it comes in and goes out."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from case_service.archive.vocabulary import (
    ArchiveState,
    DestructionState,
    HoldGround,
    RetentionClass,
    TransferState,
)
from case_service.cases.rules import Outcome
from case_service.shapes import ANY_CASE_DIGEST
from tongban.problems import field_fault
from tongban.texts import Code, Line, Statement

__all__ = [
    "ArchiveFileDetail",
    "ArchiveFileRead",
    "DestructionIn",
    "DestructionRead",
    "HoldIn",
    "HoldRead",
    "KeySetRead",
    "ReceiptIn",
    "RegisterRead",
    "RejectionIn",
    "RetentionChange",
    "RetentionRuleIn",
    "RetentionRuleRead",
    "TransferIn",
    "TransferRead",
]

MOST = 500
Files = Annotated[list[UUID], Field(min_length=1, max_length=MOST)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RetentionChange(_In):
    """修改保管期限表的一行."""

    retention: RetentionClass
    basis: Line = Field(description="依据 / the rule or the approved schedule")


class RetentionRuleIn(RetentionChange):
    """保管期限表的一行: what is left out is not asked; what asks more goes first."""

    matter_type: Code | None = Field(default=None, description="事项类型")
    matter_code: Code | None = Field(default=None, description="事项编码")
    matter_version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="事项版本 / of `matter_code`"
    )
    outcome: Outcome | None = Field(default=None, description="办理结果")

    @model_validator(mode="after")
    def _version_of_a_matter(self) -> "RetentionRuleIn":
        if self.matter_version is not None and self.matter_code is None:
            raise field_fault(
                "matter_code_missing",
                zh="填写事项版本时须填写事项编码",
                en="a version is of a matter: tell matter_code",
            )
        return self


class RetentionRuleRead(_Out):
    """保管期限表的一行."""

    id: UUID
    matter_type: str | None
    matter_code: str | None
    matter_version: int | None
    outcome: str | None
    retention: RetentionClass
    basis: str
    version: int


class HoldIn(_In):
    """冻结."""

    ground: HoldGround
    reference: Line = Field(description="案号或文号 / its number")


class HoldRead(_Out):
    """冻结."""

    id: UUID
    ground: HoldGround
    reference: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None


class ArchiveFileRead(_Out):
    """归档文件."""

    id: UUID
    case_id: UUID
    case_number: str
    matter_code: str
    matter_name: str
    closed_on: date
    state: ArchiveState
    number: str | None = Field(description="档号")
    retention: RetentionClass | None
    retention_ends_on: date | None = Field(description="期满日；永久保管为空 / null is for ever")
    edition: int
    filed_at: datetime | None
    transfer_id: UUID | None
    destruction_id: UUID | None
    destroyed_at: datetime | None


class ArchiveFileDetail(ArchiveFileRead):
    """归档文件，含内容清单与冻结."""

    contents: list[dict[str, Any]]
    signature: str | None
    holds: list[HoldRead]


class TransferIn(_In):
    """移交申请."""

    files: Files
    recipient: Line = Field(description="接收档案馆 / the archives")


class TransferRead(_Out):
    """移交批次."""

    id: UUID
    number: str
    recipient: str
    state: TransferState
    files: int
    requested_at: datetime
    ready_at: datetime | None
    size: int | None
    sha256: str | None
    fault: str | None
    receipt_number: str | None
    acknowledged_at: datetime | None
    version: int


class ReceiptIn(_In):
    """接收回执."""

    receipt_number: Line
    sha256: Annotated[str, Field(pattern=ANY_CASE_DIGEST)] = Field(
        description="接收方计算的移交包 SHA-256 / of the package as it was received"
    )


class KeySetRead(BaseModel):
    """验真公钥 (RFC 7517)."""

    keys: list[dict[str, Any]]


class DestructionIn(_In):
    """销毁清册."""

    files: Files
    appraisal: Statement = Field(description="鉴定意见 / the appraisal's opinion")


class RejectionIn(_In):
    """不批准销毁."""

    reason: Statement


class DestructionRead(_Out):
    """销毁清册."""

    id: UUID
    state: DestructionState
    files: int
    appraisal: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    done_at: datetime | None
    version: int


class RegisterRead(_Out):
    """销毁登记: nothing personal is left."""

    destruction_id: UUID
    number: str = Field(description="档号")
    case_number: str
    matter_code: str
    matter_name: str
    retention: RetentionClass
    closed_on: date
    retention_ends_on: date
    contents_sha256: str
    things: int
    proposed_by: str
    approved_by: str
    destroyed_at: datetime
