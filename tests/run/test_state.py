"""The state folder: made once, of one district, of one format, for one launcher."""

import base64
import json
import os
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from interop_service import suites
from interop_service.suites import Suite
from tongban.run import environment, issuer, sm2
from tongban.run.faults import CannotRun
from tongban.run.ports import SERVICES, Ports
from tongban.run.state import Servers, State

HITECH = "610171"


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State.create(tmp_path / "state", district=HITECH)
    issuer.ensure_key(state)
    return state


def test_keys_and_secrets_are_made_once(state: State) -> None:
    before = {path: path.read_bytes() for path in state.folder.rglob("*") if path.is_file()}

    State.create(state.folder, district=HITECH)
    issuer.ensure_key(state)

    after = {path: path.read_bytes() for path in state.folder.rglob("*") if path.is_file()}
    assert after == before


def test_nobody_else_may_read_any_of_it(state: State) -> None:
    modes = {path: path.stat().st_mode & 0o077 for path in state.folder.rglob("*")}

    assert set(modes.values()) == {0}
    assert state.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_pair_and_a_data_key(state: State, service: str) -> None:
    private = json.loads(state.private_key(service).read_text())
    public = json.loads(state.public_key(service).read_text())
    line = state.data_key(service).read_text().strip()

    assert private["crv"] == "X25519"
    assert {name: private[name] for name in public} == public
    assert "d" not in public
    assert len(base64.urlsafe_b64decode(line + "=" * (-len(line) % 4))) == 32


def test_the_district_signs_and_seals_by_ed25519_and_opens_packages_by_x25519(
    state: State,
) -> None:
    owners = ("district-signing", "seal", "district-encryption")
    curves = [json.loads(state.public_key(owner).read_text())["crv"] for owner in owners]

    assert curves == ["Ed25519", "Ed25519", "X25519"]


def test_the_district_can_sign_by_sm2_too_with_the_key_that_interop_is_handed(
    state: State,
) -> None:
    servers = Servers({"interop": "of interop"}, "nats://n")

    told = environment.of_service("interop", state=state, ports=Ports(8000), servers=servers)
    key = suites.private_key(json.loads(Path(told["INTEROP_SM2_SIGNING_KEY_FILE"]).read_text()))
    shown = json.loads(state.public_key("district-signing-sm2").read_text())

    assert key.SUITE is Suite.SM2_SM3
    assert suites.public_key(shown).verify(key.sign(b"x"), b"x")


def test_without_the_sm_suites_library_a_district_runs_by_the_other_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    """Also where the key is there already: it was made elsewhere, or the library is gone."""
    monkeypatch.setattr(sm2, "is_installed", lambda: False)
    other = State.create(tmp_path / "other", district=HITECH)
    issuer.ensure_key(other)
    servers = Servers({"interop": "of interop"}, "nats://n")

    for one in (state, other):
        told = environment.of_service("interop", state=one, ports=Ports(8000), servers=servers)
        assert "INTEROP_SM2_SIGNING_KEY_FILE" not in told
    assert state.private_key("district-signing-sm2").exists()
    assert not other.private_key("district-signing-sm2").exists()


def test_a_second_launcher_is_refused_and_told_who_holds_the_folder(state: State) -> None:
    with state.locked(), pytest.raises(CannotRun) as refusal, state.locked():
        pass

    assert f"process {os.getpid()}" in refusal.value.en


def test_a_launcher_that_was_killed_is_noticed_by_the_next(state: State) -> None:
    with state.locked() as ended_well:
        assert ended_well
    with state.locked() as ended_well:
        assert ended_well
    (state.folder / "lock").write_text("12345")

    with state.locked() as ended_well:
        assert not ended_well


def test_a_folder_of_another_format_is_left_alone(state: State) -> None:
    facts = json.loads((state.folder / "state.json").read_text())
    (state.folder / "state.json").write_text(json.dumps(facts | {"format": 0, "version": "0.0.9"}))

    with pytest.raises(CannotRun, match=r"made by Tongban 0\.0\.9 in format 0"):
        State.create(state.folder, district=HITECH)


def test_a_damaged_state_is_left_alone(state: State) -> None:
    (state.folder / "state.json").write_text("{")

    with pytest.raises(CannotRun, match="damaged"):
        State.create(state.folder, district=HITECH)


