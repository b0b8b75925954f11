"""Pictures and texts as inputs: made what the model takes, and said."""

import struct
import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import RunForward
from torchloupe.worker.forward import run_forward
from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.pictures import Picture, is_picture, read_picture
from torchloupe.worker.sample_input import sample_input
from torchloupe.worker.target import import_target
from torchloupe.worker.worked_out_input import runs_on

_BANDS = {"L": 1, "RGB": 3, "RGBA": 4, "P": 1}


class Decoded:
    """As much of Pillow's Image as is used: every pixel of a column has the column's number, of a red picture the red ones only."""

    def __init__(self, mode, width, height):
        self.mode, self.width, self.height = mode, width, height

    def __enter__(self):
        return self

    def __exit__(self, *_what):
        return None

    def copy(self):
        return self

    def convert(self, mode):
        return Decoded(mode, self.width, self.height)

    def tobytes(self):
        return bytes(column for _ in range(self.height) for column in range(self.width) for _ in range(_BANDS[self.mode]))


class Wide:
    """A grey picture of these numbers, one row of them, as Pillow has it: what is made bytes of it is cut off at 255."""

    def __init__(self, mode, *values):
        self.mode, self.values = mode, values

    def convert(self, mode):
        if mode in ("I", "F"):
            return Wide(mode, *self.values)
        return Wide(mode, *(min(value, 255) for value in self.values for _ in range(_BANDS[mode])))

    def tobytes(self):
        letter = {"I": "i", "F": "f"}.get(self.mode, "B")
        return struct.pack(f"={len(self.values)}{letter}", *self.values)


class OfLab(Decoded):
    """Pillow makes only RGB of these colours."""

    def convert(self, mode):
        if mode != "RGB":
            raise ValueError(f"conversion from LAB to {mode} not supported")
        return super().convert(mode)


def wide(mode, *values):
    return Picture(f"/pictures/{mode[0]}.tif", mode, len(values), 1, Wide(mode, *values))


@pytest.fixture(autouse=True)
def pillow(monkeypatch):
    """A stand-in for Pillow: the name of a file says its mode and size, ``RGB_64x48.png``."""

    def opened(path):
        mode, _, size = path.rpartition("/")[2].rpartition(".")[0].partition("_")
        return Decoded(mode, *map(int, size.split("x")))

    package, module = ModuleType("PIL"), ModuleType("PIL.Image")
    module.open = opened
    package.Image = module
    monkeypatch.setitem(sys.modules, "PIL", package)
    monkeypatch.setitem(sys.modules, "PIL.Image", module)


NETS = """
import torch
from torch import nn

class Mnist(nn.Module):
    def __init__(self, channels=1):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(channels, 4, 3, padding=1), nn.Linear(4 * 14 * 14, 10)

    def forward(self, x):
        return self.fc(nn.functional.max_pool2d(self.conv(x).relu(), 2).flatten(1))

class AnySize(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x, scale=None):
        return self.conv(x).mean((2, 3)) * (1 if scale is None else scale.mean())

class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.reshape(-1, 784))

class Six(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 4, 3)

    def forward(self, x):
        return self.conv(x)

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(5, 2)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))

class Asks(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x) if x.mean() > 100 else self.conv(x) + 1
"""


@pytest.fixture
def given(tmp_path):
    """The input that a class gets for specs; pictures are files by name only."""
    (tmp_path / "nets.py").write_text(NETS)

    def placed(spec):
        """A file of that name, where it is."""
        keyword, mark, name = spec.rpartition("=")
        if "[" in spec:
            return spec
        (tmp_path / name).write_bytes(b"x")
        return f"{keyword}{mark}{tmp_path / name}"

    def given(name, *specs, mode=None):
        target = import_target(f"{tmp_path / 'nets.py'}:{name}")
        model = target.make()
        return sample_input(target, model, tuple(map(placed, specs)), 0, mode)

    return given


def messages(found):
    assert {note.severity for note in found.notes} <= {"info"}
    return [note.message for note in found.notes]


def test_that_a_picture_that_fits_is_taken_as_it_is(given):
    found = given("AnySize", "RGB_64x48.png")
    assert found.positional[0].shape == (1, 3, 48, 64)
    assert found.positional[0].dtype is torch.float32
    assert messages(found) == []


