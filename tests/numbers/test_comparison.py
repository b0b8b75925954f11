"""Differences of stored tensors against torch in double precision."""

import math
import os
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from checkpoints.saved_state import by_key, saved
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.values import MOST_OPEN
from torchloupe.numbers import comparison
from torchloupe.numbers.comparison import compare_values
from torchloupe.numbers.differences import BLOCK, CHUNK
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.values import ComparedValues, TensorDifference

NAN, INF = float("nan"), float("inf")


def compared(folder: Path, one: torch.Tensor, other: torch.Tensor) -> TensorDifference:
    here, there = saved(folder / "a.pt", {"a": one}), saved(folder / "b.pt", {"a": other})
    (found,) = compare_values(here, there, [(here.tensors[0], there.tensors[0])])
    assert found.difference is not None, found.reason
    return found.difference


def pairs_of(here: CheckpointContents, there: CheckpointContents) -> list[ComparedValues]:
    others = by_key(there)
    return list(compare_values(here, there, [(tensor, others[tensor.key]) for tensor in here.tensors]))


def assert_right(how: TensorDifference, one: torch.Tensor, other: torch.Tensor) -> None:
    """Every number is what torch says in double precision."""
    wide = torch.complex128 if one.is_complex() or other.is_complex() else torch.float64
    a, b = one.to(wide).flatten(), other.to(wide).flatten()
    nan = a.isnan() | b.isnan()
    inf = (a.isinf() | b.isinf()) & ~nan
    assert (how.count, how.nan, how.inf) == (a.numel(), int(nan.sum()), int(inf.sum()))
    assert how.changed == int(((a != b) & ~(a.isnan() & b.isnan())).sum())
    a, b = a[~(nan | inf)], b[~(nan | inf)]
    delta = b - a
    assert how.max_abs == (pytest.approx(float(delta.abs().max()), rel=1e-6) if a.numel() else None)
    size = float(a.abs().max() + b.abs().max()) if a.numel() else 0.0
    if size < 1e150 and (size > 1e-150 or size == 0):
        assert how.norm == pytest.approx(float(delta.norm()), rel=1e-5)
        assert how.expected_norm == pytest.approx(float(a.norm()), rel=1e-5)
        assert how.found_norm == pytest.approx(float(b.norm()), rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2], ids=str)
@pytest.mark.parametrize("step", [0.0, 1e-3, 10.0])
def test_that_the_difference_is_that_of_double_precision(tmp_path: Path, dtype: torch.dtype, step: float) -> None:
    one = torch.randn(700, 300).to(dtype)
    other = (one.float() + step * torch.randn(700, 300)).to(dtype)
    how = compared(tmp_path, one, other)
    assert_right(how, one, other)
    cosine = torch.nn.functional.cosine_similarity(one.double().flatten(), other.double().flatten(), 0)
    assert how.cosine == pytest.approx(float(cosine), abs=1e-6)
    assert how.relative == pytest.approx(float((other.double() - one.double()).norm() / one.double().norm()), rel=1e-5)
    if not step:
        assert (how.changed, how.max_abs, how.norm, how.relative, how.changed_fraction) == (0, 0.0, 0.0, 0.0, 0.0)


def test_that_a_tiny_change_is_seen_where_the_cosine_is_next_to_one(tmp_path: Path) -> None:
    one = torch.randn(1000, dtype=torch.float64)
    other = one.clone()
    other[5] += 1e-6
    how = compared(tmp_path, one, other)
    assert (how.changed, how.changed_fraction) == (1, 0.001)
    assert how.cosine is not None
    assert 0 < 1 - how.cosine < 1e-12


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int8, torch.uint8, torch.bool], ids=str)
def test_that_integers_and_truth_are_compared(tmp_path: Path, dtype: torch.dtype) -> None:
    one, other = (torch.randint(0, 2 if dtype is torch.bool else 100, (900,)).to(dtype) for _ in range(2))
    assert_right(compared(tmp_path, one, other), one, other)


def test_that_long_integers_that_floats_cannot_tell_apart_are_counted_as_changed(tmp_path: Path) -> None:
    one = torch.tensor([1 << 60, 5])
    assert compared(tmp_path, one, one + torch.tensor([1, 0])).changed == 1


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128], ids=str)
def test_that_complex_numbers_are_compared(tmp_path: Path, dtype: torch.dtype) -> None:
    one, other = torch.randn(300, dtype=dtype), torch.randn(300, dtype=dtype)
    assert_right(compared(tmp_path, one, other), one, other)
    assert_right(compared(tmp_path, one, one), one, one)
    assert_right(compared(tmp_path, one, other.real), one, other.real)


