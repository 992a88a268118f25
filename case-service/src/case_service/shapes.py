"""Shapes of what callers type that more than one aggregate asks for."""

from typing import Final

from tongban.shapes import shape

__all__ = ["ANY_CASE_DIGEST", "CASE_NUMBER", "ID_TAIL"]

CASE_NUMBER: Final = shape(r"^[0-9]{21}$", zh="21 位办件编号", en="a case number of 21 digits")
ID_TAIL: Final = shape(
    r"^[0-9A-Za-z]{4}$",
    zh="证件号码的后 4 位",
    en="the last 4 characters of the identity number",
)
ANY_CASE_DIGEST: Final = shape(
    r"^[0-9a-fA-F]{64}$",
    zh="64 位十六进制数的摘要",
    en="a digest of 64 hexadecimal digits",
)
