"""Rows of texts made to be heard."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from site_service.database import SiteTables
from site_service.sites.rules import Provenance

__all__ = ["SpokenText"]


class SpokenText(SiteTables):
    """语音文本: short sentences of a site, or of a matter at a site."""

    __tablename__ = "spoken_texts"

    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    matter_code: Mapped[str] = mapped_column(primary_key=True)
    """Empty for the site itself."""
    zh: Mapped[list[str]] = mapped_column(ARRAY(Text))
    en: Mapped[list[str]] = mapped_column(ARRAY(Text))
    provenance: Mapped[Provenance]
