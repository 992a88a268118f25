"""`tongban-conformance URL`: play a partner, good and bad, and report what does not conform."""

import argparse
import json
import ssl
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

import httpx

from interop_service.suites import PrivateKey, Suite
from tongban.clock import Clock, utc_now
from tongban_client.conformance.agreeing import NotAgreed, sign_agreement
from tongban_client.conformance.playing import Tester, keys_at, play
from tongban_client.conformance.report import Report
from tongban_client.conformance.samples import sample_case
from tongban_client.parties import KeySet, KeysUnreadable, Ourselves, Partner
from tongban_client.sending import NotDelivered

__all__ = ["main"]

_USAGE = """以合作区的身份（守规矩的和不守规矩的）检查一个互通端点，并给出报告。
Play a partner, good and bad, against an endpoint of the exchange protocol, and report.

会在被测端点产生测试办件，请用测试环境，并先在对方登记测试方的公钥、协议和事项。
It leaves test cases at the endpoint: use a test system, which has registered the tester's key,
the agreement and the matter.

退出码 exit status: 0 符合 conforms; 1 不符合 does not; 2 无法检查 could not be checked"""

MODES: Final = ("online", "proxy", "joint")


class Unusable(ValueError):
    """What was given can't be used; the message says why."""


UNCHECKED: Final = (Unusable, KeysUnreadable, NotAgreed, NotDelivered)
"""What ends the command before a check was run, besides a file or a line that is not there."""


def main(
    arguments: Sequence[str] | None = None, *, out: TextIO = sys.stdout, clock: Clock = utc_now
) -> int:
    """Run the command; return its exit status."""
    given = _parser().parse_args(arguments)
    begun_at = clock()
    # Reached directly and never by a redirect: the signature names the address.
    try:
        tls = _tls(given)
    except OSError as fault:
        out.write(f"无法检查 could not be checked: TLS: {fault}\n")
        return 2
    with httpx.Client(
        timeout=given.timeout, follow_redirects=False, trust_env=False, verify=tls
    ) as client:
        try:
            published, source = _published(given, client)
            tester = _tester(given, published, clock=clock)
            if given.terms is not None:
                sign_agreement(tester, _terms(given), client)
        except (*UNCHECKED, OSError, httpx.HTTPError, httpx.InvalidURL) as fault:
            out.write(f"无法检查 could not be checked: {fault or type(fault).__name__}\n")
            return 2
        report = Report(
            endpoint=tester.partner.endpoint,
            district=tester.partner.district,
            tester=tester.us.district,
            suite=tester.partner.suite,
            agreement=tester.agreement,
            begun_at=begun_at,
            keys_from=source,
            played=list(play(tester, client)),
        )
    out.write(report.text())
    if given.json is not None:
        given.json.write_text(report.json())
    return 0 if report.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tongban-conformance",
        description=_USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", help="被测端点，不含路径 the endpoint, an origin without a path")
    add = parser.add_argument
    add(
        "--district", required=True, help="被测区的区划代码 the code of the district that is called"
    )
    add("--as", dest="tester", required=True, help="测试方的区划代码 the tester's district code")
    add(
        "--key",
        type=Path,
        required=True,
        metavar="FILE",
        help="测试方的签名私钥（JWK），公钥已在对方登记 its private signing JWK, known there",
    )
    add("--agreement", required=True, help="双方协议编号 the agreement's code")
    add("--matter", required=True, help="协议中的事项编码 the code of a matter under it")
    add("--mode", choices=MODES, default="proxy", help="协议的通办模式 the agreement's mode")
    add(
        "--terms",
        type=Path,
        metavar="FILE",
        help="协议文本（JSON，协议 4.8），先以测试方密钥签署并发送 "
        "the agreement's terms, to be signed and sent first",
    )
    add("--suite", choices=[*Suite], default=Suite.ED25519_SHA256, help="密码套件 the suite")
    add(
        "--keys",
        type=Path,
        metavar="FILE",
        help="另行取得的对方公钥集；未给时向端点读取 the district's key set, had by another way; "
        "read from the endpoint where it is not given",
    )
    add(
        "--ended-key",
        type=Path,
        metavar="FILE",
        help="测试方已到期或已吊销的私钥 a private JWK of the tester's that ended or was revoked",
    )
    add(
        "--case",
        type=Path,
        metavar="FILE",
        help="要发送的办件（JSON），默认为虚构办件 the case to send; an invented one by default",
    )
    add(
        "--tls-certificate",
        type=Path,
        metavar="FILE",
        help="测试方的 TLS 证书（PEM，双向 TLS）the tester's TLS certificate, for mutual TLS",
    )
    add("--tls-key", type=Path, metavar="FILE", help="其私钥（PEM）its private key")
    add(
        "--tls-ca",
        type=Path,
        metavar="FILE",
        help="信任的 CA（PEM），默认为公共 CA whom to trust; the public authorities by default",
    )
    add("--slow-seconds", type=float, default=5, help="慢速传输的秒数 how long the slow body takes")
    add("--timeout", type=float, default=30, help="等待应答的秒数 how long to wait for an answer")
    add("--json", type=Path, metavar="FILE", help="另存 JSON 报告 write the report as JSON too")
    return parser


def _tls(given: argparse.Namespace) -> ssl.SSLContext:
    made = (
        ssl.create_default_context(cafile=given.tls_ca)
        if given.tls_ca is not None
        else httpx.create_ssl_context(trust_env=False)
    )
    if given.tls_certificate is not None:
        made.load_cert_chain(given.tls_certificate, given.tls_key)
    return made


def _published(given: argparse.Namespace, client: httpx.Client) -> tuple[KeySet, str]:
    if given.keys is not None:
        return KeySet.parse(given.keys.read_bytes()), str(given.keys)
    endpoint = given.url.rstrip("/")
    source = f"{endpoint}，请与该区另行提供的公钥核对 compare them with those had by another way"
    return keys_at(endpoint, client), source


def _tester(given: argparse.Namespace, published: KeySet, *, clock: Clock) -> Tester:
    us = Ourselves.read(given.tester, signing=given.key)
    suite = Suite(given.suite)
    us.signer(suite, at=clock())
    return Tester(
        us=us,
        partner=Partner(
            district=given.district,
            endpoint=given.url.rstrip("/"),
            keys=published.partner_keys(),
            suite=suite,
        ),
        agreement=given.agreement,
        mode=given.mode,
        case=_case(given, at=clock()),
        clock=clock,
        slow_seconds=given.slow_seconds,
        ended_key=_ended_key(given),
    )


def _ended_key(given: argparse.Namespace) -> PrivateKey | None:
    if given.ended_key is None:
        return None
    return Ourselves.read(given.tester, signing=given.ended_key).keys.signing[-1]


def _terms(given: argparse.Namespace) -> dict[str, Any]:
    try:
        terms = json.loads(given.terms.read_bytes())
    except ValueError as fault:
        raise Unusable(f"{given.terms}: {fault}") from None
    if not isinstance(terms, dict):
        raise Unusable(f"{given.terms}: 不是协议文本 these are no terms")
    return terms


def _case(given: argparse.Namespace, *, at: datetime) -> Mapping[str, Any]:
    if given.case is None:
        return sample_case(given.matter, near=given.tester, at=at)
    try:
        case = json.loads(given.case.read_bytes())
        return {**case, "matter_code": given.matter, "near_number": str(case["near_number"])}
    except (ValueError, TypeError, KeyError) as fault:
        raise Unusable(f"{given.case}: {fault!r}") from None


if __name__ == "__main__":
    sys.exit(main())