@pytest.mark.parametrize(
    ("one", "other"), [(torch.float32, torch.bfloat16), (torch.float64, torch.float32), (torch.float16, torch.int32)]
)
def test_that_other_dtypes_are_compared_as_numbers(tmp_path: Path, one: torch.dtype, other: torch.dtype) -> None:
    values = torch.randn(500) * 5
    assert_right(compared(tmp_path, values.to(one), values.to(other)), values.to(one), values.to(other))


def test_that_what_is_not_finite_is_counted_and_left_out_of_the_norms(tmp_path: Path) -> None:
    one = torch.tensor([1.0, NAN, NAN, 2.0, INF, INF, -INF, 3.0])
    other = torch.tensor([1.5, NAN, 5.0, NAN, INF, 1.0, INF, 3.0])
    how = compared(tmp_path, one, other)
    assert (how.count, how.changed, how.nan, how.inf, how.max_abs) == (8, 5, 3, 3, 0.5)
    assert_right(how, one, other)
    assert compared(tmp_path, one, one).changed == 0


def test_that_a_side_of_zeros_has_no_cosine_and_no_relative_norm(tmp_path: Path) -> None:
    how = compared(tmp_path, torch.zeros(5), torch.ones(5))
    assert (how.relative, how.cosine, how.max_abs) == (None, None, 1.0)
    same = compared(tmp_path, torch.zeros(5), torch.zeros(5))
    assert (same.relative, same.cosine, same.changed) == (0.0, None, 0)


def test_that_an_empty_tensor_differs_in_nothing(tmp_path: Path) -> None:
    how = compared(tmp_path, torch.zeros(0, 4), torch.zeros(0, 4))
    assert (how.count, how.changed, how.max_abs, how.changed_fraction) == (0, 0, None, 0.0)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.tuples(st.floats(width=64), st.floats(width=64)), max_size=40),
    dtype=st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16]),
)
@example(numbers=[(1e-30, 2e-30), (0.0, 0.0)], dtype=torch.float32)
@example(numbers=[(3e38, -3e38), (1.0, 1.0)], dtype=torch.float32)
@example(numbers=[(-0.0, 0.0)], dtype=torch.float32)
def test_that_any_numbers_differ_as_torch_says(tmp_path: Path, numbers: list[tuple[float, float]], dtype: torch.dtype) -> None:
    one, other = (torch.tensor([pair[side] for pair in numbers], dtype=torch.float64).to(dtype) for side in (0, 1))
    assert_right(compared(tmp_path, one, other), one, other)


def test_that_tensors_of_many_chunks_and_parts_are_summed_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "PART", 300_000)
    monkeypatch.setattr(comparison, "LOT_BYTES", 1000)
    one = torch.randn(1_000_003)
    other = one.clone()
    other[777_777], other[5] = 9.0, NAN
    how = compared(tmp_path, one, other)
    assert how.changed == 2
    assert_right(how, one, other)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128, torch.int64], ids=str)
def test_that_what_is_looked_at_carefully_is_summed_up_over_blocks(tmp_path: Path, dtype: torch.dtype) -> None:
    one = (torch.randn(3 * BLOCK + 7, dtype=torch.complex128 if dtype.is_complex else torch.float64) * 100).to(dtype)
    other = one.clone()
    for place in (0, BLOCK - 1, BLOCK, one.numel() - 1):
        other[place] += 1
    if dtype is not torch.int64:
        one[BLOCK + 1], other[2 * BLOCK], one[5] = NAN, INF, -INF
    assert_right(compared(tmp_path, one, other), one, other)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("odd", [NAN, INF, -INF, 1e30, 1e-41], ids=str)
def test_that_one_odd_value_in_a_large_tensor_changes_no_other_number(tmp_path: Path, dtype: torch.dtype, odd: float) -> None:
    one = torch.randn(CHUNK + 2 * BLOCK + 3).to(dtype)
    other = (one * 1.01).to(dtype)
    one[CHUNK + BLOCK] = odd
    one[7], other[7] = -0.0, 0.0
    one[8], other[8] = 0.0, 1e-40
    assert_right(compared(tmp_path, one, other), one, other)