def test_a_folder_of_another_district_is_left_alone(state: State) -> None:
    with pytest.raises(CannotRun, match="belongs to district 610171, not 610172"):
        State.create(state.folder, district="610172")


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")

    with pytest.raises(CannotRun, match="holds other things"):
        State.create(tmp_path, district=HITECH)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CannotRun, match="cannot be written") as refusal:
        State.create(tmp_path / "file" / "state", district=HITECH)

    assert "TONGBAN_STATE" in refusal.value.zh


def test_where_nothing_ran_there_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="make run"):
        State.existing(tmp_path / "state")


def _claims(state: State, token: str) -> dict[str, object]:
    keys = KeySet.import_key_set(json.loads((state.issuer / "jwks.json").read_text()))
    return jwt.decode(token, keys, algorithms=["Ed25519"]).claims


def test_a_token_carries_who_where_and_until_when(state: State) -> None:
    token = issuer.mint(
        state, sub="clerk-1", roles=["clerk"], site_id="hitech-hall", name="李", hours=1
    )

    claims = _claims(state, token)

    assert claims["iss"] == "urn:tongban:local:610171"
    assert claims["aud"] == "tongban"
    assert (claims["roles"], claims["site_id"], claims["name"]) == (["clerk"], "hitech-hall", "李")
    assert claims["district"] == HITECH
    assert "department" not in claims
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 3600


def test_after_a_rotation_old_tokens_stay_good_and_new_ones_use_the_new_key(state: State) -> None:
    old = issuer.mint(state, sub="a", roles=["ops"])

    issuer.rotate(state)
    new = issuer.mint(state, sub="b", roles=["ops"])

    assert _claims(state, old)["sub"] == "a"
    assert _claims(state, new)["sub"] == "b"
    kids = [key["kid"] for key in json.loads((state.issuer / "jwks.json").read_text())["keys"]]
    assert len(set(kids)) == 2


def test_published_keys_hold_no_private_part(state: State) -> None:
    for key in json.loads((state.issuer / "jwks.json").read_text())["keys"]:
        assert not OKPKey.import_key(key).is_private


def test_a_service_is_told_its_own_secrets_only(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGBAN_DATABASE_URL", "postgresql://admin:hidden@db/postgres")
    monkeypatch.setenv("SITE_DATABASE_URL", "postgresql://site:hidden@db/site")
    monkeypatch.setenv("TONGBAN_LOG_LEVEL", "debug")
    monkeypatch.setenv("CASE_API_POOL", "3")

    monkeypatch.setenv("TONGBAN_PUBLIC_URL", "https://banshi.example")
    named = environment.of_service(
        "case", state=state, ports=Ports(8000), servers=Servers({"case": "of case"}, "nats://n")
    )
    monkeypatch.delenv("TONGBAN_PUBLIC_URL")
    told = environment.of_service(
        "case", state=state, ports=Ports(8000), servers=Servers({"case": "of case"}, "nats://n")
    )

    assert told["CASE_DATABASE_URL"] == "of case"
    assert (told["CASE_PORT"], told["CASE_WORK_PORT"]) == ("8002", "8012")
    assert told["TONGBAN_PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert named["TONGBAN_PUBLIC_URL"] == "https://banshi.example"
    assert told["CASE_SEAL_KEY_FILE"] == str(state.private_key("seal"))
    assert (told["TONGBAN_LOG_LEVEL"], told["CASE_API_POOL"]) == ("debug", "3")
    assert "hidden" not in " ".join(told.values())
    assert not {name for name in told if name.startswith(("SITE_", "INTEROP_", "CATALOG_"))}


def test_the_gateway_is_told_where_the_services_are_and_no_secret(state: State) -> None:
    told = environment.of_gateway(state=state, ports=Ports(9000))

    assert told["GATEWAY_PORT"] == "9000"
    assert told["GATEWAY_INTEROP_URL"] == "http://127.0.0.1:9004"
    assert told["TONGBAN_OIDC_JWKS_URL"] == (state.issuer / "jwks.json").as_uri()
    assert not {name for name in told if name.endswith(("KEY_FILE", "DATABASE_URL"))}
