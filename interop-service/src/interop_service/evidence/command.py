"""`tongban-verify FILE`: verify an evidence file off line, by the districts' public keys alone."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from interop_service.evidence import verification
from interop_service.evidence.schemas import EvidenceFile
from interop_service.evidence.verification import Keys, Report, Unreadable
from interop_service.suites import PublicKey

__all__ = ["main"]

_USAGE = """验证跨区办件的证据文件，不需要网络。 Verify the evidence of an exchange, off line.

退出码 exit status: 0 全部可信 all proven; 1 有不可信之处 something is not; 2 无法读取 unreadable"""


def main(arguments: Sequence[str] | None = None, *, out: TextIO = sys.stdout) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        "tongban-verify", description=_USAGE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="证据文件 the evidence file")
    parser.add_argument(
        "--keys",
        action="append",
        default=[],
        metavar="DISTRICT=FILE",
        help="从该区另行取得的公钥集 a district's JWK set, had from it by another way",
    )
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="对方导出的证据文件 the other district's file"
    )
    given = parser.parse_args(arguments)
    try:
        files = [verification.read(given.file.read_bytes())]
        if given.against is not None:
            files.append(verification.read(given.against.read_bytes()))
        trusted = _trusted(given.keys)
        reports = _verified(files, trusted)
    except (Unreadable, OSError) as fault:
        out.write(f"无法读取 unreadable: {fault}\n")
        return 2
    _say(out, files, trusted, reports)
    return 0 if all(report.is_good for report in reports) else 1


def _trusted(given: Sequence[str]) -> dict[str, dict[str, PublicKey]]:
    trusted: dict[str, dict[str, PublicKey]] = {}
    for one in given:
        district, _, path = one.partition("=")
        try:
            jwks = json.loads(Path(path).read_bytes())
        except ValueError:
            raise Unreadable(f"{path} is no JWK set") from None
        trusted.setdefault(district, {}).update(verification.signing_keys(jwks))
    return trusted


def _verified(files: Sequence[EvidenceFile], trusted: Keys) -> list[Report]:
    keys = {
        district: trusted.get(district) or verification.signing_keys(jwks)
        for file in files
        for district, jwks in file.keys.items()
    }
    reports = [verification.verify(file, keys) for file in files]
    if len(files) > 1:
        reports.append(verification.compare(files[0], files[1], keys))
    return reports


def _say(
    out: TextIO, files: Sequence[EvidenceFile], trusted: Keys, reports: Sequence[Report]
) -> None:
    first = files[0]
    out.write(f"跨区办件 exchange {first.exchange_id}, 导出自 from {first.district}\n")
    for message in first.messages:
        told = message.entry.payload
        out.write(
            f"  {told['receipt']['at']}  {told['kind']}  {told['sender']} → {told['receiver']}"
            f"  {told['message_id']}\n"
        )
    for district in sorted(first.keys.keys() - trusted.keys()):
        out.write(
            f"注意：{district} 的公钥取自证据文件本身，请与该区公布的公钥核对。 "
            f"Note: the keys of {district} are the file's own; compare them with those it "
            f"publishes: {', '.join(verification.signing_keys(first.keys[district]))}\n"
        )
    for report in reports:
        for finding in report.findings:
            out.write(f"✗ {finding.place}: {finding.zh}; {finding.en}\n")
    if all(report.is_good for report in reports):
        out.write(f"✓ {first.exchange_id}: 全部可信 all proven\n")


if __name__ == "__main__":
    sys.exit(main())
