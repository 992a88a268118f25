"""Whether a partner's document proves a material of a case (采信). Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from case_service.reliances.vocabulary import ProofFault, ProofState

__all__ = ["Proof", "faults_of"]


@dataclass(frozen=True)
class Proof:
    """What the exchange tells of a partner's document that was verified or fetched."""

    counts_as: str
    purpose: str
    """The code of the matter that it was verified or fetched for."""
    state: ProofState
    usable_until: datetime
    valid_until: date | None


def faults_of(
    proof: Proof, *, proven_by: Collection[str], matter_code: str, today: date, at: datetime
) -> list[ProofFault]:
    """Return every reason why it does not prove the material; none means that it does."""
    found = []
    if proof.counts_as not in proven_by:
        found.append(ProofFault.OTHER_TYPE)
    if proof.purpose != matter_code:
        found.append(ProofFault.OTHER_PURPOSE)
    if at >= proof.usable_until:
        found.append(ProofFault.LAPSED)
    if proof.valid_until is not None and today > proof.valid_until:
        found.append(ProofFault.EXPIRED)
    if proof.state is ProofState.DISPUTED:
        found.append(ProofFault.DISPUTED)
    if proof.state is ProofState.ENDED:
        found.append(ProofFault.ENDED)
    return found
