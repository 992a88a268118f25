"""Checking a sealed document (电子印章): the seal is a JWS over its number and its digest."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pydantic_core
import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, model_validator

from interop_service.partners.schemas import DistrictCode
from interop_service.recognitions.rules import DocumentKind, Objection
from tongban.texts import Code, Line

__all__ = ["SealedDocument", "licence_in", "seal_fault"]


class Issuer(BaseModel):
    """Who sealed it."""

    model_config = ConfigDict(extra="allow")

    district: DistrictCode


class SealedDocument(BaseModel):
    """A sealed document: what recognition looks at; the rest is for its reader."""

    model_config = ConfigDict(extra="allow")

    number: Line
    kind: Code
    issued_by: Issuer
    seal: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_licence_says_its_type(cls, document: Any) -> Any:
        """An e-licence may leave its kind out: `licence_type` says what it is."""
        if isinstance(document, dict) and "kind" not in document and "licence_type" in document:
            return {**document, "kind": DocumentKind.LICENCE.value}
        return document


def licence_in(document: Mapping[str, Any]) -> str | None:
    """Return the number of the licence that a sealed result is, or says was granted."""
    if SealedDocument.model_validate(document).kind == DocumentKind.LICENCE:
        return str(document["number"])
    facts = document.get("facts")
    named = facts.get("licence_number") if isinstance(facts, Mapping) else None
    return named if isinstance(named, str) and named else None


def seal_fault(document: Mapping[str, Any], seals: Mapping[str, OKPKey]) -> Objection | None:
    """Return what is wrong with a document's seal, made by one of the issuer's seal keys."""
    token = document.get("seal")
    if not isinstance(token, str):
        return Objection.NO_SEAL
    if not seals:
        return Objection.UNKNOWN_SEAL
    unsealed = {name: value for name, value in document.items() if name != "seal"}
    try:
        digest = hashlib.sha256(rfc8785.dumps(unsealed)).hexdigest()
    except rfc8785.CanonicalizationError:
        return Objection.MALFORMED
    expected = {"number": document.get("number"), "sha256": digest}
    # Every registered seal is tried: a seal's own id need not be the one it is registered under.
    if any(_payload(token, key) == expected for key in seals.values()):
        return None
    return Objection.SEAL_BROKEN


def _payload(token: str, key: OKPKey) -> Any:
    try:
        payload = jws.deserialize_compact(token, key, algorithms=["Ed25519"]).payload
        return pydantic_core.from_json(payload)
    except (JoseError, ValueError, TypeError):
        return None
