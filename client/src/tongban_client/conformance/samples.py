"""What the checks send: a case and a file of nobody's."""

import base64
import hashlib
from datetime import datetime
from typing import Any

from tongban.objects.files import SEALED_AS
from tongban.sealed_stream import new_stream_key, sealed_chunk
from tongban_client.conformance.shapes import Part

__all__ = ["SampleFile", "sample_case"]


def sample_case(matter_code: str, *, near: str, at: datetime) -> dict[str, Any]:
    """Return a small case of nobody's."""
    content = "符合性测试 conformance test".encode()
    return {
        "near_number": f"{near}-conformance",
        "matter_code": matter_code,
        "channel": "proxy",
        "applicant": {
            "kind": "enterprise",
            "name": "符合性测试有限公司",
            "credit_code": "91610133MA6TX0000X",
            "phone": "13800000000",
        },
        "agent": None,
        "form": {},
        "situation_answers": {},
        "materials": [
            {
                "key": "m1",
                "name": "符合性测试",
                "media_type": "text/plain",
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "content": base64.b64encode(content).decode(),
            }
        ],
        "receipt": None,
        "received_at": at.isoformat(),
        "site_id": "conformance",
    }


class SampleFile:
    """A file of nobody's, as it travels."""

    def __init__(self, inside: bytes) -> None:
        key = new_stream_key()
        self._sealed = sealed_chunk(inside, key, context=SEALED_AS, place=0, is_last=True)
        self.half = len(self._sealed) // 2
        self.digest = hashlib.sha256(self._sealed).hexdigest()
        self.material = {
            "key": "conformance-file",
            "name": "符合性测试文件",
            "media_type": "application/octet-stream",
            "size": len(inside),
            "sha256": hashlib.sha256(inside).hexdigest(),
            "file": {
                "digest": self.digest,
                "size": len(self._sealed),
                "key": base64.urlsafe_b64encode(key).rstrip(b"=").decode(),
            },
        }

    def part(self, part: Part) -> bytes:
        start = self.half if part is Part.SECOND_HALF else 0
        return self._sealed[start : self.end_of(part)]

    def end_of(self, part: Part) -> int:
        ends = {Part.NONE: 0, Part.FIRST_HALF: self.half}
        return ends.get(part, len(self._sealed))
