"""The words that both skins use."""

import math

import pytest

from torchloupe.analysis import wording
from torchloupe.analysis.diff_rows import DiffRow, KeyEntry
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.registration import HiddenPart


@pytest.mark.parametrize(("shape", "text"), [((2, 3), "[2, 3]"), ((), "[]"), ((7,), "[7]"), (None, "not yet known")])
def test_that_shapes_read_like_torch_writes_them(shape: tuple[int, ...] | None, text: str) -> None:
    assert wording.shape_text(shape) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (3136, "3,136"), (10**9, "1,000,000,000")])
def test_that_counts_have_thousands_marks(count: int, text: str) -> None:
    assert wording.count_text(count) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 key"), (0, "0 keys"), (2000, "2,000 keys")])
def test_that_nouns_agree_with_their_number(count: int, text: str) -> None:
    assert wording.counted(count, "key") == text


def test_that_an_odd_plural_can_be_given() -> None:
    assert wording.counted(2, "key differs", "keys differ") == "2 keys differ"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (12_345_678, "12.3 MB"),
        (999_600, "1 MB"),
        (2 * 10**12, "2 TB"),
        (5 * 10**18, "5e+03 PB"),
    ],
)
def test_that_sizes_are_in_decimal_units(size: int, text: str) -> None:
    assert wording.bytes_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.0, "0 µs"), (1.2e-5, "12 µs"), (0.0351, "35.1 ms"), (1.0, "1 s"), (1.239, "1.24 s"), (1234.5, "1,234 s")],
)
def test_that_times_are_in_fitting_units(seconds: float | None, text: str) -> None:
    assert wording.seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (0.123456, "0.1235"),
        (-3.5e-7, "-3.500e-07"),
        (2.5e7, "2.500e+07"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_that_numbers_keep_four_digits(value: float | None, text: str) -> None:
    assert wording.number_text(value) == text


MODEL, FILE = KeyEntry("fc.weight", (10, 4), "float32"), KeyEntry("fc.weight", (4, 10), "float16")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (DiffRow("matched", MODEL, MODEL, "", 1.0), "matched"),
        (DiffRow("missing", MODEL, None), "missing in the checkpoint"),
        (DiffRow("unexpected", None, FILE), "not in the model"),
        (DiffRow("shape", MODEL, FILE, "", 1.0), "other shape: checkpoint [4, 10], model [10, 4]"),
        (DiffRow("transposed", MODEL, FILE, "", 1.0), "transposed: checkpoint [4, 10], model [10, 4]"),
        (DiffRow("dtype", MODEL, FILE, "", 1.0), "checkpoint float16, model float32"),
        (
            DiffRow("renamed", MODEL, KeyEntry("module.fc.weight", (), ""), "prefix module.", 1.0),
            "renamed: module.fc.weight in the checkpoint (prefix module.)",
        ),
        (DiffRow("resized", MODEL, FILE, "bicubic", 0.9), "resized: checkpoint [4, 10], model [10, 4] (bicubic)"),
    ],
)
def test_that_a_difference_says_what_is_whose(row: DiffRow, text: str) -> None:
    assert wording.describe_difference(row) == text


def test_that_a_problem_is_told_with_place_hint_and_repairs() -> None:
    fixes = (Fix("set_argument", "Set in_features=9216.", verified=True), Fix("edit_source", "Pool to 7x7."))
    problem = Problem(
        "shape-mismatch", "fc1 expects 3136.", hint="64*12*12 arrive.", module="fc1", file="net.py", line=9, fixes=fixes
    )
    assert wording.problem_lines(problem) == [
        "error: fc1 expects 3136.",
        "  at fc1, net.py:9",
        "  64*12*12 arrive.",
        "  fix: Set in_features=9216. (tried: it works)",
        "  fix: Pool to 7x7.",
    ]


def test_that_the_first_patch_is_told_with_its_problem() -> None:
    patches = ("--- a/net.py\n+++ b/net.py\n@@ -1 +1 @@\n-a\n+b\n", "--- a/other.py\n")
    fixes = tuple(Fix("edit_source", "Write b.", verified=True, patch=patch) for patch in patches)
    lines = wording.problem_lines(Problem("shape-mismatch", "No.", fixes=fixes))
    assert lines[-5:] == ["    --- a/net.py", "    +++ b/net.py", "    @@ -1 +1 @@", "    -a", "    +b"]
    other = wording.problem_lines(Problem("shape-mismatch", "No.", fixes=(Fix("change_input", "Add it."), *fixes)))
    assert not any(line.strip().startswith("---") for line in other)  # it would seem to be that of another fix


def test_that_a_problem_without_a_place_has_no_line_for_it() -> None:
    assert wording.problem_lines(Problem("usage", "No.")) == ["error: No."]


@pytest.mark.parametrize("path", ["/models/gpt2.pt", "C:\\models\\gpt2.pt", "gpt2.pt"])
def test_that_an_opened_checkpoint_is_told_with_how_little_of_it_was_read(path: str) -> None:
    contents = CheckpointContents(path, "torch zip", 9_200_000_000, 48_000, (StoredTensor("w", (1,), "float32", 4),))
    assert wording.read_text(contents) == "1 tensor in gpt2.pt (torch zip); read 48 kB of 9.2 GB, nothing executed"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (HiddenPart("", "a", "a[0]", "module", "Linear", "list"), ("A Linear in a list", "parameters()", "eval()")),
        (HiddenPart("", "a", "a", "module", "Linear"), ("A Linear that PyTorch",)),
        (HiddenPart("", "a", "a['x']", "parameter", "Parameter", "dict"), ("A Parameter in a dict", "No optimizer")),
        (HiddenPart("", "a", "a", "tensor", "Tensor", from_parameter=True), ("operation on a Parameter",)),
        (HiddenPart("", "a", "a", "tensor", "Tensor", requires_grad=True), ("requires a gradient",)),
        (HiddenPart("", "a", "a", "tensor", "Tensor"), ("A plain tensor.", ".to() leaves it behind")),
    ],
)
def test_that_what_is_hidden_says_what_that_means(part: HiddenPart, words: tuple[str, ...]) -> None:
    said = wording.describe_hidden(part)
    assert all(word in said for word in words)
    assert said.endswith(".")
