"""A sealed stream comes back as it was, or not at all."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tongban.sealed_stream import CHUNK_BYTES, new_stream_key, opened, sealed
from tongban.vault import SealBroken

CONTEXT = "materials.content:1"
SEALED_BYTES = CHUNK_BYTES + 16


async def stream(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@given(
    length=st.sampled_from(
        [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]
    ),
    size=st.integers(min_value=1000, max_value=3 * CHUNK_BYTES),
)
@settings(deadline=None, max_examples=30)
async def test_what_is_sealed_is_opened_however_it_is_cut(length: int, size: int) -> None:
    key, content = new_stream_key(), bytes(range(256)) * (length // 256 + 1)
    content = content[:length]

    kept = await whole(sealed(stream(content, size), key, context=CONTEXT))
    back = await whole(opened(stream(kept, size), key, context=CONTEXT))

    assert back == content
    assert len(kept) == length + 16 * max(1, -(-length // CHUNK_BYTES))


@pytest.mark.parametrize(
    "harm",
    [
        lambda kept: kept[:-1],
        lambda kept: kept[:SEALED_BYTES],
        lambda kept: kept[: 2 * SEALED_BYTES],
        lambda kept: kept[SEALED_BYTES:],
        lambda kept: kept[SEALED_BYTES : 2 * SEALED_BYTES] + kept[:SEALED_BYTES] + kept[-123:],
        lambda kept: kept[:SEALED_BYTES] + kept,
        lambda kept: kept + bytes(16),
        lambda kept: bytes([kept[0] ^ 1]) + kept[1:],
        lambda _kept: b"",
    ],
    ids=["cut", "one", "no-last", "no-first", "swapped", "twice", "longer", "flipped", "empty"],
)
async def test_a_stream_that_was_touched_does_not_open(harm: object) -> None:
    key = new_stream_key()
    kept = await whole(sealed(stream(bytes(2 * CHUNK_BYTES + 107)), key, context=CONTEXT))

    with pytest.raises(SealBroken):
        await whole(opened(stream(harm(kept)), key, context=CONTEXT))  # type: ignore[operator]  # one of the above


async def test_a_stream_opens_with_its_key_and_as_what_it_is_alone() -> None:
    key = new_stream_key()
    kept = await whole(sealed(stream(b"secret"), key, context=CONTEXT))

    with pytest.raises(SealBroken):
        await whole(opened(stream(kept), new_stream_key(), context=CONTEXT))
    with pytest.raises(SealBroken):
        await whole(opened(stream(kept), key, context="materials.content:2"))
