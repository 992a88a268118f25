"""What an import as a whole must be, beyond what each matter must. Pure."""

from collections.abc import Iterator, Sequence

from catalog_service.errors import ImportFaulty
from catalog_service.matters.content import MatterContent
from catalog_service.matters.faults import Place, by_pointer, unpublishable
from tongban.problems import FieldError, Text

__all__ = ["MOST_FAULTS", "repeated", "require_importable"]

MOST_FAULTS = 200
"""So many faults are told at once; the rest is told next time."""


def require_importable(
    contents: Sequence[MatterContent], *, publish: bool, place: Place = by_pointer
) -> None:
    """Refuse an import with any fault, telling each with its place.

    Raises:
        ImportFaulty: 422.
    """
    faults = [*_repeated(contents, place)]
    if publish:
        faults += [
            place(at, *fault)
            for at, content in enumerate(contents)
            for fault in unpublishable(content)
        ]
    if faults:
        raise ImportFaulty(errors=faults[:MOST_FAULTS])


def _repeated(contents: Sequence[MatterContent], place: Place) -> Iterator[FieldError]:
    first: dict[str, int] = {}
    for at, content in enumerate(contents):
        before = first.setdefault(content.code, at)
        if before != at:
            said = {
                "zh-CN": f"编码与第 {before + 1} 个事项重复",
                "en": f"the same code as matter {before + 1}",
            }
            yield place(at, ("code",), said, "code_repeated")


def repeated(row: int | None) -> Text:
    """Say that a row's code stands in an earlier row."""
    return {"zh-CN": f"编码与第 {row} 行重复", "en": f"the same code as in row {row}"}
