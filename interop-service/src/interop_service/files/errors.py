"""What can go wrong with a file.

MessageFault
├── FileUnknown          404: no message named it
├── FileOffsetWrong      409: it goes on elsewhere
├── FileTooLarge         413: larger than is agreed, or than was announced
├── ChunkTypeWrong       415
├── FileDigestMismatch   422: what came is not what was announced; it begins anew
└── FileUnreadable       422: it does not open, or something else is inside
"""

from interop_service.errors import MessageFault

__all__ = [
    "ChunkTypeWrong",
    "FileDigestMismatch",
    "FileOffsetWrong",
    "FileTooLarge",
    "FileUnknown",
    "FileUnreadable",
]


class FileUnknown(MessageFault):
    """No message of this sender's that is kept here names the file."""

    status = 404
    type = "file-unknown"
    # It is known again once its message has been sent again.
    retry = True
    title = {"zh-CN": "没有消息提到该文件", "en": "No message names this file"}
    detail = {
        "zh-CN": "请先发送提到它的消息，再按应答所列的文件和位置发送。",
        "en": "Send the message that names it first; its answer tells what is lacking, and where.",
    }


class FileOffsetWrong(MessageFault):
    """The chunk does not begin where the file goes on."""

    status = 409
    type = "file-offset-wrong"
    retry = True
    title = {"zh-CN": "续传位置不符", "en": "The offset is wrong"}
    detail = {
        "zh-CN": "请从第 {offset} 字节续传（HEAD 可查询）。",
        "en": "Go on at byte {offset}; HEAD tells it at any time.",
    }


class FileTooLarge(MessageFault):
    """More bytes than the two districts agreed on, or than were announced."""

    status = 413
    type = "file-too-large"
    title = {"zh-CN": "文件过大", "en": "The file is too large"}
    detail = {
        "zh-CN": "至多 {limit} 字节。超出约定上限的材料请另行递送。",
        "en": "At most {limit} bytes. What is over the agreed limit goes by another way.",
    }


class ChunkTypeWrong(MessageFault):
    """A chunk comes as application/offset+octet-stream."""

    status = 415
    type = "chunk-type-wrong"
    title = {"zh-CN": "分片的 Content-Type 有误", "en": "The chunk has the wrong Content-Type"}
    detail = {
        "zh-CN": "请使用 application/offset+octet-stream。",
        "en": "Send it as application/offset+octet-stream.",
    }


class FileDigestMismatch(MessageFault):
    """The whole has not the digest that was announced: nothing of it is kept."""

    status = 422
    type = "file-digest-mismatch"
    retry = True
    title = {"zh-CN": "文件与摘要不符", "en": "The file does not match its digest"}
    detail = {
        "zh-CN": "收到的字节摘要为 {found}，已全部舍弃。请从第 0 字节重新发送。",
        "en": "What arrived has the digest {found}; all of it is dropped. Begin anew at byte 0.",
    }


class FileUnreadable(MessageFault):
    """The key of its message does not open it, or what is inside is not what was told."""

    status = 422
    type = "file-unreadable"
    title = {"zh-CN": "文件无法读取", "en": "The file cannot be read"}
    detail = {
        "zh-CN": "原因：{reason}。请核对密钥和材料摘要，另发新的消息。",
        "en": "Reason: {reason}. Check key and digest, and send a new message.",
    }
