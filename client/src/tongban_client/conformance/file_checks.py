"""The checks of files that go beside a message (protocol.md, 4.12)."""

from typing import Final

from interop_service.errors import DigestMismatch
from interop_service.files.errors import FileDigestMismatch, FileOffsetWrong, FileUnknown
from tongban_client.conformance.drafts import Manner, sent, with_another_body
from tongban_client.conformance.shapes import (
    Awaited,
    Check,
    Part,
    Reached,
    Step,
    Text,
    Unheard,
    What,
    refused,
)

__all__ = ["FILE_CHECKS"]

FIRST_HALF: Final = Step(What.CHUNK, Reached(Part.FIRST_HALF), part=Part.FIRST_HALF)
SECOND_HALF: Final = Step(What.CHUNK, Reached(Part.WHOLE), part=Part.SECOND_HALF)
WHOLE: Final = Step(What.CHUNK, Reached(Part.WHOLE), part=Part.WHOLE)
NAMED: Final = Step(What.FILE_PACKAGE, Awaited())
"""A package whose file is lacking."""

FILE_CHECKS: Final = (
    Check(
        "file",
        "4.12",
        Text("材料包之外分片发送文件，然后重发材料包", "a file in chunks beside its package"),
        Text(
            "材料包先应答所缺文件；文件收齐后重发得到回执",
            "the package is answered with what is lacking, and with its receipt once that is there",
        ),
        (NAMED, FIRST_HALF, SECOND_HALF, Step(What.AGAIN)),
    ),
    Check(
        "file-resumed",
        "4.12",
        Text("分片传到一半连接中断，然后续传", "a connection that breaks in a chunk, then on"),
        Text(
            "HEAD 和重发的材料包都给出续传位置，从该处续传后得到回执",
            "HEAD and the package sent again tell where to go on; from there it is whole",
        ),
        (
            NAMED,
            FIRST_HALF,
            Step(What.CHUNK, Unheard(), sent(Manner.CUT_OFF), part=Part.SECOND_HALF),
            Step(What.ASK, Reached(Part.FIRST_HALF)),
            Step(What.AGAIN, Awaited(begun=True)),
            SECOND_HALF,
            Step(What.AGAIN),
        ),
    ),
    Check(
        "file-wrong-digest",
        "4.12, 6",
        Text("文件收齐但与所报摘要不符", "a whole file that is not the one that was announced"),
        Text(
            "拒绝：422 file-digest-mismatch，全部舍弃；从头重发后得到回执",
            "refused, 422 file-digest-mismatch; all of it is dropped, and from 0 on it is taken",
        ),
        (
            NAMED,
            FIRST_HALF,
            Step(
                What.CHUNK,
                refused(FileDigestMismatch),
                part=Part.SECOND_HALF,
                is_altered=True,
            ),
            Step(What.ASK, Reached(Part.NONE)),
            WHOLE,
            Step(What.AGAIN),
        ),
    ),
    Check(
        "file-wrong-offset",
        "4.12, 6",
        Text("分片不从续传位置开始", "a chunk that does not begin where the file goes on"),
        Text("拒绝：409 file-offset-wrong", "refused, 409 file-offset-wrong"),
        (NAMED, Step(What.CHUNK, refused(FileOffsetWrong), part=Part.SECOND_HALF)),
    ),
    Check(
        "file-once",
        "4.12",
        Text("另一材料包提到已收齐的文件", "another package that names a file that is there"),
        Text("不再索要文件，直接得到回执", "the file is not asked for again"),
        (NAMED, WHOLE, Step(What.FILE_PACKAGE)),
    ),
    Check(
        "file-unknown",
        "4.12, 6",
        Text("没有消息提到的文件", "a file that no message named"),
        Text("拒绝：404 file-unknown", "refused, 404 file-unknown"),
        (Step(What.CHUNK, refused(FileUnknown), part=Part.WHOLE),),
    ),
    Check(
        "file-chunk-altered",
        "4.12, 3.3 (5)",
        Text("分片与其 Content-Digest 不符", "a chunk that is not the one that was digested"),
        Text("拒绝：400 digest-mismatch，不留存", "refused, 400 digest-mismatch, and not kept"),
        (
            NAMED,
            Step(What.CHUNK, refused(DigestMismatch), with_another_body, part=Part.FIRST_HALF),
            Step(What.ASK, Reached(Part.NONE)),
        ),
    ),
)
