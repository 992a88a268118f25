"""Verify a package as whoever received it: `python -m case_service.archive.verify FILE KEYS`.

Needs the file and the district's public keys (a JWK, or a JWKS) alone: no settings, no database.
Each fault is named with its place; the exit status is 1 where there is any.
"""

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from case_service.archive.bag import MANIFEST, SIGNATURE, SIGNED, TAG_MANIFEST
from case_service.archive.record import contents_digest
from case_service.documents.rules import verify as is_sealed_document
from tongban.checkpoints import BrokenCheckpoint, Checkpoint
from tongban.ledger import entry_hash

__all__ = ["Keys", "faults_of", "read_keys"]

PIECE: Final = 1 << 20
ALGORITHMS: Final = ["Ed25519"]
PROOFS: Final = frozenset({"case.json", "timeline.json", "ledger.json", "file.json"})

Keys = Sequence[OKPKey]


@dataclass(frozen=True)
class _Opened:
    """A package that can be read, with the digest of each thing in it."""

    package: zipfile.ZipFile
    digests: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.package.read(name).decode()

    def json(self, name: str) -> Any:
        return json.loads(self.package.read(name))


def read_keys(text: str) -> Keys:
    """Read a public JWK, or the keys of a JWKS."""
    told = json.loads(text)
    return [OKPKey.import_key(dict(one)) for one in told.get("keys", [told])]


def faults_of(path: Path, keys: Keys) -> list[str]:
    """Return what is wrong with a package; nothing where it is whole and the district's own."""
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            if len(set(names)) < len(names):
                return ["two entries have the same name"]
            digests = {name: _digest(package, name) for name in names}
            return list(_faults(_Opened(package, digests), keys))
    except (zipfile.BadZipFile, EOFError, OSError) as fault:
        return [f"not a readable ZIP: {fault}"]


def _faults(opened: _Opened, keys: Keys) -> Iterator[str]:
    tags = (*SIGNED, SIGNATURE, TAG_MANIFEST)
    missing = [name for name in tags if name not in opened.digests]
    if missing:
        yield from (f"{name}: missing" for name in missing)
        return
    yield from _unlike(opened, TAG_MANIFEST, among=(*SIGNED, SIGNATURE))
    payload = [name for name in opened.digests if name.startswith("data/")]
    yield from _unlike(opened, MANIFEST, among=payload)
    known = {*tags, *payload}
    yield from (f"{name}: not part of the bag" for name in opened.digests if name not in known)
    yield from _unsigned(opened, keys)
    for folder in sorted({name.split("/")[1] for name in payload}):
        yield from _faults_of_file(opened, f"data/{folder}/", keys)


def _unlike(opened: _Opened, manifest: str, *, among: Iterable[str]) -> Iterator[str]:
    """Hold things to a manifest, both ways."""
    told: dict[str, str] = {}
    for line in opened.text(manifest).splitlines():
        digest, _, name = line.partition("  ")
        told[name] = digest
    for name in among:
        if name not in told:
            yield f"{name}: not in {manifest}"
        elif opened.digests[name] != told[name]:
            yield f"{name}: altered"
    yield from (f"{name}: missing" for name in told if name not in opened.digests)


def _unsigned(opened: _Opened, keys: Keys) -> Iterator[str]:
    claims = _claims(opened.text(SIGNATURE), keys)
    if claims is None:
        yield f"{SIGNATURE}: not signed with any of the keys"
    elif claims.get("sha256") != {name: opened.digests[name] for name in SIGNED}:
        yield f"{SIGNATURE}: signs another package"


def _faults_of_file(opened: _Opened, folder: str, keys: Keys) -> Iterator[str]:
    lacking = [name for name in PROOFS if f"{folder}{name}" not in opened.digests]
    if lacking:
        yield from (f"{folder}{name}: missing" for name in sorted(lacking))
        return
    try:
        file = opened.json(f"{folder}file.json")
        yield from _unlike_filed(opened, folder, file, keys)
        yield from _unproven(opened, folder, file, keys)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        yield f"{folder}: not readable as a case's file: {fault}"


def _unlike_filed(
    opened: _Opened, folder: str, file: Mapping[str, Any], keys: Keys
) -> Iterator[str]:
    """Hold the things of a file to what was fixed and signed when it was filed."""
    claims = _claims(file["signature"], keys)
    fixed = {
        "number": file["number"],
        "edition": file["edition"],
        "contents_sha256": contents_digest(file["contents"]),
    }
    if claims != fixed:
        yield f"{folder}file.json: its contents are not what was signed at filing"
    if file["number"] != folder.split("/")[1]:
        yield f"{folder}file.json: another file's"
    for thing in file["contents"]:
        name = f"{folder}{thing['path']}"
        if name not in opened.digests:
            yield f"{name}: missing, it was filed"
        elif thing["path"].startswith("documents/"):
            document = opened.json(name)
            if not any(is_sealed_document(document, key.as_dict(private=False)) for key in keys):
                yield f"{name}: its seal does not hold"
        elif opened.digests[name] != thing["sha256"]:
            yield f"{name}: not what was filed"


def _unproven(opened: _Opened, folder: str, file: Mapping[str, Any], keys: Keys) -> Iterator[str]:
    """Hold the timeline to the ledger's entries, and those to their hashes and the checkpoint."""
    name = f"{folder}ledger.json"
    proof = opened.json(name)
    entries = proof["entries"]
    for entry in entries:
        reckoned = entry_hash(
            bytes.fromhex(entry["previous_hash"]),
            entry["seq"],
            id=UUID(entry["id"]),
            at=datetime.fromisoformat(entry["at"]),
            actor=entry["actor"],
            action=entry["action"],
            subject=entry["subject"],
            payload=entry["payload"],
        )
        if reckoned.hex() != entry["hash"]:
            yield f"{name}: entry {entry['seq']} is altered"
    proven = {(one["at"], one["action"]) for one in entries if one["subject"] == file["case_id"]}
    for step in opened.json(f"{folder}timeline.json"):
        if (step["at"], f"case.{step['action']}") not in proven:
            yield f"{folder}timeline.json: {step['action']} at {step['at']} is not on the ledger"
    last = max((entry["seq"] for entry in entries), default=0)
    signed = proof["checkpoint"]
    if signed is None or not any(_covers(signed, proof["ledger"], last, key) for key in keys):
        yield f"{name}: no checkpoint of the district covers entry {last}"


def _covers(signed: str, ledger: str, seq: int, key: OKPKey) -> bool:
    try:
        return Checkpoint.read(signed, ledger=ledger, key=key).seq >= seq
    except BrokenCheckpoint:
        return False


def _claims(signature: str, keys: Keys) -> dict[str, Any] | None:
    for key in keys:
        try:
            signed = jws.deserialize_compact(signature, key, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            continue
        claims: dict[str, Any] = json.loads(signed.payload)
        return claims
    return None


def _digest(package: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with package.open(name) as entry:
        while piece := entry.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _main(
    package: Annotated[Path, typer.Argument(help="移交包 / the package")],
    keys: Annotated[Path, typer.Argument(help="公钥 JWK 或 JWKS / the district's public keys")],
) -> None:
    """Verify a package of case files (移交包验真)."""
    faults = faults_of(package, read_keys(keys.read_text()))
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        sys.exit(1)
    typer.echo("移交包完整、真实 / whole and genuine")


if __name__ == "__main__":
    typer.run(_main)
