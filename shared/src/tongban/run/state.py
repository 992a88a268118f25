"""The state folder: what one district keeps on this machine between two runs.

state.json   its format, its district, what was loaded      lock       who runs it now
secrets.json the logins' passwords                          keys/      the services' and its own
servers.json where databases and broker are
issuer/      the embedded issuer's keys                     logs/      one file per process
postgres/ nats/ objects/                                    what the district has done
"""

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from joserfc.jwk import OKPKey

from tongban.run import sm2
from tongban.run.faults import CannotRun
from tongban.run.ports import SERVICES
from tongban.vault import generate_key_file

FORMAT = 1
Curve = Literal["Ed25519", "X25519"]


@dataclass(frozen=True)
class Servers:
    """What the services stand on, as the launcher last found it."""

    database_urls: dict[str, str]
    nats_url: str


@dataclass(frozen=True)
class State:
    """One district's folder. Opening it makes whatever keys and secrets are missing."""

    folder: Path
    district: str

    @classmethod
    def create(cls, folder: Path, *, district: str) -> "State":
        """Open the district's folder, or make it."""
        state = cls(folder.absolute(), district)
        try:
            state.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone_in(state.folder):
                state._require_ours()
                state._make()
        except OSError as fault:
            raise CannotRun(
                f"状态目录 {state.folder} 无法写入（{fault.strerror}），"
                "请修正权限，或用 TONGBAN_STATE 另选一个目录。",
                f"The state folder {state.folder} cannot be written ({fault.strerror}): "
                "make it writable, or choose another with TONGBAN_STATE.",
            ) from fault
        return state

    @classmethod
    def existing(cls, folder: Path) -> "State":
        """Open a folder that a launcher made before."""
        facts = _read_facts(folder.absolute())
        if facts is None:
            raise CannotRun(
                f"{folder.absolute()} 中还没有运行过的辖区，请先执行 make run。",
                f"No district has run in {folder.absolute()} yet: start one with make run.",
            )
        state = cls(folder.absolute(), str(facts["district"]))
        state._require_ours()
        return state

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def issuer(self) -> Path:
        return self.folder / "issuer"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    def private_key(self, owner: str) -> Path:
        return self.keys / f"{owner}.private.json"

    def public_key(self, owner: str) -> Path:
        return self.keys / f"{owner}.public.json"

    def data_key(self, service: str) -> Path:
        return self.keys / f"{service}.data.key"

    def password(self, service: str) -> str:
        passwords: dict[str, str] = json.loads((self.folder / "secrets.json").read_text())
        return passwords[service]

    @property
    def migrated(self) -> str:
        """The fingerprint of what last migrated the databases."""
        return str(self._facts().get("migrated", ""))

    def remember_migrated(self, fingerprint: str) -> None:
        write_json(self.folder / "state.json", self._facts() | {"migrated": fingerprint})

    def loaded(self, file: str) -> dict[str, Any]:
        """What was last loaded under this file's name: its digest, and how often it was."""
        loads: dict[str, dict[str, Any]] = self._facts()["loaded"]
        return loads.get(file, {"digest": "", "times": 0})

    def remember_loaded(self, file: str, *, digest: str) -> None:
        facts = self._facts()
        facts["loaded"][file] = {"digest": digest, "times": self.loaded(file)["times"] + 1}
        write_json(self.folder / "state.json", facts)

    def forget_loads(self) -> None:
        """The databases are new: what was loaded went with the old ones."""
        write_json(self.folder / "state.json", self._facts() | {"loaded": {}})

    @property
    def servers(self) -> Servers:
        """Where the databases and the broker are."""
        try:
            return Servers(**json.loads((self.folder / "servers.json").read_text()))
        except FileNotFoundError:
            raise CannotRun(
                f"{self.folder} 中的辖区还没有启动过，请先执行 make run。",
                f"The district in {self.folder} has not been started yet: start it with make run.",
            ) from None

    def remember_servers(self, servers: Servers) -> None:
        write_json(self.folder / "servers.json", asdict(servers))

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the folder for one launcher; tells whether the last one ended as it should.

        The kernel lets go of the lock when its holder dies, however it dies.
        """
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip()
                raise CannotRun(
                    f"另一个 Tongban（进程 {holder}）正在使用 {self.folder}，"
                    "请先停止它，或用 TONGBAN_STATE 另选一个目录。",
                    f"Another Tongban (process {holder}) uses {self.folder}: stop it first, or "
                    "choose another folder with TONGBAN_STATE.",
                ) from None
            lock.seek(0)
            ended_well = not lock.read().strip()
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield ended_well
            finally:
                lock.truncate(0)

    def _facts(self) -> dict[str, Any]:
        fresh = {"format": FORMAT, "district": self.district, "loaded": {}}
        return _read_facts(self.folder) or fresh

    def _require_ours(self) -> None:
        facts = _read_facts(self.folder)
        if facts is None:
            if any(self.folder.iterdir()):
                raise CannotRun(
                    f"目录 {self.folder} 中有其他内容，请用 TONGBAN_STATE 指定一个空目录。",
                    f"The folder {self.folder} holds other things: name an empty one in "
                    "TONGBAN_STATE.",
                )
            return
        if facts["format"] != FORMAT:
            raise CannotRun(
                f"{self.folder} 由 Tongban {facts['version']} 建立，格式为 {facts['format']}，"
                f"本版本需要 {FORMAT}：请用该版本运行，或移走此目录后重新开始。",
                f"{self.folder} was made by Tongban {facts['version']} in format "
                f"{facts['format']}, this version needs {FORMAT}: run that version, or move the "
                "folder away to start anew.",
            )
        if facts["district"] != self.district:
            raise CannotRun(
                f"{self.folder} 属于辖区 {facts['district']} 而不是 {self.district}，"
                "请用 TONGBAN_STATE 为每个辖区各选一个目录。",
                f"{self.folder} belongs to district {facts['district']}, not {self.district}: "
                "give each district a folder of its own with TONGBAN_STATE.",
            )

    def _make(self) -> None:
        write_json(self.folder / "state.json", self._facts() | {"version": version("tongban")})
        for folder in (self.keys, self.issuer, self.logs, self.objects):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not (self.folder / "secrets.json").exists():
            write_json(
                self.folder / "secrets.json",
                {service: secrets.token_urlsafe(24) for service in SERVICES},
            )
        for service in SERVICES:
            self._make_pair(service, curve="X25519")
            self._make_pair(f"{service}-ledger", curve="Ed25519")
            if not self.data_key(service).exists():
                generate_key_file(self.data_key(service))
        self._make_pair("district-signing", curve="Ed25519")
        if sm2.is_installed():
            self._make_pair("district-signing-sm2", curve="SM2")
        self._make_pair("district-encryption", curve="X25519")
        self._make_pair("seal", curve="Ed25519")

    def _make_pair(self, owner: str, *, curve: Curve | Literal["SM2"]) -> None:
        if not self.private_key(owner).exists():
            made = sm2.new_key() if curve == "SM2" else new_key(curve).as_dict(private=True)
            write_json(self.private_key(owner), made)
        if not self.public_key(owner).exists():
            pair: dict[str, Any] = json.loads(self.private_key(owner).read_text())
            write_json(self.public_key(owner), {name: pair[name] for name in pair if name != "d"})


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two launchers that make the same folder take turns: a key is made once."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def new_key(curve: Curve) -> OKPKey:
    """A new key whose id is its thumbprint."""
    key = OKPKey.generate_key(curve)
    return OKPKey.import_key(key.as_dict(private=True) | {"kid": key.thumbprint()})


def write_json(path: Path, content: Any) -> None:
    """Write it whole or not at all, for the owner's eyes only."""
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    Path(unfinished).replace(path)


def _read_facts(folder: Path) -> dict[str, Any] | None:
    """What `state.json` says; None where there is none."""
    try:
        facts: dict[str, Any] = json.loads((folder / "state.json").read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise CannotRun(
            f"{folder / 'state.json'} 已损坏，请从备份恢复，或移走 {folder} 后重新开始。",
            f"{folder / 'state.json'} is damaged: restore it, or move {folder} away to start anew.",
        ) from None
    return facts
