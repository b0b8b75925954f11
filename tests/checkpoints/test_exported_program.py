"""Programs as torch.export saves them, and archives with descriptions that are wrong."""

import json
import warnings
import zipfile

import pytest
import torch

from checkpoints.making_files import zipped
from checkpoints.stored_values import array_of
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.exported_program import _DTYPES
from torchloupe.wire.errors import UnsupportedFormat


class _Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(2, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.second = torch.nn.Linear(3, 3, bias=False)
        self.second.weight = torch.nn.Parameter(torch.arange(9.0).reshape(3, 3).T)
        self.table = torch.arange(4.0)

    def forward(self, x):
        return self.second(self.norm(self.first(x))) + self.table.sum()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A saved program and the module that it was made of."""
    path = tmp_path_factory.mktemp("exported") / "net.pt2"
    net = _Net().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(net, (torch.zeros(2, 2),)), path)
    return path, net


def test_that_the_weights_are_those_of_the_module(exported):
    path, net = exported
    contents = read_contents(path)
    assert (contents.format, contents.problems) == ("torch.export", ())
    rows = {row.key: row for row in contents.tensors if row.container == ""}
    assert set(rows) == set(net.state_dict())
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].split("/")[0]
        for key, value in net.state_dict().items():
            row = rows[key]
            assert (row.broken, row.shape, row.is_parameter) == ("", tuple(value.shape), key in dict(net.named_parameters()))
            assert array_of(archive.read(f"{root}/{row.stored_at}"), row).tolist() == value.tolist()


def test_that_constants_have_a_container_of_their_own(exported):
    path, _ = exported
    assert [row.shape for row in read_contents(path).tensors if row.container == "constants"] == [(4,)]


def test_that_the_numbers_of_types_are_those_of_the_schema():
    from torch._export.serde.schema import ScalarType

    assert {int(kind) for kind in ScalarType if kind.name != "UNKNOWN"} == set(_DTYPES)
    assert (_DTYPES[ScalarType.BFLOAT16], _DTYPES[ScalarType.LONG], _DTYPES[ScalarType.BOOL]) == ("bfloat16", "int64", "bool")


def described(meta: dict[str, object] | None = None, **entry: object) -> bytes:
    """An archive with one tensor of four, described by ``meta`` and ``entry`` where they differ from what is right."""
    sizes, strides = [{"as_int": 4}], [{"as_int": 1}]
    good = {"dtype": 7, "sizes": sizes, "strides": strides, "storage_offset": {"as_int": 0}, "requires_grad": True}
    whole = {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": {**good, **(meta or {})}, **entry}
    config = json.dumps({"config": {"w": whole}}).encode()
    return zipped(
        [
            ("m/archive_format", b"pt2"),
            ("m/data/weights/model_weights_config.json", config),
            ("m/data/weights/weight_0", bytes(16)),
        ]
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (described({"sizes": [{"as_int": 5}]}), "reaches to byte 20"),
        (described({"sizes": [{"as_expr": "s0"}]}), "list of numbers"),
        (described({"sizes": 4}), "list of numbers"),
        (described({"strides": [{"as_int": -1}]}), "strides is negative"),
        (described({"storage_offset": None}), "not stored as numbers"),
        (described({"dtype": 99}), "element type is not known"),
        (described({"dtype": "7"}), "element type is not known"),
        (described(path_name="../../../weight_0"), "is missing in the file"),
        (described(path_name=None), "is missing in the file"),
        (described(use_pickle=True), "torch file of its own"),
        (described(tensor_meta=None), "no tensor, or its description is damaged"),
    ],
)
def test_that_a_wrong_description_marks_its_tensor(tmp_path, data, says):
    (tmp_path / "a.pt2").write_bytes(data)
    (row,) = read_contents(tmp_path / "a.pt2").tensors
    assert says in row.broken


def test_that_a_program_of_an_older_torch_is_called_so(tmp_path):
    (tmp_path / "a.pt2").write_bytes(zipped([("serialized_exported_program.json", b"{}"), ("serialized_state_dict.pt", b"x")]))
    with pytest.raises(UnsupportedFormat, match="of a version whose weights are not read here"):
        read_contents(tmp_path / "a.pt2")
