"""Private keys of both suites; that of SM2 is its standard's own example."""

import base64
from typing import Any

from joserfc.jwk import OKPKey

from interop_service.suites import Suite

# GM/T 0003.5 (GB/T 32918.5), annex A: the curve's own example of a signature.
SECRET = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
X = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
Y = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"


def base64url(number: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(number)).rstrip(b"=").decode()


SM2_PUBLIC: dict[str, Any] = {
    "kty": "EC",
    "crv": "SM2",
    "x": base64url(X),
    "y": base64url(Y),
    "kid": "610171-signing-sm2",
    "use": "sig",
}
SM2_PRIVATE = SM2_PUBLIC | {"d": base64url(SECRET)}
ED25519_PRIVATE: dict[str, Any] = {
    **OKPKey.generate_key("Ed25519").as_dict(private=True),
    "kid": "610171-signing-ed25519",
    "use": "sig",
}
PRIVATE: dict[Suite, dict[str, Any]] = {
    Suite.ED25519_SHA256: ED25519_PRIVATE,
    Suite.SM2_SM3: SM2_PRIVATE,
}
