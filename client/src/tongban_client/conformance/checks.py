"""What is sent to an endpoint, and what the protocol asks of it: one table."""

from collections.abc import Callable
from typing import Any, Final

from interop_service.errors import (
    AgreementDenies,
    DigestMismatch,
    ExchangeKnown,
    ExchangeUnknown,
    MessageExpired,
    MessageFault,
    MessageIdReused,
    MessageTooLarge,
    MessageUnreadable,
    NonceReplayed,
    OutOfTurn,
    PackageUnreadable,
    ProtocolUnsupported,
    SenderMismatch,
    SignatureInvalid,
    UnknownPartner,
    WrongDistrict,
)
from tongban.ids import new_id
from tongban_client.conformance.drafts import (
    NOBODY,
    Alter,
    Manner,
    after_signing,
    by_key_of_nobody,
    by_unregistered_key,
    encrypted_for_another,
    from_nobody,
    in_body,
    in_package,
    larger_than_allowed,
    of_version,
    sent,
    signed_earlier,
    signed_later,
    truncated,
    unsigned,
    with_another_body,
    without,
)
from tongban_client.conformance.file_checks import FILE_CHECKS
from tongban_client.conformance.shapes import (
    Check,
    KeySetTold,
    Refused,
    Step,
    Taken,
    Text,
    Unheard,
    What,
    refused,
)

__all__ = ["CHECKS"]


def _once(alter: Alter, *faults: type[MessageFault], is_bound: bool = True) -> tuple[Step, ...]:
    """One altered package that is refused."""
    return (Step(alter=alter, expects=Refused(faults, is_bound)),)


