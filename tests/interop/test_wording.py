"""What staff and partners read in Chinese has no codes of ours in it."""

import re
from enum import StrEnum

import pytest
from starlette.requests import Request

from interop_service.equivalences.rules import Shortfall
from interop_service.errors import AgreementDenies, EvidenceDenied, MessageNotAllowed, OutOfTurn
from interop_service.exchanges.rules import MessageKind, Side, State
from interop_service.once_only.errors import (
    DocumentUnfit,
    EvidenceGone,
    EvidenceNotAllowed,
    EvidenceStepRefused,
)
from interop_service.once_only.rules import EvidenceState, EvidenceStep, Impediment
from interop_service.partners.rules import Denial, Mode
from interop_service.recognitions.rules import Objection
from interop_service.refusals import ChangeDecided, RemoteHelpRefused
from interop_service.registrations.rules import ChangeState, ChangeStep
from interop_service.reliances.errors import DisputeAnswered, RelianceStepRefused
from interop_service.reliances.rules import DisputeState, RelianceState, RelianceStep
from interop_service.verifications.errors import LicenceNotGenuine, VerificationNotAllowed
from tongban.problems import Problem, render

DENIED: list[StrEnum] = [*Denial, *Shortfall, *Impediment]

SAID: list[Problem] = [
    *(OutOfTurn(state=state, possible=list(MessageKind)) for state in State),
    *(RemoteHelpRefused(state=state) for state in State),
    *(MessageNotAllowed(mode=m, side=s, allowed=list(MessageKind)) for m in Mode for s in Side),
    *(one(reasons=DENIED) for one in (AgreementDenies, EvidenceDenied)),
    *(one(reasons=DENIED) for one in (EvidenceNotAllowed, VerificationNotAllowed)),
    *(one(objection) for one in (DocumentUnfit, LicenceNotGenuine) for objection in Objection),
    *(EvidenceGone(state=state) for state in EvidenceState),
    *(EvidenceStepRefused(state=state, possible=list(EvidenceStep)) for state in EvidenceState),
    *(RelianceStepRefused(state=state, possible=list(RelianceStep)) for state in RelianceState),
    *(DisputeAnswered(state=state) for state in DisputeState),
    *(ChangeDecided(state=state, step=step) for state in ChangeState for step in ChangeStep),
]


@pytest.mark.parametrize("problem", SAID, ids=lambda problem: type(problem).__name__)
def test_a_chinese_sentence_has_no_code_in_it(problem: Problem) -> None:
    scope = {"type": "http", "path": "/", "headers": [(b"accept-language", b"zh-CN")]}

    said = bytes(render(problem, Request(scope)).body).decode()

    sentence = re.search(r'"detail":"([^"]*)"', said)
    assert sentence is not None
    assert not re.search(r"[a-z]", sentence[1]), sentence[1]
