"""Verify an evidence file off line, by public keys alone (docs/interop/evidence.md). Pure."""

import base64
import binascii
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from pydantic import ValidationError

from interop_service import suites
from interop_service.evidence import rules
from interop_service.evidence.rules import Anchor, AnchorInvalid
from interop_service.evidence.schemas import EvidenceFile, ProvenMessage
from interop_service.exchanges import signatures
from interop_service.exchanges.envelopes import Receipt
from interop_service.exchanges.signatures import OutMessage, RequestUnproven
from interop_service.suites import JwsInvalid, KeyUnusable, PublicKey
from tongban.checkpoints import Span, is_proven, link_of
from tongban.ledger import Entry

__all__ = ["Finding", "Report", "Unreadable", "compare", "read", "signing_keys", "verify"]

Keys = Mapping[str, Mapping[str, PublicKey]]
"""Each district's signing keys, by id."""


class Unreadable(ValueError):
    """The file is no evidence file, or a key set no key set; the message says where."""


@dataclass(frozen=True)
class Finding:
    """Something that is not proven: where, and why, in both languages."""

    place: str
    zh: str
    en: str


@dataclass
class Report:
    """What was found; good where there is no finding."""

    messages: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.findings

    def fault(self, place: str, zh: str, en: str) -> None:
        self.findings.append(Finding(place, zh, en))


def read(content: bytes) -> EvidenceFile:
    """Read an evidence file.

    Raises:
        Unreadable: it is none.
    """
    try:
        return EvidenceFile.model_validate_json(content)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise Unreadable(f"{place}: {first['msg']}") from None


def signing_keys(jwks: Mapping[str, Any]) -> dict[str, PublicKey]:
    """Return the keys of a JWK set (RFC 7517) that sign messages.

    Raises:
        Unreadable: it holds what is no public key.
    """
    found = {}
    for jwk in jwks.get("keys", []):
        if not isinstance(jwk, dict) or jwk.get("use") != "sig":
            continue
        try:
            key = suites.public_key(jwk)
        except KeyUnusable as fault:
            raise Unreadable(f"key {jwk.get('kid')}: {fault.code}") from None
        found[key.key_id] = key
    return found


def verify(file: EvidenceFile, keys: Keys) -> Report:
    """Hold every word of the file to the districts' signatures.

    Proven is: who sent each message and what (by its digest), that the other took it, that both
    stood in the log of `file.district` when the checkpoint was signed, and that nothing of the
    file was altered. Not proven is that there were no other messages: `compare` finds those that
    the other district has.
    """
    report = Report(messages=len(file.messages))
    if file.pending:
        report.fault(
            "pending",
            f"另有 {file.pending} 条报文尚未封存，请稍后重新导出",
            f"{file.pending} more messages are not under a checkpoint yet: export again later",
        )
    own = keys.get(file.district, {})
    spans = [Span(one.since, one.seq, bytes.fromhex(one.root)) for one in file.spans]
    _verify_chain(file, spans, own, report)
    for number, message in enumerate(file.messages):
        _verify_message(file, message, spans, keys, report, place=f"messages/{number}")
    for number, token in enumerate(file.contradictions):
        report.fault(
            f"contradictions/{number}",
            "对方签署过互相矛盾的检查点：其日志曾被改写",
            f"the partner signed checkpoints that contradict each other: {token[:20]}…",
        )
    return report


def compare(file: EvidenceFile, other: EvidenceFile, keys: Keys) -> Report:
    """Hold two districts' files of one exchange against each other.

    Each must tell the same of every message, and each must be where the checkpoints say that the
    other holds of it.
    """
    report = Report(messages=len(file.messages))
    if file.exchange_id != other.exchange_id or file.district == other.district:
        report.fault("/", "不是同一跨区办件的双方证据", "not both sides' files of one exchange")
        return report
    ours, theirs = _told(file), _told(other)
    for message_id in sorted(ours.keys() ^ theirs.keys()):
        where = file.district if message_id in ours else other.district
        report.fault(
            message_id,
            f"只有 {where} 的日志中有这条报文",
            f"only the log of {where} has this message",
        )
    for message_id in sorted(ours.keys() & theirs.keys()):
        if ours[message_id] != theirs[message_id]:
            report.fault(message_id, "双方所记不同", "the two logs tell it differently")
    for one, holder in ((file, other), (other, file)):
        _compare_anchors(one, holder, keys.get(one.district, {}), report)
    return report


def _verify_chain(
    file: EvidenceFile, spans: Sequence[Span], keys: Mapping[str, PublicKey], report: Report
) -> None:
    if not spans:
        if file.messages:
            report.fault("spans", "没有检查点", "there is no checkpoint")
        return
    for before, after in itertools.pairwise(spans):
        if after.since != before.seq:
            report.fault("spans", "检查点不相接", "the spans do not follow one another")
            return
    try:
        anchor = rules.read_anchor(file.checkpoint or "", district=file.district, keys=keys)
    except AnchorInvalid as fault:
        report.fault("checkpoint", "检查点签名无效", f"the checkpoint is not proven: {fault}")
        return
    links = dict(_links(file, spans))
    if links.get(anchor.seq) != anchor.link or anchor.seq != spans[-1].seq:
        report.fault(
            "checkpoint", "检查点与日志区段不符", "the signed checkpoint is not of these spans"
        )


