"""Hash trees: every leaf is proven by its path, and by nothing else; a library agrees."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from tongban.merkle import PathUnfit, path_of, root_from, root_of

LEAVES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=40)


def test_no_leaves_have_the_hash_of_nothing() -> None:
    assert root_of([]) == hashlib.sha256().digest()


@given(LEAVES)
def test_another_implementation_finds_the_same_root(leaves: list[bytes]) -> None:
    other = InmemoryTree(algorithm="sha256")  # type: ignore[no-untyped-call]  # it has no types
    for leaf in leaves:
        other.append_entry(leaf)

    assert root_of(leaves) == other.get_root()


@given(LEAVES)
def test_every_leaf_is_proven_by_its_path(leaves: list[bytes]) -> None:
    found = {
        root_from(leaf, index=index, size=len(leaves), path=path_of(leaves, index))
        for index, leaf in enumerate(leaves)
    }

    assert found == {root_of(leaves)}


@given(LEAVES, st.data())
def test_no_other_leaf_nor_place_is_proven_by_it(leaves: list[bytes], data: st.DataObject) -> None:
    leaves = [bytes([number]) + leaf for number, leaf in enumerate(leaves)]
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = path_of(leaves, index)

    assert root_from(b"other", index=index, size=len(leaves), path=path) != root_of(leaves)
    for elsewhere in {0, len(leaves) - 1} - {index}:
        try:
            found = root_from(leaves[index], index=elsewhere, size=len(leaves), path=path)
        except PathUnfit:
            continue
        assert found != root_of(leaves)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_path_of_another_length_is_refused(change: int) -> None:
    leaves = [bytes([number]) for number in range(7)]
    path = path_of(leaves, 3)
    unfit = path[:-1] if change < 0 else [*path, bytes(32)]

    with pytest.raises(PathUnfit):
        root_from(leaves[3], index=3, size=7, path=unfit)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(PathUnfit):
        root_from(b"leaf", index=index, size=size, path=[])
    with pytest.raises(IndexError):
        path_of([b"leaf"] * size, index)