def test_that_colours_and_size_become_what_the_model_takes(given):
    found = given("Mnist", "RGB_64x48.png")
    assert found.positional[0].shape == (1, 1, 28, 28)
    assert messages(found) == [
        "RGB_64x48.png is RGB, 64 x 48; for this model it was made grey, then scaled and cropped around its middle to 28 x 28."
    ]
    assert "torch.save" in found.notes[0].hint


def test_that_only_colours_are_changed_where_every_size_runs(given):
    assert messages(given("AnySize", "L_64x48.png")) == ["L_64x48.png is grey, 64 x 48; for this model it was made RGB."]
    (said,) = messages(given("AnySize", "RGBA_8x8.png"))
    assert said.endswith("it was made RGB without its transparency.")


def test_that_a_picture_of_the_right_form_says_nothing_and_one_of_the_right_proportion_is_not_cropped(given):
    assert messages(given("Mnist", "L_28x28.png")) == []
    assert messages(given("Mnist", "L_56x56.png")) == ["L_56x56.png is grey, 56 x 56; for this model it was scaled to 28 x 28."]


def test_that_the_middle_of_the_picture_is_kept(given):
    rows = given("Mnist", "L_56x28.png").positional[0][0, 0]
    assert torch.allclose(rows[0] * 255, torch.arange(14, 42).float())


def test_that_a_picture_fits_a_model_of_flat_pixels(given):
    assert given("Flat", "RGB_64x48.png").positional[0].shape == (1, 1, 28, 28)


def test_that_what_cannot_be_made_of_a_picture_is_said(given):
    found = given("Six", "RGB_64x48.png")
    assert found.positional[0].shape == (1, 3, 48, 64)
    assert messages(found) == ["The model does not run on RGB_64x48.png as it is."]
    assert "float32[2,6," in found.notes[0].hint


def test_that_a_fault_of_the_model_is_not_laid_to_the_picture(given):
    found = given("Broken", "RGB_64x48.png")
    assert found.positional[0].shape == (1, 3, 48, 64)
    assert messages(found) == []


def test_that_a_picture_may_be_a_keyword_beside_other_inputs(given):
    found = given("AnySize", "float32[1,3,9,9]", "scale=L_4x4.png")
    assert found.positional[0].shape == (1, 3, 9, 9)
    assert found.keywords["scale"].shape == (1, 3, 4, 4)


def test_that_a_model_that_looks_at_values_is_left_its_picture(given):
    assert given("Asks", "RGB_64x48.png").positional[0].shape == (1, 3, 48, 64)


def test_that_trying_shapes_changes_nothing(tmp_path):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert runs_on(model, SampleInput((torch.ones(2, 3, 8, 8),), {}, "given"), "train")
    assert not runs_on(model, SampleInput((torch.ones(2, 1, 8, 8),), {}, "given"), None)
    assert not model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_that_a_model_with_sizes_to_come_runs_on_everything():
    assert runs_on(nn.LazyConv2d(4, 3), SampleInput((torch.ones(2, 1, 8, 8),), {}, "given"), None)


@pytest.mark.parametrize(("channels", "shape"), [(1, (1, 1, 2, 3)), (3, (1, 3, 2, 3)), (4, (1, 4, 2, 3))])
def test_that_a_picture_has_as_many_channels_as_are_wanted(channels, shape):
    tensor = read_picture("/RGB_3x2.png").tensor(channels)
    assert tensor.shape == shape
    assert torch.allclose(tensor[0, 0, 0] * 255, torch.tensor([0.0, 1.0, 2.0]))


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_that_grey_of_16_bits_keeps_its_steps(mode):
    tensor = wide(mode, 3000, 6000, 30000).tensor(1)
    assert tensor.dtype is torch.float32
    assert torch.allclose(tensor.flatten() * 65535, torch.tensor([3000.0, 6000.0, 30000.0]))


