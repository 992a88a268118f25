"""The gateway by mutual TLS, for partners alone: who gets in, and to what."""

from pathlib import Path

import httpx
import pytest

from gateway.settings import Serves, Settings
from support.certificates import Authority
from support.doors import Upstream, open_door
from tongban.testing.district import TestDistrict

LIST = "/api/v1/licences/status-lists/1"


def test_partners_door_is_open_to_their_certificates_and_paths_alone(
    tmp_path: Path, upstreams: dict[str, Upstream], district: TestDistrict
) -> None:
    ours, strangers = Authority(tmp_path, "districts"), Authority(tmp_path, "strangers")
    shown, partner = ours.certify("gateway"), ours.trusting(ours.certify("qujiang"))
    urls = {name: one.url for name, one in upstreams.items()}
    with open_door(
        district,
        urls,
        tls=partner,
        SERVES=Serves.PARTNERS,
        TLS_CERTIFICATE_FILE=str(shown.certificate),
        TLS_KEY_FILE=str(shown.key),
        TLS_CLIENT_CA_FILE=str(ours.file),
    ) as door:
        with httpx.Client(base_url=door.url, verify=partner, trust_env=False) as client:
            message = client.post("/interop/v2/exchanges", content=b"{}")
            assert (message.status_code, message.json()["service"]) == (200, "interop")
            forwarded = dict(message.json()["headers"])
            assert forwarded["x-forwarded-proto"] == "https"
            assert client.get(LIST).json()["service"] == "case"
            assert client.get("/api/v1/matters").status_code == 404
        for refused in (ours.trusting(), ours.trusting(strangers.certify("qujiang"))):
            with (
                httpx.Client(base_url=door.url, verify=refused, trust_env=False) as client,
                pytest.raises(httpx.TransportError),
            ):
                client.get(LIST)
        with (
            httpx.Client(base_url=door.url, verify=strangers.trusting(), trust_env=False) as client,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            client.get(LIST)


def test_the_public_s_door_passes_no_partner_s_message(
    upstreams: dict[str, Upstream], district: TestDistrict
) -> None:
    urls = {name: one.url for name, one in upstreams.items()}
    with (
        open_door(district, urls, SERVES=Serves.PUBLIC) as door,
        httpx.Client(base_url=door.url, trust_env=False) as client,
    ):
        assert client.post("/interop/v2/exchanges", content=b"{}").status_code == 404
        assert client.get("/api/v1/matters").status_code == 200
        assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tls_certificate_file": "a.pem"}, "go together"),
        ({"tls_key_file": "a.key"}, "go together"),
        ({"tls_client_ca_file": "ca.pem"}, "needs GATEWAY_TLS_CERTIFICATE_FILE"),
    ],
)
def test_settings_that_are_not_whole_are_refused_at_the_start(
    files: dict[str, str], said: str
) -> None:
    url = "http://127.0.0.1:1"
    with pytest.raises(ValueError, match=said):
        Settings.model_validate(
            {
                "port": 1,
                "district": "610171",
                "oidc_issuer": "urn:test",
                "oidc_jwks_url": url,
                **{f"{service}_url": url for service in ("catalog", "case", "site", "interop")},
                **files,
            }
        )
