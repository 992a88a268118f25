"""A licence on paper (证照版式): the face that its holder prints or shows, with its QR code."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from case_service.documents.rules import digest_of
from case_service.documents.typesetting import typeset
from case_service.seals.signing import seal_of
from tongban.clock import SHANGHAI
from tongban.context import Context

__all__ = ["face_of", "on_paper"]

_NO_END: Final = {"zh-CN": "长期", "en": "no end"}


async def on_paper(context: Context, licence: Mapping[str, Any], *, issued_at: datetime) -> bytes:
    """Return the sealed licence as PDF/A, signed; its code leads to how the licence stands."""
    address = f"{context.settings.public_url}/api/v1/licences/verify/{licence['verification_code']}"
    unsealed = {name: told for name, told in licence.items() if name != "seal"}
    face = face_of(licence, issued_at=issued_at)
    paper = await asyncio.to_thread(typeset, face, sha256=digest_of(unsealed), verify_at=address)
    return await seal_of(context).sign_pdf(paper, reason=str(licence["number"]))


def face_of(licence: Mapping[str, Any], *, issued_at: datetime) -> dict[str, Any]:
    """Return what the paper says, in both languages; each line is a label and what it tells."""
    holder = licence["holder"]
    until = licence["valid_until"]
    rows = (
        ("持证人", "Holder", holder["name"], holder["name"]),
        *(
            (zh, en, holder[name], holder[name])
            for name, zh, en in (
                ("credit_code", "统一社会信用代码", "Unified social credit code"),
                ("legal_representative", "法定代表人", "Legal representative"),
                ("identity_number", "证件号码", "Identity number"),
            )
            if holder.get(name)
        ),
        ("发证机关", "Issued by", licence["issued_by"]["body"], licence["issued_by"]["body"]),
        ("生效日期", "Valid from", licence["valid_from"], licence["valid_from"]),
        ("有效期至", "Valid until", until or _NO_END["zh-CN"], until or _NO_END["en"]),
        ("查验码", "Code", licence["verification_code"], licence["verification_code"]),
    )
    return {
        "kind": "licence",
        "number": licence["number"],
        "title": {"zh-CN": licence["name"], "en": "Electronic licence"},
        "issued_by": licence["issued_by"],
        "issued_at": issued_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "lines": {
            "zh-CN": [f"{label}：{told}" for label, _, told, _ in rows],
            "en": [f"{label}: {told}" for _, label, _, told in rows],
        },
    }