def _links(file: EvidenceFile, spans: Sequence[Span]) -> Iterator[tuple[int, str]]:
    link = bytes.fromhex(file.previous_link)
    for span in spans:
        link = link_of(span, previous=link)
        yield span.seq, link.hex()


def _verify_message(
    file: EvidenceFile,
    message: ProvenMessage,
    spans: Sequence[Span],
    keys: Keys,
    report: Report,
    *,
    place: str,
) -> None:
    try:
        entry = message.entry.entry()
        path = [bytes.fromhex(one) for one in message.path]
    except ValueError:
        report.fault(place, "哈希值无法识别", "a hash is not readable")
        return
    span = next((one for one in spans if one.since < entry.seq <= one.seq), None)
    if span is None or not is_proven(entry, path, span):
        report.fault(place, "日志条目被改动或不在日志中", "the entry is altered, or not of the log")
        return
    _verify_content(file, message, entry, keys, report, place=place)


def _verify_content(
    file: EvidenceFile,
    message: ProvenMessage,
    entry: Entry,
    keys: Keys,
    report: Report,
    *,
    place: str,
) -> None:
    told = entry.payload
    try:
        receipt = Receipt.model_validate(told["receipt"])
        request = OutMessage(**told["request"])
        sender, receiver = str(told["sender"]), str(told["receiver"])
        canonical = rfc8785.dumps(dict(told["receipt"]))
        payload, key = suites.open_jws(str(told["receipt_signature"]), keys.get(receiver, {}))
        bytes.fromhex(receipt.digest)
    except JwsInvalid as fault:
        report.fault(place, "回执签名无效", f"the receipt is not proven: {fault}")
        return
    except (KeyError, TypeError, ValueError, rfc8785.CanonicalizationError):
        report.fault(place, "条目内容不完整", "the entry does not say what it should")
        return
    if payload != canonical or receipt.by != receiver:
        report.fault(place, "回执不是这条报文的", "the receipt is another one's")
    try:
        origin = signatures.verify_logged(request, keys=keys.get(sender, {}))
    except RequestUnproven as fault:
        report.fault(place, "报文签名无效", f"the message's origin is not proven: {fault}")
        return
    facts = {
        "message_id": (told["message_id"], str(receipt.message_id), origin.message_id),
        "exchange_id": (told["exchange_id"], str(receipt.exchange_id), str(file.exchange_id)),
        "sender": (sender, origin.sender),
        "digest_algorithm": (receipt.digest_algorithm, key.algorithm.digest),
    }
    for name, said in facts.items():
        if len(set(said)) != 1:
            report.fault(place, f"{name} 前后不一", f"{name} differs: {', '.join(map(str, said))}")
    if not suites.is_digest(origin.content_digest, receipt.digest_algorithm, receipt.digest):
        report.fault(place, "回执与报文摘要不符", "the receipt is for another body than was signed")
    if message.body is not None and _digest(message.body, receipt) != receipt.digest:
        report.fault(place, "正文与摘要不符", "the body is not the one that was receipted")


def _digest(body: str, receipt: Receipt) -> str:
    try:
        content = base64.b64decode(body, validate=True)
    except binascii.Error:
        return ""
    return suites.digest_by(receipt.digest_algorithm, content)


def _told(file: EvidenceFile) -> dict[str, Any]:
    """What both logs must say alike of each message; each attempt was signed anew."""
    names = ("exchange_id", "kind", "sender", "receiver", "receipt", "receipt_signature")
    return {
        str(one.entry.payload.get("message_id")): [one.entry.payload.get(name) for name in names]
        for one in file.messages
    }


def _compare_anchors(
    file: EvidenceFile, holder: EvidenceFile, keys: Mapping[str, PublicKey], report: Report
) -> None:
    spans = [Span(one.since, one.seq, bytes.fromhex(one.root)) for one in file.spans]
    links = dict(_links(file, spans))
    for number, token in enumerate(holder.anchors):
        place = f"{holder.district}/anchors/{number}"
        try:
            anchor: Anchor = rules.read_anchor(token, district=file.district, keys=keys)
        except AnchorInvalid as fault:
            report.fault(place, "检查点签名无效", f"the checkpoint is not proven: {fault}")
            continue
        # What was signed once stays a place in the chain: one that is gone was signed over.
        is_covered = bool(spans) and spans[0].since < anchor.seq <= spans[-1].seq
        if is_covered and links.get(anchor.seq) != anchor.link:
            report.fault(
                place,
                f"{file.district} 的日志在第 {anchor.seq} 条之前曾被改写",
                f"the log of {file.district} was rewritten before its entry {anchor.seq}",
            )
