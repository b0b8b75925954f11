"""TorchScript archives: their program as text, their constants, and what is said about their classes."""

import warnings
import zipfile

import pytest
import torch

from checkpoints.making_files import zipped
from checkpoints.stored_values import array_of
from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import UnsupportedFormat


class _Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x):
        return self.linear(x) + torch.tensor([1.5, 2.5])


@pytest.fixture
def traced(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(_Net(), torch.zeros(1, 2)), str(tmp_path / "net.pt"))
    return tmp_path / "net.pt"


def test_that_weights_and_constants_are_two_containers(traced):
    contents = read_contents(traced)
    assert contents.format == "TorchScript"
    assert [(row.container, row.key, row.stored_at) for row in contents.tensors] == [
        ("", "linear.weight", "data/0"),
        ("", "linear.bias", "data/1"),
        ("constants", "0", "constants/0"),
    ]
    with zipfile.ZipFile(traced) as archive:
        assert array_of(archive.read("net/constants/0"), contents.tensors[2]).tolist() == [1.5, 2.5]


def test_that_the_program_is_shown_as_text(traced):
    sources = {value.path: value.value for value in read_contents(traced).values if value.type == "source"}
    assert all(path.startswith("source of code/__torch__") for path in sources)
    assert any("def forward(self: __torch__" in text and "torch.linear(" in text for text in sources.values())
    assert all(not path.endswith("debug_pkl") for path in sources)


def test_that_the_classes_of_torchscript_are_nothing_to_remark_on(traced):
    assert read_contents(traced).problems == ()


def test_that_an_archive_without_constants_and_code_is_a_plain_torch_file(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pt")
    contents = read_contents(tmp_path / "a.pt")
    assert (contents.format, contents.values) == ("torch zip", ())


def test_that_a_first_torchscript_archive_is_called_so(tmp_path):
    (tmp_path / "a.pt").write_bytes(zipped([("a/model.json", b"{}"), ("a/tensors/0", b""), ("a/code/a.py", b"")]))
    with pytest.raises(UnsupportedFormat, match=r"TorchScript archive of torch 1\.0"):
        read_contents(tmp_path / "a.pt")
