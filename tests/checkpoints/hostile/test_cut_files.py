"""A file of every format, cut at every 64th byte: a listing with a warning, or one sentence."""

from collections.abc import Mapping

import pytest

from checkpoints.hostile.good_files import Good, good_files
from checkpoints.hostile.make import slug_of
from checkpoints.hostile.reading import Outcome, read_guarded

_STEP = 64
_ENOUGH_BYTES = 3 * 4096
"""Of a longer file the middle, which is but padding, is cut at fewer places."""
_FORMATS = (
    *(
        "torch zip",
        "pickled module",
        "lightning",
        "torchscript",
        "torch before 1.6",
        "torch tar",
        "safetensors",
        "exported program",
    ),
    *("gguf", "onnx", "npy", "npz", "key list", "pickle", "sharded, its index", "sharded, a shard"),
    *("distributed, its index", "distributed, a part"),
)
_MAY_END_ANYWHERE = {"onnx", "torch tar"}
"""Fields that follow one another, without a count or an end: what is left after a cut between two is whole. And a tar file ends with
zeros."""

Cuts = Mapping[str, Mapping[int, Outcome]]


def _lengths(good: Good) -> range:
    size = len(good.data)
    return range(0, size, _STEP if size <= _ENOUGH_BYTES else _STEP * (1 + size // _ENOUGH_BYTES))


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> Cuts:
    """What came of every length of every format, all read in one guarded process."""
    folder = tmp_path_factory.mktemp("cut")
    wanted = [(name, length) for name, good in good_files().items() for length in (*_lengths(good), len(good.data))]
    paths = []
    for name, length in wanted:
        home = folder / slug_of(name) / f"{length:05}"
        good = good_files()[name]
        paths.append((good.write(home, good.data[:length]), home))
    found: dict[str, dict[int, Outcome]] = {}
    for (name, length), outcome in zip(wanted, read_guarded(folder, paths), strict=True):
        found.setdefault(name, {})[length] = outcome
    return found


def test_that_every_format_is_cut(cuts: Cuts) -> None:
    assert set(cuts) == set(_FORMATS)
    assert sum(map(len, cuts.values())) > 300


@pytest.mark.parametrize("name", _FORMATS)
def test_that_a_whole_file_opens_without_a_warning(cuts: Cuts, name: str) -> None:
    whole = cuts[name][len(good_files()[name].data)]
    assert (whole.outcome, whole.faults) == ("opened", [])


@pytest.mark.parametrize("name", _FORMATS)
def test_that_a_cut_file_is_refused_in_a_sentence_or_listed_with_a_warning(cuts: Cuts, name: str) -> None:
    silent = []
    for length in _lengths(good_files()[name]):
        found = cuts[name][length]
        assert (found.outcome in ("opened", "refused"), found.alarms) == (True, []), (length, found)
        if found.outcome == "refused":
            assert found.sentence.endswith(".")
            assert found.hint.endswith(".")
        elif not found.faults:
            silent.append(length)
    assert silent == [] or name in _MAY_END_ANYWHERE


@pytest.mark.parametrize("name", _FORMATS)
def test_that_a_cut_takes_a_moment(cuts: Cuts, name: str) -> None:
    assert [length for length, found in cuts[name].items() if found.seconds > 2.0] == []


@pytest.mark.parametrize("name", ["torch zip", "lightning", "pickled module", "torch before 1.6", "npz", "distributed, a part"])
def test_that_what_was_there_before_the_cut_is_shown(cuts: Cuts, name: str) -> None:
    size = len(good_files()[name].data)
    counts = [cuts[name][length].count for length in sorted(cuts[name])]
    assert counts[-1] > 0
    assert [count for length, count in zip(sorted(cuts[name]), counts, strict=True) if length > 0.75 * size and not count] == []


@pytest.mark.parametrize("name", _FORMATS)
def test_that_no_values_are_made_up(cuts: Cuts, name: str) -> None:
    """A tensor whose bytes are cut off is marked, or its values are refused."""
    whole = cuts[name][len(good_files()[name].data)]
    nothing_left = cuts[name][min(cuts[name])]
    assert "read" not in nothing_left.values or name.startswith("distributed") or "sharded" in name
    assert nothing_left.values.count("read") <= whole.values.count("read")
