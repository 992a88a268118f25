"""The embedded NATS: JetStream on a loopback port, kept in its folder."""

from pathlib import Path

import nats
import pytest

from tongban.run.faults import CannotRun
from tongban.run.nats import EmbeddedNats
from tongban.run.ports import free_port


async def test_a_message_outlives_a_restart(tmp_path: Path) -> None:
    server = EmbeddedNats(tmp_path / "nats", free_port())
    server.start()
    client = await nats.connect(server.url)
    streams = client.jetstream()
    await streams.add_stream(name="CASE_EVENTS", subjects=["case.>"])
    await streams.publish("case.case.accepted.1", b"accepted")
    await client.close()

    server.stop()
    server.start()
    client = await nats.connect(server.url)
    kept = await client.jetstream().get_msg("CASE_EVENTS", seq=1)
    await client.close()
    server.stop()

    assert kept.data == b"accepted"


def test_a_port_that_somebody_holds_is_refused(tmp_path: Path) -> None:
    first = EmbeddedNats(tmp_path / "one", free_port())
    first.start()

    with pytest.raises(CannotRun, match=f"Port {first.port} is taken"):
        EmbeddedNats(tmp_path / "two", first.port).start()

    first.stop()


def test_a_server_that_cannot_start_says_so_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "jetstream").write_text("in the way")

    with pytest.raises(CannotRun) as refusal:
        EmbeddedNats(tmp_path / "nats", free_port()).start()

    assert "storage directory" in refusal.value.detail
