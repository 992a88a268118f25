"""What an import as a whole must be, beyond what each matter must. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from catalog_service.errors import ImportFaulty, NoOfflineChannel
from catalog_service.matters.content import MatterContent
from catalog_service.matters.guide_rules import faults_of_content
from tongban.problems import FieldError, Where

__all__ = ["require_importable"]


def require_importable(contents: Sequence[MatterContent], *, publish: bool) -> None:
    """Refuse an import with any fault, telling each with its row.

    Raises:
        ImportFaulty: 422.
    """
    faults = [*_repeated(contents)]
    if publish:
        faults += _online_only(contents)
        faults += _misleading(contents)
    if faults:
        raise ImportFaulty(errors=faults)


def _repeated(contents: Sequence[MatterContent]) -> Iterator[FieldError]:
    first: dict[str, int] = {}
    for at, content in enumerate(contents):
        before = first.setdefault(content.code, at)
        if before != at:
            said = {
                "zh-CN": f"编码与 /matters/{before} 重复",
                "en": f"the same code as /matters/{before}",
            }
            yield Where.pointer(f"/matters/{at}/code", said, "code_repeated")


def _online_only(contents: Sequence[MatterContent]) -> Iterator[FieldError]:
    for at, content in enumerate(contents):
        if not content.has_offline_channel:
            place = f"/matters/{at}/channels"
            yield Where.pointer(place, NoOfflineChannel.detail, NoOfflineChannel.type)


def _misleading(contents: Sequence[MatterContent]) -> Iterator[FieldError]:
    for at, content in enumerate(contents):
        for fault in faults_of_content(content):
            yield replace(fault, pointer=f"/matters/{at}{fault.pointer}")
