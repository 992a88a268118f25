"""What comes in and goes out over HTTP for texts made to be heard."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from site_service.sites.rules import Provenance
from site_service.sites.schemas import MatterCode, SiteId
from site_service.speech.rules import MOST_HAN, MOST_WORDS, Fault, Language, check
from tongban.problems import field_fault
from tongban.texts import Line

__all__ = ["SpokenIn", "SpokenRead", "SpokenReport", "SpokenTextsImport", "TicketSpoken"]

WHY = {
    Fault.TOO_LONG: (f"不超过 {MOST_HAN} 字", f"at most {MOST_WORDS} words"),
    Fault.BRACKETS: ("不用括号和引号", "no brackets or quotation marks"),
    Fault.ABBREVIATION: ("不用缩写", "no abbreviations"),
    Fault.UNENDED: ("以句号、问号或叹号结尾", "ends with a full stop"),
    Fault.SEVERAL: ("一条只写一句", "one sentence each"),
    Fault.FOREIGN: ("只用本语种的字词", "in its own language"),
}


def _audible(language: Language) -> Callable[[list[str]], list[str]]:
    def checked(sentences: list[str]) -> list[str]:
        for faulty in check(sentences, language):
            zh, en = WHY[faulty.fault]
            raise field_fault(
                f"sentence_{faulty.fault}",
                zh=f"第 {faulty.nth + 1} 句不便朗读：{zh}",
                en=f"sentence {faulty.nth + 1} cannot be read out well: {en}",
            )
        return sentences

    return checked


Chinese = Annotated[list[Line], AfterValidator(_audible(Language.ZH))]
English = Annotated[list[Line], AfterValidator(_audible(Language.EN))]


class SpokenIn(BaseModel):
    """Short sentences, in both languages."""

    model_config = ConfigDict(extra="forbid")

    zh: Chinese = Field(min_length=1, max_length=10, description="中文短句，每句不超过20字")
    en: English = Field(min_length=1, max_length=10, description="short English sentences")
    provenance: Provenance = Provenance.SOURCED


class ImportedSpoken(SpokenIn):
    """A site's text, or a matter's at a site."""

    site_id: SiteId
    matter_code: MatterCode | None = None


class SpokenTextsImport(BaseModel):
    """Texts of sites and matters, all or none; those not named stay."""

    model_config = ConfigDict(extra="forbid")

    texts: list[ImportedSpoken] = Field(min_length=1, max_length=20_000)


class SpokenReport(BaseModel):
    """How many texts were stored."""

    texts: int


class SpokenRead(BaseModel):
    """Short sentences, and whether they are the site's own or the usual ones."""

    site_id: str
    matter_code: str | None
    zh: list[str]
    en: list[str]
    is_own: bool
    provenance: Provenance | None = None


class TicketSpoken(BaseModel):
    """What to read out to a ticket's holder: the call where there is one, matter and site."""

    zh: list[str]
    en: list[str]
