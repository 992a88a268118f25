"""`make run` and `make token` as an operator meets them: it works, or a sentence says why not."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tongban.run import issuer
from tongban.run.ports import Ports, free_base_port
from tongban.run.state import Servers, State


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    (data / "district.json").write_text(json.dumps({"code": "610171", "name": "高新区"}))
    return data


def run(*words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    told = {f"TONGBAN_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "tongban.run", *words],
        env={name: value for name, value in os.environ.items() if "TONGBAN" not in name} | told,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        close_fds=True,
        preexec_fn=lambda: os.close(0),  # no standard input at all
    )


def assert_refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 2
    zh, en = done.stderr.splitlines()
    assert sentence in en
    assert zh.endswith("。")
    assert en.endswith(".")


def test_a_taken_port_is_a_sentence(tmp_path: Path, data: Path) -> None:
    base = free_base_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", Ports(base).gateway))
        holder.listen()

        done = run("up", port=base, state=tmp_path / "state", data=data)

    assert_refused(done, f"Port {base} is taken")


@pytest.mark.parametrize("port", ["http", "0", "70000"])
def test_a_port_that_is_none_is_a_sentence(tmp_path: Path, data: Path, port: str) -> None:
    assert_refused(run("up", port=port, state=tmp_path / "state", data=data), "TONGBAN_PORT")


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path, data: Path) -> None:
    (tmp_path / "file").touch()

    done = run("up", state=tmp_path / "file" / "state", data=data, port=free_base_port())

    assert_refused(done, "cannot be written")


def test_a_state_of_another_version_is_a_sentence(tmp_path: Path, data: Path) -> None:
    state = State.create(tmp_path / "state", district="610171")
    facts = json.loads((state.folder / "state.json").read_text())
    (state.folder / "state.json").write_text(json.dumps(facts | {"format": 99}))

    done = run("up", state=state.folder, data=data, port=free_base_port())

    assert_refused(done, "in format 99, this version needs 1")


def test_a_data_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = run("up", state=tmp_path / "state", data=tmp_path / "nowhere")

    assert_refused(done, "district.json")
    assert not (tmp_path / "state").exists()


def test_a_token_without_a_state_is_a_sentence(tmp_path: Path) -> None:
    assert_refused(run("token", "--role", "clerk", state=tmp_path / "state"), "make run")


def test_a_token_is_one_line_and_good(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state", district="610171")
    issuer.ensure_key(state)

    with state.locked():  # as while the district runs
        done = run("token", "--role", "clerk", "--site", "hitech-hall", state=state.folder)

    (line,) = done.stdout.splitlines()
    keys = KeySet.import_key_set(json.loads((state.issuer / "jwks.json").read_text()))
    claims = jwt.decode(line, keys, algorithms=["Ed25519"]).claims
    assert claims["roles"] == ["clerk"]
    assert claims["site_id"] == "hitech-hall"
    assert claims["sub"] == "local-clerk"


def test_a_role_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = run("token", "--role", "emperor", state=tmp_path / "state")

    assert_refused(done, "There is no role emperor: choose from citizen, enterprise, clerk")


def test_a_new_issuers_key_leaves_earlier_tokens_good(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state", district="610171")
    issuer.ensure_key(state)
    earlier = issuer.mint(state, sub="a", roles=["clerk"])

    done = run("rotate-issuer", state=state.folder)

    later = issuer.mint(state, sub="a", roles=["clerk"])
    keys = KeySet.import_key_set(json.loads((state.issuer / "jwks.json").read_text()))
    kids = {jwt.decode(one, keys, algorithms=["Ed25519"]).header["kid"] for one in (earlier, later)}
    assert done.returncode == 0
    assert len(kids) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("kase", "dead-letters"), "There is no service kase: choose from catalog, case"),
        (("case", "work"), "TONGBAN_PROCESSES=case-work=2"),
        (("case", "verify-ledger"), "has not been started yet"),
    ],
)
def test_a_command_that_cannot_be_run_is_a_sentence(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    State.create(tmp_path / "state", district="610171")

    assert_refused(run("on", *words, state=tmp_path / "state"), sentence)


def test_a_command_without_the_database_is_a_sentence(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state", district="610171")
    nowhere = f"postgresql+asyncpg://case:x@127.0.0.1:{free_base_port()}/case"
    state.remember_servers(Servers({"case": nowhere}, "nats://127.0.0.1:1"))

    assert_refused(run("on", "case", "verify-ledger", state=state.folder), "does not run")
