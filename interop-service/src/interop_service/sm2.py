"""SM2 signatures with SM3 (GB/T 32918.2): the one place that knows the library.

`tongsuopy` is an optional extra (`interop-service[sm2]`): a district that agreed on the SM suite
with nobody runs without it. The signer's distinguishing id is the default of GM/T 0009,
`1234567812345678`, which the library applies by itself.
"""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

try:
    from tongsuopy.crypto import exceptions, hashes
    from tongsuopy.crypto.asymciphers import ec

    IS_INSTALLED = True
except ImportError:  # pragma: no cover  # the extra is part of our own lock
    IS_INSTALLED = False

__all__ = ["IS_INSTALLED", "SIZE", "NotInstalled", "Point", "point", "point_of", "sign", "verify"]

SIZE: Final = 32
"""Bytes of a coordinate, of a private number, and of each half of a signature."""

# GB/T 32918.5: y² = x³ + ax + b over p, of order n.
P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

Point = tuple[int, int]


class NotInstalled(ValueError):
    """The suite's library is not there: install `interop-service[sm2]`."""


def point(x: int, y: int) -> Point:
    """Return a public key, known to be a point of the curve.

    Raises:
        NotInstalled: this installation does not have the suite.
        ValueError: it is no point of the curve.
    """
    if not IS_INSTALLED:
        raise NotInstalled
    if not (0 <= x < P and 0 <= y < P) or (y * y - (x * x * x + A * x + B)) % P:
        raise ValueError("not on the curve")
    return x, y


def point_of(secret: int) -> Point:
    """Return the public key of a private one.

    Raises:
        NotInstalled: this installation does not have the suite.
        ValueError: the number is outside 1 … n-2.
    """
    numbers = _private(secret).public_key().public_numbers()
    return numbers.x, numbers.y


def sign(secret: int, content: bytes) -> bytes:
    """Return r ‖ s."""
    r, s = decode_dss_signature(_private(secret).sign(content, ec.ECDSA(hashes.SM3())))
    return r.to_bytes(SIZE) + s.to_bytes(SIZE)


def verify(public: Point, signature: bytes, content: bytes) -> bool:
    """Tell whether the public key's owner signed `content`."""
    if len(signature) != 2 * SIZE:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:SIZE]), int.from_bytes(signature[SIZE:]))
    key = ec.EllipticCurvePublicNumbers(*public, ec.SM2()).public_key()
    try:
        key.verify(der, content, ec.ECDSA(hashes.SM3()))
    except exceptions.InvalidSignature:
        return False
    return True


def _private(secret: int) -> Any:
    if not IS_INSTALLED:
        raise NotInstalled
    if not 1 <= secret <= N - 2:  # GB/T 32918.1, 6.1
        raise ValueError("not a private key of the curve")
    return ec.derive_private_key(secret, ec.SM2())
