"""Where a fault lies in one of many matters, and what keeps a matter from being published. Pure."""

from collections.abc import Callable, Iterator

from catalog_service.errors import NoOfflineChannel
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_by_path
from tongban.problems import FieldError, Text, Where, pointer_to

__all__ = ["Path", "Place", "by_pointer", "unpublishable"]

Path = tuple[str | int, ...]
Place = Callable[[int, Path, Text, str], FieldError]
"""Makes a fault of: which matter, where in it, what is wrong, and its code."""


def by_pointer(at: int, path: Path, said: Text, code: str) -> FieldError:
    """Tell a fault by JSON pointer."""
    return Where.pointer(pointer_to(("matters", at, *path)), said, code)


def unpublishable(content: MatterContent) -> Iterator[tuple[Path, Text, str]]:
    """Yield each reason for which a content may be drafted, but not put in force."""
    if not content.has_offline_channel:
        yield ("channels",), NoOfflineChannel.detail, NoOfflineChannel.type
    for path, said, code in faults_by_path(content):
        yield tuple(path), said, code
