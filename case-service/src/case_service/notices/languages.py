"""In which language an applicant is told (通知语言); Chinese where he does not say.

Pure: values in, values out.
"""

from enum import StrEnum

__all__ = ["Language", "language_of"]


class Language(StrEnum):
    CHINESE = "zh-CN"  # 中文
    ENGLISH = "en"  # 英文


def language_of(*wishes: str | None) -> Language:
    """Return the first language wished for; Chinese where none is."""
    return next((Language(wish) for wish in wishes if wish), Language.CHINESE)
