"""What an import as a whole must be, beyond what each matter must. Pure."""

from collections.abc import Callable, Iterable, Iterator

from catalog_service.errors import ImportFaulty, NoOfflineChannel
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_by_path
from tongban.problems import FieldError, Text, Where, pointer_to

__all__ = ["MOST_FAULTS", "Path", "Place", "by_pointer", "require_importable"]

MOST_FAULTS = 200
"""So many faults are told at once; the rest is told next time."""

Path = tuple[str | int, ...]
Place = Callable[[int, Path, Text, str], FieldError]
"""Makes a fault of: which matter, where in it, what is wrong, and its code."""


def by_pointer(at: int, path: Path, said: Text, code: str) -> FieldError:
    """Tell a fault by JSON pointer."""
    return Where.pointer(pointer_to(("matters", at, *path)), said, code)


def require_importable(
    contents: Iterable[MatterContent], *, publish: bool, place: Place = by_pointer
) -> None:
    """Refuse an import with any fault, telling each with its place.

    Raises:
        ImportFaulty: 422.
    """
    contents = [*contents]
    faults = [*_repeated(contents, place)]
    if publish:
        faults += _online_only(contents, place)
        faults += _misleading(contents, place)
    if faults:
        raise ImportFaulty(errors=faults[:MOST_FAULTS])


def _repeated(contents: Iterable[MatterContent], place: Place) -> Iterator[FieldError]:
    first: dict[str, int] = {}
    for at, content in enumerate(contents):
        before = first.setdefault(content.code, at)
        if before != at:
            said = {
                "zh-CN": f"编码与第 {before + 1} 个事项重复",
                "en": f"the same code as matter {before + 1}",
            }
            yield place(at, ("code",), said, "code_repeated")


def _online_only(contents: Iterable[MatterContent], place: Place) -> Iterator[FieldError]:
    for at, content in enumerate(contents):
        if not content.has_offline_channel:
            yield place(at, ("channels",), NoOfflineChannel.detail, NoOfflineChannel.type)


def _misleading(contents: Iterable[MatterContent], place: Place) -> Iterator[FieldError]:
    for at, content in enumerate(contents):
        for path, said, code in faults_by_path(content):
            yield place(at, path, said, code)