@pytest.mark.parametrize("lot_bytes", [1, 3000, 1 << 24])
def test_that_small_pairs_read_in_one_go_keep_their_own_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lot_bytes: int
) -> None:
    monkeypatch.setattr(comparison, "LOT_BYTES", lot_bytes)
    one = {f"layer{n}": torch.randn(n + 1) for n in range(300)}
    other = {key: value + 1 for key, value in one.items()}
    here, there = saved(tmp_path / "a.pt", one), saved(tmp_path / "b.pt", other)
    for each in pairs_of(here, there):
        assert each.difference is not None
        assert_right(each.difference, one[each.expected], other[each.expected])


def test_that_a_part_that_cannot_be_read_is_no_reason_for_the_others_in_its_lot(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("bad", "good"):
            with file.open(f"{name}.npy", "w") as member:
                numpy.save(member, numpy.random.default_rng(1).standard_normal(9000).astype(numpy.float32))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    first = 30 + sum(struct.unpack_from("<HH", data, 26))
    data[first] = 0xFF  # no kind of block that there is
    (tmp_path / "a.npz").write_bytes(data)
    here = read_contents(tmp_path / "a.npz")
    found = {each.expected: each for each in pairs_of(here, here)}
    assert found["bad"].reason
    assert found["good"].difference is not None


def test_that_norms_of_changes_too_small_or_too_large_for_their_squares_are_right(tmp_path: Path) -> None:
    one = torch.tensor([1.0, 0.0, 0.5])
    for step in (1e-30, 1e-44):
        other = one + torch.tensor([0.0, step, 0.0])
        how = compared(tmp_path, one, other)
        assert (how.changed, how.norm, how.max_abs) == (
            1,
            pytest.approx(float(other[1]), rel=1e-6),
            pytest.approx(float(other[1])),
        )
    large = torch.full((3,), 9e18)
    assert compared(tmp_path, large, -large).norm == pytest.approx(float((large.double() * 2).norm()), rel=1e-6)


def test_that_equal_numbers_of_other_types_have_no_difference(tmp_path: Path) -> None:
    one = torch.randn(1000).bfloat16()
    how = compared(tmp_path, one, one.float())
    assert (how.changed, how.norm, how.max_abs) == (0, 0.0, 0.0)
    assert_right(how, one, one.float())


def test_that_views_are_compared_element_by_element(tmp_path: Path) -> None:
    one, other = torch.randn(4, 5, 6, 7), torch.randn(4, 5, 6, 7)
    last = other.to(memory_format=torch.channels_last)
    cases = [
        (one, last),
        (last, one),
        (last, last),
        (one.permute(3, 1, 0, 2), other.permute(3, 1, 0, 2)),
        (one[:, 1:3], other[:, 2:4]),
    ]
    for a, b in cases:
        assert_right(compared(tmp_path, a, b), a, b)


def test_that_expanded_tensors_are_compared_without_being_spread_out(tmp_path: Path) -> None:
    how = compared(tmp_path, torch.tensor([3.0]).expand(10**12), torch.tensor([4.0]).expand(10**12))
    assert (how.count, how.changed, how.max_abs) == (10**12, 10**12, 1.0)
    assert how.norm == pytest.approx(1e6)
    a, b = torch.tensor([3.0]).expand(40), torch.randn(40)
    assert_right(compared(tmp_path, a, b), a, b)


def test_that_files_of_two_formats_are_compared(tmp_path: Path) -> None:
    state = {"a": torch.randn(50), "b": torch.randn(3, 4)}
    save_file(state, tmp_path / "b.safetensors")
    found = pairs_of(saved(tmp_path / "a.pt", state), read_contents(tmp_path / "b.safetensors"))
    assert [(each.expected, each.difference.changed if each.difference else None) for each in found] == [("a", 0), ("b", 0)]


def test_that_a_pair_that_cannot_be_compared_says_why_and_the_rest_go_on(tmp_path: Path) -> None:
    here = saved(tmp_path / "a.pt", {"first": torch.eye(3).to_sparse(), "last": torch.ones(3)})
    found = pairs_of(here, here)
    assert found[0].difference is None
    assert "do not lie in the file as one block" in found[0].reason
    assert found[1].difference is not None


def test_that_other_shapes_are_not_compared(tmp_path: Path) -> None:
    here, there = saved(tmp_path / "a.pt", {"a": torch.ones(3)}), saved(tmp_path / "b.pt", {"a": torch.ones(4)})
    assert "shapes differ" in pairs_of(here, there)[0].reason


def test_that_a_file_that_is_gone_is_a_reason_for_every_pair(tmp_path: Path) -> None:
    here, there = saved(tmp_path / "a.pt", {"a": torch.ones(3)}), saved(tmp_path / "b.pt", {"a": torch.ones(3)})
    (tmp_path / "b.pt").unlink()
    assert "There is no file b.pt" in pairs_of(here, there)[0].reason


def test_that_a_file_that_shrinks_is_a_reason_and_no_crash(tmp_path: Path) -> None:
    state = {name: torch.randn(400_000) for name in "abc"}
    here, there = saved(tmp_path / "a.pt", state), saved(tmp_path / "b.pt", state)
    arriving = compare_values(here, there, list(zip(here.tensors, there.tensors, strict=True)), lambda *_: cut(tmp_path / "b.pt"))
    assert any("written to" in each.reason or "changed since" in each.reason for each in arriving)


def cut(path: Path) -> None:
    os.truncate(path, 1_000_000)


def test_that_progress_tells_bytes_of_both_sides_from_nothing_to_all(tmp_path: Path) -> None:
    state = {name: torch.randn(1_500_000) for name in "ab"}
    here = saved(tmp_path / "a.pt", state)
    told: list[tuple[int, int, str]] = []
    list(compare_values(here, here, [(row, row) for row in here.tensors], lambda *words: told.append(words)))
    assert told[0][:2] == (0, 24_000_000)
    assert told[-1] == (24_000_000, 24_000_000, "b")
    assert [words[0] for words in told] == sorted(words[0] for words in told)


def test_that_cancelling_ends_it_and_leaves_no_thread(tmp_path: Path) -> None:
    here = saved(tmp_path / "a.pt", {name: torch.randn(2_000_000) for name in "abcdef"})

    def stop(done: int, _total: int, _what: str) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(compare_values(here, here, [(row, row) for row in here.tensors], stop))


def test_that_many_shards_are_compared_each_with_its_own(tmp_path: Path) -> None:
    rows = []
    for number in range(MOST_OPEN * 2):
        save_file({f"w{number}": torch.full((30_000,), float(number))}, tmp_path / f"{number}.safetensors")
        (row,) = read_contents(tmp_path / f"{number}.safetensors").tensors
        rows.append(replace(row, file=f"{number}.safetensors"))
    whole = CheckpointContents(str(tmp_path), "sharded", 0, 0, tuple(rows))
    found = list(compare_values(whole, whole, [(row, row) for row in rows]))
    assert [each.reason for each in found] == [""] * len(rows)
    norms = [each.difference.found_norm for each in found if each.difference and not each.difference.changed]
    assert norms == pytest.approx([number * math.sqrt(30_000) for number in range(len(rows))])


def test_that_threads_do_not_mix_their_reads_where_a_system_can_only_seek(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "preadv")
    monkeypatch.setattr(comparison, "LOT_BYTES", 1)
    here = saved(tmp_path / "a.pt", {f"w{number}": torch.full((20_000,), float(number)) for number in range(100)})
    for number, each in enumerate(compare_values(here, here, [(row, row) for row in here.tensors])):
        assert each.difference is not None, each.reason
        assert (each.difference.changed, each.difference.found_norm) == (0, pytest.approx(number * math.sqrt(20_000)))


def test_that_what_was_compared_is_given_before_the_rest_is_read(tmp_path: Path) -> None:
    here = saved(tmp_path / "a.pt", {f"layer{n}": torch.randn(10) for n in range(200)})
    arriving = compare_values(here, here, [(row, row) for row in here.tensors])
    assert next(arriving).expected == "layer0"
    arriving.close()


def test_that_a_difference_of_one_point_is_turned_into_words_of_distance() -> None:
    how = TensorDifference(4, 1, 0, 0, 3.0, 3.0, 4.0, 5.0)
    assert (how.changed_fraction, how.relative, how.cosine) == (0.25, 0.75, pytest.approx(0.8))
    assert math.isclose(TensorDifference(2, 2, 0, 0, 2.0, 2.0, 1.0, 1.0).cosine or 0, -1.0)
