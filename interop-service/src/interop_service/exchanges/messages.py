"""What goes between two districts: each message, and what is inside its encrypted part."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from interop_service.errors import PackageUnreadable
from interop_service.exchanges.rules import MessageKind, Side, State
from interop_service.files.secrets import Announced, FileRef
from interop_service.partners.rules import Mode
from interop_service.partners.schemas import DistrictCode, MatterCode
from tongban.instants import Instant
from tongban.objects import LeftFile
from tongban.problems import field_fault
from tongban.shapes import DIGEST, SECURE_ADDRESS
from tongban.texts import Code, Line

__all__ = [
    "CaseMessage",
    "CasePackage",
    "CorrectionPackage",
    "DistrictMessage",
    "ExchangeStated",
    "FileLacking",
    "FilesAwaited",
    "JointPart",
    "Message",
    "PackageMessage",
    "ReceiptMessage",
    "ResultMessage",
    "ResultPayload",
    "Standing",
    "StatesAnswer",
    "StatesMessage",
    "StepContent",
    "lacking_in",
]

Encrypted = Annotated[str, StringConstraints(min_length=1)]
Outcome = Literal["granted", "denied", "declined", "withdrawn"]
Score = Annotated[int, Field(ge=1, le=5)]


class DistrictMessage(BaseModel):
    """What every message between two districts says of itself."""

    protocol: Literal["2"]
    from_district: DistrictCode
    to_district: DistrictCode
    sent_at: Instant


class Message(DistrictMessage):
    """What every message says that is about one exchange, of a case or of evidence."""

    exchange_id: UUID


class CaseMessage(Message):
    """What every message of a case's exchange says of itself."""

    ordinal: Annotated[int, Field(ge=0)] = 0
    """Which of the sender's messages of this exchange it is, from 1; 0 where it does not count."""


class JointPart(BaseModel):
    """多地联办: what ties the exchanges of one joint case together."""

    joint_id: UUID
    districts: list[DistrictCode]
    """All that decide, the receiver too."""


class PackageMessage(CaseMessage):
    """办件材料包: near side to owner, opens the exchange."""

    agreement: Code
    mode: Code
    matter_code: MatterCode
    near_number: Line
    near_case_id: UUID | None = None
    """How the near side knows its case: told back to it by reconciliation."""
    package: Encrypted
    """A compact JWE of the case package, for the owner's encryption key."""
    forward_due_on: date | None = None
    """By when the near side had to forward it, under the agreement."""
    joint: JointPart | None = None


class Standing(BaseModel):
    """How far one of the districts is that handle a case together."""

    district: DistrictCode
    state: State
    since: Instant
    due_on: date | None = None
    outcome: Outcome | None = None


class ReceiptMessage(CaseMessage):
    """进度或评价: a step of the case at one of the two districts; `kind` says what it has."""

    kind: Literal[
        "accepted",
        "archived",
        "concert",
        "corrected",
        "corrections_requested",
        "decided",
        "delivered",
        "extended",
        "handed_over",
        "licence_issued",
        "rated",
        "remote_help",
        "resumed",
        "suspended",
        "withdrawal_requested",
    ]
    at: Instant
    owner_number: Line | None = None
    """From the owner: the case's number there."""
    due_on: date | None = None
    statutory_due_on: date | None = None
    promised_due_on: date | None = None
    procedure: Code | None = None
    planned_days: Annotated[int | None, Field(ge=0)] = None
    days: Annotated[int | None, Field(ge=0)] = None
    outcome: Literal["granted", "denied"] | None = None
    licence_type: Code | None = None
    way: Code | None = None
    score: Score | None = None
    url: Annotated[str | None, StringConstraints(pattern=SECURE_ADDRESS, max_length=500)] = None
    standing: Annotated[list[Standing] | None, Field(max_length=20)] = None
    content: Encrypted | None = None
    """A compact JWE of what is for the case alone: `StepContent`, or a `CorrectionPackage`."""

    @property
    def message_kind(self) -> MessageKind:
        return MessageKind(self.kind)

    @property
    def missing(self) -> list[str]:
        """The fields that a message of this kind must have, and this one has not."""
        return [name for name in _NEEDED.get(self.kind, ()) if getattr(self, name) is None]


_NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("accepted", "decided", "delivered", "extended", "licence_issued", "resumed"),
        ("owner_number",),
    ),
    "corrections_requested": ("owner_number", "due_on", "content"),
    "suspended": ("owner_number", "procedure"),
    "archived": ("owner_number",),
    "rated": ("score",),
    "remote_help": ("url",),
    "concert": ("standing",),
}


class MissingThing(BaseModel):
    """One thing that a correction notice asks for."""

    material: Code | None = None
    what: Line


class StepContent(BaseModel):
    """What a step is about, opened: for the applicant and his window, never in the plain part."""

    model_config = ConfigDict(extra="allow")

    missing: Annotated[list[MissingThing], Field(max_length=50)] = []
    """All that is to be corrected, told once."""
    reason: Annotated[str | None, StringConstraints(max_length=5000)] = None
    notice: dict[str, Any] | None = None
    """The sealed document of the step."""


class ResultMessage(CaseMessage):
    """办理结果: owner to near side, ends the exchange."""

    result: Encrypted
    """A compact JWE of the result, for the near side's encryption key."""


