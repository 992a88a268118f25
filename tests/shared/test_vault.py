"""Personal data at rest: what is sealed opens only where it belongs."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.vault import InvalidKeyFile, SealBroken, Vault, generate_key_file

OLD_KEY, NEW_KEY = bytes(32), bytes(range(32))
VAULT = Vault(NEW_KEY)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(text: str) -> None:
    sealed = VAULT.seal(text, context="cases.phone")

    assert VAULT.open_text(sealed, context="cases.phone") == text
    assert VAULT.open(sealed, context="cases.phone") == text.encode()


def test_the_same_secret_is_never_sealed_alike() -> None:
    assert VAULT.seal(b"x", context="a") != VAULT.seal(b"x", context="a")


def test_a_seal_opens_in_its_own_context_only() -> None:
    sealed = VAULT.seal("13812345678", context="cases.phone")

    with pytest.raises(SealBroken) as refusal:
        VAULT.open(sealed, context="cases.agent_phone")

    assert "13812345678" not in str(refusal.value)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_breaks_the_seal(place: int, by: int) -> None:
    sealed = bytearray(VAULT.seal("610113194605121234", context="id"))
    sealed[place % len(sealed)] ^= by

    with pytest.raises(SealBroken):
        VAULT.open(bytes(sealed), context="id")


@pytest.mark.parametrize("length", [0, 1, 5, 16, 17, 32])
def test_a_torn_value_is_refused(length: int) -> None:
    sealed = VAULT.seal("13812345678", context="phone")

    with pytest.raises(SealBroken):
        VAULT.open(sealed[:length], context="phone")


def test_after_a_change_of_keys_the_old_opens_and_the_new_seals() -> None:
    old, rotated, new = Vault(OLD_KEY), Vault(NEW_KEY, OLD_KEY), Vault(NEW_KEY)

    sealed_before = old.seal("a", context="x")
    sealed_after = rotated.seal("b", context="x")

    assert rotated.open_text(sealed_before, context="x") == "a"
    assert new.open_text(sealed_after, context="x") == "b"
    with pytest.raises(SealBroken):
        new.open(sealed_before, context="x")


def test_a_blind_index_finds_equals_and_survives_a_change_of_keys() -> None:
    old, rotated = Vault(OLD_KEY), Vault(NEW_KEY, OLD_KEY)

    assert old.blind_index("a") == Vault(OLD_KEY).blind_index("a")
    assert old.blind_index("a") != old.blind_index("b")
    assert old.blind_index("a") != rotated.blind_index("a")
    assert {old.blind_index("a"), rotated.blind_index("a")} == set(rotated.blind_indexes("a"))


def test_a_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "data.key"
    generate_key_file(path)
    sealed = Vault.from_file(path).seal("a", context="x")

    with pytest.raises(FileExistsError):
        generate_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert Vault.from_file(path).open_text(sealed, context="x") == "a"


def test_a_key_file_may_hold_older_keys_below_the_current(tmp_path: Path) -> None:
    path = tmp_path / "data.key"
    lines = [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in (NEW_KEY, OLD_KEY)]
    path.write_text("\n".join(lines))

    vault = Vault.from_file(path)

    assert vault.open_text(Vault(OLD_KEY).seal("a", context="x"), context="x") == "a"
    assert vault.blind_index("a") == Vault(NEW_KEY).blind_index("a")


@pytest.mark.parametrize("text", ["", "short", "é", "!" * 43, base64.b64encode(bytes(31))])
def test_a_faulty_key_file_is_told(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "data.key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(InvalidKeyFile, match=r"data\.key"):
        Vault.from_file(path)
