"""Plays the checks against an endpoint and judges what it answers."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import httpx

from interop_service.exchanges.protocol import CHUNK, TREE
from interop_service.suites import PrivateKey
from tongban.clock import Clock
from tongban.ids import new_id
from tongban_client import messages
from tongban_client.conformance.checks import CHECKS
from tongban_client.conformance.drafts import Draft, Manner, Request
from tongban_client.conformance.judging import Finding, Got, Judge, Lost
from tongban_client.conformance.samples import SampleFile
from tongban_client.conformance.shapes import (
    Awaited,
    Check,
    KeySetTold,
    Part,
    Reached,
    Refused,
    Step,
    Taken,
    Unheard,
    What,
)
from tongban_client.messages import Mode
from tongban_client.parties import (
    KeySet,
    KeysUnreadable,
    Ourselves,
    Partner,
    key_set_of,
    keys_url,
)

__all__ = ["Outcome", "Played", "Tester", "keys_at", "play"]

PIECES: Final = 5
FILE_BYTES: Final = 200_000
LONGEST_ANSWER: Final = 64 * 1024


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass
class Played:
    """A check, and what came of it."""

    check: Check
    outcome: Outcome
    findings: list[Finding] = field(default_factory=list)
    milliseconds: int = 0


@dataclass(frozen=True)
class Tester:
    """Who plays, against whom, and by which agreement."""

    us: Ourselves
    partner: Partner
    agreement: str
    mode: Mode
    case: Mapping[str, Any]
    """What is sent as a package."""
    clock: Clock
    slow_seconds: float
    ended_key: PrivateKey | None = None


class _CutOff(Exception):
    """The connection is broken on purpose."""


def play(
    tester: Tester, client: httpx.Client, checks: Sequence[Check] = CHECKS
) -> Iterator[Played]:
    """Play one check after another."""
    for check in checks:
        if check.needs_ended_key and tester.ended_key is None:
            why = Finding(
                "没有给出这样的密钥（--ended-key）", "no such key was given (--ended-key)"
            )
            yield Played(check, Outcome.NOT_RUN, [why])
            continue
        begun = time.monotonic()
        findings = _Play(tester, client).findings(check)
        took = round((time.monotonic() - begun) * 1000)
        yield Played(check, Outcome.FAILED if findings else Outcome.PASSED, findings, took)


def keys_at(endpoint: str, client: httpx.Client) -> KeySet:
    """Read the key set that the endpoint publishes.

    Raises:
        KeysUnreadable: what it answers is no key set.
        httpx.HTTPError: it does not answer.
    """
    answer = client.get(keys_url(endpoint))
    return key_set_of(answer.status_code, answer.content)


class _Play:
    """One check: its steps know the first of them."""

    def __init__(self, tester: Tester, client: httpx.Client) -> None:
        self._tester, self._client = tester, client
        self._judge = Judge(tester.partner, tester.clock)
        self._first: Request | None = None
        self._first_receipt = ""
        self._file = SampleFile(secrets.token_bytes(FILE_BYTES))

    def findings(self, check: Check) -> list[Finding]:
        found: list[Finding] = []
        for number, step in enumerate(check.steps, 1):
            place = f"({number}/{len(check.steps)}) " if len(check.steps) > 1 else ""
            told = self._told_of_keys() if step.what is What.KEYS else self._step(step)
            found += [Finding(place + one.zh, place + one.en) for one in told]
        return found

    def _told_of_keys(self) -> list[Finding]:
        try:
            published = keys_at(self._tester.partner.endpoint, self._client)
        except (KeysUnreadable, httpx.HTTPError) as fault:
            return [Finding(f"公钥集不可用：{fault!r}", f"the key set can't be used: {fault!r}")]
        found = []
        expected = self._tester.partner.district
        if published.district != expected:
            found.append(
                Finding(
                    f"district 为 {published.district}，应为 {expected}",
                    f"district is {published.district}, not {expected}",
                )
            )
        if self._tester.partner.suite not in published.suites:
            suite = self._tester.partner.suite
            found.append(Finding(f"suites 中没有 {suite}", f"suites does not list {suite}"))
        told = published.partner_keys().signing.keys()
        if unknown := self._tester.partner.keys.signing.keys() - told:
            listed = ", ".join(sorted(unknown))
            found.append(
                Finding(
                    f"没有所给的签名公钥 {listed}", f"the given signing keys {listed} are missing"
                )
            )
        return found

    def _step(self, step: Step) -> list[Finding]:
        request = self._request(step)
        got = self._sent(request)
        if self._first is None:
            self._first = request
            self._first_receipt = got.receipt_signature if isinstance(got, Got) else ""
        match step.expects:
            case Unheard():
                return []
            case Taken(is_same):
                same_as = self._first_receipt if is_same else None
                return self._judge.taken(request, got, same_as=same_as)
            case Awaited(begun):
                lacking = {self._file.digest: self._file.half if begun else 0}
                return self._judge.awaited(request, got, lacking=lacking)
            case Reached(part):
                return self._judge.reached(
                    request,
                    got,
                    status=200 if step.what is What.ASK else 204,
                    offset=self._file.end_of(part),
                    is_whole=part is Part.WHOLE,
                )
            case Refused() as refusal:
                return self._judge.refused(request, got, refusal)
            case KeySetTold():
                raise AssertionError("the key set is read, not sent to")

    def _request(self, step: Step) -> Request:
        first = self._first
        if step.what is What.REPLAY:
            assert first is not None  # noqa: S101  # the table's word
            return first
        draft = self._draft(step, first.draft if first is not None else None)
        if step.by_ended_key:
            assert self._tester.ended_key is not None  # noqa: S101  # else it is not run
            draft.key = self._tester.ended_key
        if step.alter is not None:
            step.alter(draft)
        return draft.signed(self._tester.partner.endpoint)

    def _draft(self, step: Step, first: Draft | None) -> Draft:
        match step.what:
            case What.RATING if first is not None:
                return self._rating(first.exchange_id)
            case What.RATING_ELSEWHERE:
                return self._rating(new_id())
            case What.VERIFICATION:
                return self._verification()
            case What.RELIANCE_ELSEWHERE:
                return self._reliance_ended(new_id())
            case What.AGAIN if first is not None:
                return self._same(first, message_id=first.message_id)
            case What.ANOTHER_ID if first is not None:
                return self._same(first, message_id=new_id())
            case What.FILE_PACKAGE:
                return self._package(self._file.material)
            case What.CHUNK:
                return self._chunk(step)
            case What.ASK:
                return self._about_file("HEAD", b"")
            case What.SAME_NONCE if first is not None:
                draft = self._package()
                draft.nonce = first.nonce
                return draft
        return self._package()

    def _chunk(self, step: Step) -> Draft:
        chunk = self._file.part(step.part)
        if step.is_altered:
            chunk = bytes([chunk[0] ^ 1]) + chunk[1:]
        draft = self._about_file("PATCH", chunk)
        draft.offset = self._file.half if step.part is Part.SECOND_HALF else 0
        return draft

    def _about_file(self, method: str, content: bytes) -> Draft:
        path = f"{TREE}/files/{self._file.digest}"
        draft = self._of(messages.Message(path, new_id(), b"{}", new_id()), None)
        draft.method, draft.media_type, draft.content = method, CHUNK, content
        return draft

    def _package(self, *more: Mapping[str, Any]) -> Draft:
        tester = self._tester
        at = tester.clock()
        case = {**tester.case, "materials": [*tester.case.get("materials", ()), *more]}
        made = messages.package(
            tester.us,
            tester.partner,
            case,
            agreement=tester.agreement,
            mode=tester.mode,
            at=at,
        )
        return self._of(made, case)

    def _rating(self, exchange_id: UUID) -> Draft:
        tester = self._tester
        made = messages.rating(
            tester.us, tester.partner, exchange_id, score=5, ordinal=2, at=tester.clock()
        )
        return self._of(made, None)

    def _verification(self) -> Draft:
        tester = self._tester
        at = tester.clock()
        made = messages.verification(
            tester.us,
            tester.partner,
            {"number": f"{tester.partner.district}-ZZ-0000-000000"},
            agreement=tester.agreement,
            licence_type="conformance_test",
            counts_as="conformance_test",
            purpose=tester.case["matter_code"],
            expires_at=at + timedelta(minutes=10),
            at=at,
        )
        return self._of(made, None)

    def _reliance_ended(self, exchange_id: UUID) -> Draft:
        tester = self._tester
        at = tester.clock()
        made = messages.reliance_step(
            tester.us,
            tester.partner,
            exchange_id,
            kind="ended",
            change="revoked",
            effective_from=at.date().isoformat(),
            at=at,
        )
        return self._of(made, None)

    def _same(self, first: Draft, *, message_id: UUID) -> Draft:
        body = json.dumps(first.body, ensure_ascii=False).encode()
        message = messages.Message(first.path, first.exchange_id, body, message_id)
        return self._of(message, first.package)

    def _of(self, message: messages.Message, package: Mapping[str, Any] | None) -> Draft:
        tester = self._tester
        at = tester.clock()
        return Draft.of(
            message,
            package,
            sender=tester.us.district,
            key=tester.us.signer(tester.partner.suite, at=at),
            reader=tester.partner.keys,
            at=at,
        )

    def _sent(self, request: Request) -> Got | Lost:
        message = request.message
        manner = request.draft.manner
        content = request.body if manner is Manner.WHOLE else self._pieces(request.body, manner)
        headers = message.headers | {"Content-Length": str(len(request.body))}
        try:
            with self._client.stream(
                message.method, message.url, content=content, headers=headers
            ) as answer:
                return Got(answer.status_code, answer.headers, _read(answer))
        except httpx.HTTPError as fault:
            return Lost(f"{type(fault).__name__}: {fault}")
        except _CutOff:
            return Lost("cut off")

    def _pieces(self, body: bytes, manner: Manner) -> Iterator[bytes]:
        size = len(body) // PIECES + 1
        for number in range(PIECES):
            if number:
                time.sleep(self._tester.slow_seconds / PIECES)
            if manner is Manner.CUT_OFF and number > PIECES // 2:
                raise _CutOff
            yield body[number * size : (number + 1) * size]


def _read(answer: httpx.Response) -> bytes:
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > LONGEST_ANSWER:
            break
    return content
