"""Materials as they come in and go out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from case_service.cases.schemas import FileRead
from tongban.paging import Page
from tongban.problems import field_fault
from tongban.shapes import DIGEST
from tongban.texts import Code, Line

__all__ = ["MyFile", "MyLicence", "MyMaterials", "ReuseIn", "ReuseRead", "UploadIn", "UploadRead"]

_LARGEST = 2**40


class UploadIn(BaseModel):
    """What is going to be uploaded."""

    model_config = ConfigDict(extra="forbid")

    key: Code
    """材料 key"""
    file_name: Line
    size: Annotated[int, Field(ge=1, le=_LARGEST)]
    """总字节数 / bytes in all"""
    sha256: Annotated[str | None, Field(pattern=DIGEST)] = None
    """整个文件的 SHA-256，完成时核对 / of the whole file, checked at the end"""


class UploadRead(BaseModel):
    """An upload on its way."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    case_id: UUID
    key: str
    file_name: str | None
    size: int
    received: int
    expires_at: datetime
    material_id: UUID | None


class MyFile(BaseModel):
    """A file that the caller handed in before."""

    id: UUID
    case_id: UUID
    case_number: str
    matter_name: str
    key: str
    name: str
    file_name: str | None
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


class MyLicence(BaseModel):
    """A valid licence of the caller's, that may stand for a material."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    licence_type: str
    name: str
    valid_until: date | None


class MyMaterials(Page[MyFile]):
    """What the caller can use again."""

    licences: list[MyLicence]


class ReuseIn(BaseModel):
    """What is used again, for which material, and by which consent."""

    model_config = ConfigDict(extra="forbid")

    key: Code
    """所需材料 key"""
    material_id: UUID | None = None
    """以前提交的文件，见 /me/materials"""
    licence_id: UUID | None = None
    """电子证照"""
    consent_id: UUID | None = None
    """申请人的授权同意；不填则取其现行有效的一份 / left out, one that holds is looked for"""

    @model_validator(mode="after")
    def _one_thing(self) -> "ReuseIn":
        if (self.material_id is None) == (self.licence_id is None):
            raise field_fault(
                "one_of",
                zh="material_id 与 licence_id 须且只能填一个",
                en="give either a material_id or a licence_id",
            )
        return self


class ReuseRead(BaseModel):
    """What now proves the material."""

    key: str
    file: FileRead | None
    licence: MyLicence | None
    consent_id: UUID