class PackageMaterial(BaseModel):
    """One material, with its bytes or told where they are: in a file beside the message."""

    model_config = ConfigDict(extra="allow")

    key: Code
    name: Line
    media_type: Line
    size: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, StringConstraints(pattern=DIGEST)]
    content: str | None = None
    file: FileRef | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "PackageMaterial":
        if (self.content is None) == (self.file is None):
            raise field_fault("one_of", zh="content 与 file 须且只能有一个", en="content or file")
        return self


class PackageApplicant(BaseModel):
    """The applicant: what must be there; the rest passes to the case as it is."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["person", "enterprise"]
    name: Line


class WithMaterials(BaseModel):
    """What holds materials with their bytes."""

    model_config = ConfigDict(extra="allow")

    materials: list[PackageMaterial] = []

    @property
    def files(self) -> list[Announced]:
        """The files that it names."""
        return [
            Announced(one.file, one.size, one.sha256)
            for one in self.materials
            if one.file is not None
        ]

    def handed_on(self, files: Mapping[str, LeftFile]) -> dict[str, Any]:
        """Return it as it is handed on within this district, with the files that are here."""
        whole = self.model_dump(mode="json")
        for told, material in zip(whole.get("materials", ()), self.materials, strict=True):
            if material.file is None:
                del told["file"]
            else:
                del told["content"]
                told["file"] = files[material.file.digest].model_dump(mode="json")
        return whole

    def require_whole(self) -> None:
        """Check each material's bytes against its size and digest; files are, as they come.

        Raises:
            PackageUnreadable: 422, naming the material.
        """
        for material in self.materials:
            if material.content is None:
                continue
            try:
                content = base64.b64decode(material.content, validate=True)
            except binascii.Error:
                raise PackageUnreadable(reason=f"material {material.key}: base64") from None
            if len(content) != material.size:
                raise PackageUnreadable(reason=f"material {material.key}: size")
            if hashlib.sha256(content).hexdigest() != material.sha256:
                raise PackageUnreadable(reason=f"material {material.key}: sha256")


class CorrectionPackage(WithMaterials):
    """补正材料包, opened: what the applicant supplied at the near side."""

    form: dict[str, Any] | None = None
    """The corrected form, whole; null where it stays as it was."""


class CasePackage(WithMaterials):
    """办件材料包, opened: the case as the near side received it."""

    near_number: Line
    matter_code: MatterCode
    channel: Code
    applicant: PackageApplicant
    agent: dict[str, Any] | None = None
    form: dict[str, Any] = {}
    situation_answers: dict[str, Any] = {}
    receipt: dict[str, Any] | None = None
    received_at: Instant


class ResultPayload(BaseModel):
    """办理结果, opened."""

    model_config = ConfigDict(extra="allow")

    owner_number: Line
    outcome: Outcome
    outside_number: Line | None = None
    notice: dict[str, Any] | None = None
    """The sealed result notice."""


class FileLacking(BaseModel):
    """A file that the receiver of a message has not, or not all of."""

    digest: Annotated[str, StringConstraints(pattern=DIGEST)]
    offset: Annotated[int, Field(ge=0)]
    """From which byte on it is to be sent."""


class FilesAwaited(BaseModel):
    """待传文件: the message is kept, and taken once these files are here; no receipt yet."""

    lacking: Annotated[list[FileLacking], Field(max_length=1000)]


def lacking_in(answer: bytes) -> dict[str, int] | None:
    """Return the files that an answer says are lacking; None where it is no such answer."""
    try:
        told = FilesAwaited.model_validate_json(answer)
    except ValidationError:
        return None
    return {one.digest: one.offset for one in told.lacking}


class ExchangeStated(BaseModel):
    """对账: how an exchange stands at one of its two districts."""

    exchange_id: UUID
    side: Side | None = None
    state: State | None = None
    """Null where it is unknown here."""
    sent: Annotated[int, Field(ge=0)] = 0
    """How many messages this district made."""
    taken: Annotated[int, Field(ge=0)] = 0
    """The last of the other's messages that was taken here."""
    agreement: Code | None = None
    mode: Mode = Mode.PROXY
    matter_code: MatterCode | None = None
    near_number: Line | None = None
    near_case_id: UUID | None = None
    owner_number: Line | None = None
    outcome: Outcome | None = None
    joint_id: UUID | None = None

    @classmethod
    def unknown(cls, exchange_id: UUID) -> "ExchangeStated":
        """Return what is told of an exchange that is not known here."""
        return cls(exchange_id=exchange_id)


class StatesMessage(DistrictMessage):
    """对账请求: how the asker's exchanges with the asked stand, a page at a time."""

    since: Instant
    """What changed after it is compared."""
    behind: UUID | None = None
    """The page is of exchanges with greater ids."""
    until: UUID | None = None
    """The page ends with this id; null for the last page."""
    only_listed: bool = False
    """Whether nothing besides `exchanges` is asked about."""
    exchanges: Annotated[list[ExchangeStated], Field(max_length=1000)]


class StatesAnswer(BaseModel):
    """对账答复: how the exchanges of the page stand at the asked, those it knows besides too."""

    exchanges: Annotated[list[ExchangeStated], Field(max_length=1000)]