def _first_material(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda package: package["materials"][0].update(members)


TAKEN_ONCE: Final = Text(
    "应答 202 和本报文的签名回执", "an answer 202 with the signed receipt for this message"
)

CHECKS: Final = (
    Check(
        "key-set",
        "2",
        Text("读取公钥集 GET /interop/v2/keys", "the key set is read, GET /interop/v2/keys"),
        Text(
            "JWK 公钥集：含签名和加密公钥，不含私钥，并写明区划、名称、协议版本和密码套件",
            "a JWK set with a signing and an encryption key, none private, and the district, its "
            "name, protocol and suites",
        ),
        (Step(What.KEYS, KeySetTold()),),
    ),
    Check(
        "good-package",
        "3.6, 4.1",
        Text("合格的办件材料包", "a good package"),
        TAKEN_ONCE,
        (Step(),),
    ),
    Check(
        "unknown-members",
        "3",
        Text("正文多一个未知字段", "a package with a member that nobody knows"),
        Text("忽略未知字段，照常接收", "unknown members are ignored, and the message is taken"),
        (Step(alter=in_body(of_a_later_day={"a": [1]})),),
    ),
    Check(
        "duplicate",
        "3.3 (8), 5",
        Text("同一报文（编号、正文相同）重新签名后再发", "the same message again, signed anew"),
        Text("第二次得到同一回执，不再处理", "the same receipt, and nothing else is done"),
        (Step(), Step(What.AGAIN, Taken(is_same=True))),
    ),
    Check(
        "duplicate-id-another-body",
        "3.3 (8), 6",
        Text("同一报文编号，正文不同", "another body under a message id that was taken"),
        Text("拒绝：409 message-id-reused", "refused, 409 message-id-reused"),
        (
            Step(),
            Step(
                What.AGAIN,
                refused(MessageIdReused),
                in_body(sent_at="2020-06-15T09:30:00+08:00"),
            ),
        ),
    ),
    Check(
        "exchange-known",
        "4.1, 6",
        Text("另一报文编号，互通编号已存在", "a package for an exchange that exists, another id"),
        Text("拒绝：409 exchange-known", "refused, 409 exchange-known"),
        (Step(), Step(What.ANOTHER_ID, refused(ExchangeKnown))),
    ),
    Check(
        "replay",
        "3.3 (6)",
        Text("原样重放一个已接收的请求", "a request that was taken is replayed as it went"),
        Text("拒绝：409 nonce-replayed", "refused, 409 nonce-replayed"),
        (Step(), Step(What.REPLAY, refused(NonceReplayed))),
    ),
    Check(
        "nonce-twice",
        "3.2, 3.3 (6)",
        Text("另一报文使用已用过的随机数", "another message with a nonce that was used"),
        Text("拒绝：409 nonce-replayed", "refused, 409 nonce-replayed"),
        (Step(), Step(What.SAME_NONCE, refused(NonceReplayed))),
    ),
    Check(
        "wrong-digest",
        "3.3 (5)",
        Text("正文与 Content-Digest 不符", "a body that is not the one that was digested"),
        Text("拒绝：400 digest-mismatch", "refused, 400 digest-mismatch"),
        _once(with_another_body, DigestMismatch),
    ),
    Check(
        "expired",
        "3.3 (4)",
        Text("十分钟前签名的请求", "a request that was signed ten minutes ago"),
        Text("拒绝：401 message-expired", "refused, 401 message-expired"),
        _once(signed_earlier, MessageExpired),
    ),
    Check(
        "from-the-future",
        "3.3 (4)",
        Text("签名时间在十分钟之后", "a request that is signed ten minutes from now"),
        Text("拒绝：401 message-expired", "refused, 401 message-expired"),
        _once(signed_later, MessageExpired),
    ),
    Check(
        "unsigned",
        "3.3 (3)",
        Text("没有签名", "a request without a signature"),
        Text("拒绝：401 signature-invalid", "refused, 401 signature-invalid"),
        _once(unsigned, SignatureInvalid, is_bound=False),
    ),
    Check(
        "unknown-key",
        "3.3 (3)",
        Text("用未登记的密钥签名", "signed by a key that is not registered"),
        Text("拒绝：401 signature-invalid", "refused, 401 signature-invalid"),
        _once(by_unregistered_key, SignatureInvalid),
    ),
    Check(
        "forged-key-id",
        "3.3 (3)",
        Text("冒用已登记的密钥编号", "signed by a stranger under the registered key's id"),
        Text("拒绝：401 signature-invalid", "refused, 401 signature-invalid"),
        _once(by_key_of_nobody, SignatureInvalid),
    ),
    Check(
        "ended-key",
        "2, 3.3 (3)",
        Text("用已到期或已吊销的密钥签名", "signed by a key that has ended or was revoked"),
        Text("拒绝：401 signature-invalid", "refused, 401 signature-invalid"),
        (Step(expects=refused(SignatureInvalid), by_ended_key=True),),
    ),
    Check(
        "header-altered",
        "3.2, 3.3 (3)",
        Text("签名后改动报文编号", "the message id is changed after signing"),
        Text("拒绝：401 signature-invalid", "refused, 401 signature-invalid"),
        _once(after_signing({"Tongban-Message-Id": str(new_id())}), SignatureInvalid),
    ),
    Check(
        "unknown-partner",
        "3.3 (2)",
        Text(f"以未登记的区 {NOBODY} 发送", f"sent in the name of {NOBODY}, no partner"),
        Text("拒绝：401 unknown-partner", "refused, 401 unknown-partner"),
        _once(from_nobody, UnknownPartner),
    ),
    Check(
        "sender-mismatch",
        "3.3 (7)",
        Text("正文的发送区不是签名方", "from_district is not the signer"),
        Text("拒绝：403 sender-mismatch", "refused, 403 sender-mismatch"),
        _once(in_body(from_district=NOBODY), SenderMismatch),
    ),
    Check(
        "wrong-district",
        "3.3 (7)",
        Text("正文的接收区不是对方", "to_district is not the receiver"),
        Text("拒绝：421 wrong-district", "refused, 421 wrong-district"),
        _once(in_body(to_district=NOBODY), WrongDistrict),
    ),
    Check(
        "wrong-version-path",
        "1, 3.3 (1)",
        Text("路径为其他协议版本", "another version in the path"),
        Text("拒绝：400 protocol-unsupported", "refused, 400 protocol-unsupported"),
        _once(of_version(path="1"), ProtocolUnsupported),
    ),
    Check(
        "wrong-version-field",
        "1, 3.3 (1)",
        Text("Tongban-Protocol 为其他版本", "another version in Tongban-Protocol"),
        Text("拒绝：400 protocol-unsupported", "refused, 400 protocol-unsupported"),
        _once(of_version(field="1"), ProtocolUnsupported),
    ),
    Check(
        "wrong-version-body",
        "1, 3.3 (7)",
        Text("正文 protocol 为其他版本", "another version in the body"),
        Text(
            "拒绝：400 protocol-unsupported 或 422 message-unreadable",
            "refused, 400 protocol-unsupported or 422 message-unreadable",
        ),
        _once(of_version(body="1"), ProtocolUnsupported, MessageUnreadable),
    ),
    Check(
        "not-agreed",
        "3.3 (10)",
        Text("协议编号不存在", "a package under an agreement that is none"),
        Text("拒绝：403 agreement-denies", "refused, 403 agreement-denies"),
        _once(in_body(agreement="no-such-agreement"), AgreementDenies),
    ),
    Check(
        "not-json",
        "3, 6",
        Text("正文只有一半，但签名和摘要正确", "half a body, rightly digested and signed"),
        Text("拒绝：422 message-unreadable", "refused, 422 message-unreadable"),
        _once(truncated, MessageUnreadable),
    ),
    Check(
        "member-missing",
        "3, 6",
        Text("正文缺少 matter_code", "a package without its matter_code"),
        Text("拒绝：422 message-unreadable", "refused, 422 message-unreadable"),
        _once(without("matter_code"), MessageUnreadable),
    ),
    Check(
        "encrypted-for-another",
        "3.5, 3.3 (11)",
        Text("材料包用他人公钥加密", "a package that another's key opens"),
        Text("拒绝：422 package-unreadable", "refused, 422 package-unreadable"),
        _once(encrypted_for_another, PackageUnreadable),
    ),
    Check(
        "material-altered",
        "4.1",
        Text("材料内容与其 SHA-256 不符", "a material whose bytes are not those of its SHA-256"),
        Text("拒绝：422 package-unreadable", "refused, 422 package-unreadable"),
        _once(in_package(_first_material(sha256="0" * 64)), PackageUnreadable),
    ),
    Check(
        "another-case-inside",
        "4.1",
        Text("内外 near_number 不一致", "a near_number inside that is not the one outside"),
        Text("拒绝：422 package-unreadable", "refused, 422 package-unreadable"),
        _once(in_package(lambda inside: inside.update(near_number="0-0")), PackageUnreadable),
    ),
    Check(
        "out-of-order",
        "5, 4.4",
        Text("结果之前先发评价", "a rating before there is a result"),
        Text("拒绝：409 out-of-turn", "refused, 409 out-of-turn"),
        (Step(), Step(What.RATING, refused(OutOfTurn))),
    ),
    Check(
        "exchange-unknown",
        "3.3 (9)",
        Text("为不存在的互通编号发评价", "a rating in an exchange that never was"),
        Text("拒绝：404 exchange-unknown", "refused, 404 exchange-unknown"),
        (Step(What.RATING_ELSEWHERE, refused(ExchangeUnknown)),),
    ),
    Check(
        "verification-not-agreed",
        "4.10",
        Text("查验双方都未约定的证照类型", "a question about a licence type that nobody agreed on"),
        Text("拒绝：403 agreement-denies", "refused, 403 agreement-denies"),
        (Step(What.VERIFICATION, refused(AgreementDenies)),),
    ),
    Check(
        "verification-unsigned",
        "3.3 (3), 4.10",
        Text("没有签名的证照查验", "a question about a licence without a signature"),
        Text("拒绝：401 signature-invalid", "refused, 401 signature-invalid"),
        (Step(What.VERIFICATION, Refused((SignatureInvalid,), is_bound=False), unsigned),),
    ),
    Check(
        "reliance-unknown",
        "4.11",
        Text("告知一份从未采信的证照已失效", "the end of a document that nobody relied on"),
        Text("拒绝：404 exchange-unknown", "refused, 404 exchange-unknown"),
        (Step(What.RELIANCE_ELSEWHERE, refused(ExchangeUnknown)),),
    ),
    Check(
        "reliance-incomplete",
        "4.11, 6",
        Text("失效告知缺少 change", "an end that does not say what ended it"),
        Text("拒绝：422 message-unreadable", "refused, 422 message-unreadable"),
        (Step(What.RELIANCE_ELSEWHERE, refused(MessageUnreadable), without("change")),),
    ),
    Check(
        "slow",
        "3.6",
        Text("正文缓慢到达的合格材料包", "a good package whose body comes slowly"),
        TAKEN_ONCE,
        (Step(alter=sent(Manner.SLOW)),),
    ),
    Check(
        "cut-off",
        "3.3, 5",
        Text("传到一半连接中断，然后重发", "a connection that breaks in the body, then a retry"),
        Text(
            "未收完的报文不留痕迹，重发得到回执",
            "nothing is kept of the half, and the retry gets its receipt",
        ),
        (Step(alter=sent(Manner.CUT_OFF), expects=Unheard()), Step(What.AGAIN)),
    ),
    Check(
        "refused-then-mended",
        "3.3, 5",
        Text(
            "摘要不符被拒后，同一报文正确重发", "a message refused for its digest, then sent right"
        ),
        Text(
            "被拒的报文不留痕迹，重发得到回执",
            "nothing is kept of a message that failed, and the retry gets its receipt",
        ),
        (Step(alter=with_another_body, expects=refused(DigestMismatch)), Step(What.AGAIN)),
    ),
    *FILE_CHECKS,
    Check(
        "too-large",
        "3, 6",
        Text("正文超过 30 MiB", "a body of more than 30 MiB"),
        Text("拒绝：413 message-too-large", "refused, 413 message-too-large"),
        _once(larger_than_allowed, MessageTooLarge),
    ),
)