@pytest.mark.parametrize(
    ("mode", "values", "made"),
    [
        ("I", (-150, 350, 850), [0, 0.5, 1]),
        ("I", (2**31 - 1, 0), [1, 0]),
        ("F", (-1.5, 0.5), [0, 1]),
        ("F", (0.25, 0.75), [0.25, 0.75]),
        ("F", (7.0, 7.0), [0, 0]),
        ("I;16", (0, 65535), [0, 1]),
    ],
)
def test_that_numbers_beyond_the_usual_ones_are_stretched(mode, values, made):
    assert wide(mode, *values).tensor(1).flatten().tolist() == pytest.approx(made)


def test_that_a_wide_grey_has_as_many_channels_as_are_wanted():
    picture = wide("I;16", 13107, 65535)
    assert picture.tensor(3).flatten().tolist() == pytest.approx([0.2, 1] * 3)
    assert picture.tensor(4).flatten().tolist() == pytest.approx([0.2, 1] * 3 + [1, 1])
    assert picture.tensor(1, (1, 1)).shape == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("mode", "values", "channels", "words"),
    [
        ("I;16", (3, 4), 1, "I.tif is grey of 16 bits, 2 x 1; for this model it was divided by 65535."),
        ("I;16B", (3, 4), 3, "I.tif is grey of 16 bits, 2 x 1; for this model it was divided by 65535, then made RGB."),
        ("I", (-150, 850), 1, "I.tif is grey of 32 bits, 2 x 1; for this model it was stretched from [-150, 850] to [0, 1]."),
        ("F", (0.5, 0.75), 3, "F.tif is grey of floating point numbers, 2 x 1; for this model it was made RGB."),
    ],
)
def test_that_what_is_done_to_a_wide_grey_is_said(mode, values, channels, words):
    (said,) = wide(mode, *values).said(channels)
    assert said.message == words


def test_that_numbers_from_0_to_1_are_taken_as_they_are_and_nothing_is_said():
    assert wide("F", 0.0, 1.0).said(1) == ()


def test_that_a_picture_of_no_numbers_is_refused():
    with pytest.raises(UsageError, match=r"F\.tif holds values that are infinite or no numbers") as caught:
        wide("F", 0.5, float("nan")).tensor(3)
    assert "torch.save" in caught.value.hint


def test_that_lab_colours_go_by_way_of_rgb():
    picture = Picture("/lab.tif", "LAB", 3, 2, OfLab("LAB", 3, 2))
    assert picture.tensor(1).shape == (1, 1, 2, 3)
    assert picture.tensor(3).shape == (1, 3, 2, 3)
    assert picture.said(1)[0].message == "lab.tif is LAB, 3 x 2; for this model it was made grey."


def test_that_without_pillow_the_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(UsageError, match="needs Pillow"):
        read_picture("/RGB_3x2.png")


def test_that_tensors_and_texts_are_no_pictures():
    assert [is_picture(name) for name in ("a.png", "a.JPG", "a.npy", "a.pt", "a.txt", None)] == [True, True] + [False] * 4


def test_that_the_report_holds_the_remarks_behind_the_problems(given, tmp_path, context):
    given("Broken")  # writes the file
    target = import_target(f"{tmp_path / 'nets.py'}:Broken")
    (tmp_path / "L_8x8.png").write_bytes(b"x")
    report = run_forward(target, target.make(), RunForward((str(tmp_path / "L_8x8.png"),)), context)
    assert [(problem.severity, problem.code) for problem in report.problems][-1] == ("info", "input-adapted")
    assert report.problems[0].severity == "error"
    assert report.input_specs == (str(tmp_path / "L_8x8.png"),)


def test_that_a_text_is_said_to_be_bytes(models, tmp_path):
    (tmp_path / "words.txt").write_text("hello")
    target = import_target(str(models / "clean_cnn.py"))
    (small,) = sample_input(target, nn.Embedding(10, 2), (str(tmp_path / "words.txt"),), 0).notes
    assert small.message == (
        "words.txt is given as the ids of its bytes, each of them modulo 10, the rows of the first table: nothing tokenizes it here."
    )
    (large,) = sample_input(target, nn.Embedding(1000, 2), (str(tmp_path / "words.txt"),), 0).notes
    assert "bytes, 0 to 255: nothing" in large.message
    assert small.severity == "info"
