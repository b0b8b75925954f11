"""Tensors of a file that torch alone can read: loaded without running anything, turned dense, sent a part at a time."""

import io
import os
import tarfile
import warnings
import zipfile

import pytest
import torch

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import FetchedValues, FetchStoredValues, ValuesArrived
from torchloupe.worker import stored_values, values
from torchloupe.worker.stored_values import fetch_stored_values, loaded, origin_of, tensor_in

PLAIN = torch.arange(-12.0, 12.0).view(6, 4).relu() / 4


def quiet(make, *arguments):
    """What torch makes of tensors that it warns of, without the warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*arguments)


def per_channel(dtype):
    scales, zeros = torch.linspace(0.1, 0.6, 6), torch.zeros(6)
    return quiet(torch.quantize_per_channel, PLAIN, scales, zeros, 0, dtype)


KINDS = {
    "coo": lambda: PLAIN.to_sparse(),
    "coordinates of rows": lambda: PLAIN.to_sparse(1),
    "csr": lambda: quiet(PLAIN.to_sparse_csr),
    "csc": lambda: quiet(PLAIN.to_sparse_csc),
    "bsr": lambda: quiet(PLAIN.to_sparse_bsr, (2, 2)),
    "bool": lambda: (PLAIN > 1).to_sparse(),
    "bfloat16": lambda: PLAIN.bfloat16().to_sparse(),
    "complex": lambda: torch.complex(PLAIN, -PLAIN).to_sparse(),
    "parameter": lambda: torch.nn.Parameter(PLAIN.to_sparse()),
    "quint8": lambda: quiet(torch.quantize_per_tensor, PLAIN, 0.02, 3, torch.quint8),
    "qint32": lambda: quiet(torch.quantize_per_tensor, PLAIN, 0.02, 3, torch.qint32),
    "qint8 per channel": lambda: per_channel(torch.qint8),
    "quint4x2": lambda: per_channel(torch.quint4x2),
}


def dense(tensor):
    """What is to be seen of a tensor."""
    tensor = tensor.detach()
    return tensor.dequantize() if tensor.is_quantized else tensor.to_dense()


@pytest.fixture
def save(tmp_path):
    """Save a value, get the path."""

    def save(value, name="a.pt", **how):
        quiet(lambda: torch.save(value, tmp_path / name, **how))
        return str(tmp_path / name)

    return save


@pytest.fixture
def fetch(context):
    """Ask for values: the answer, and the bytes that came with the event."""

    def fetch(path, container, key, index=""):
        sent = []
        context.emit = lambda message, blobs=(): sent.append((message, b"".join(blobs)))
        answer = fetch_stored_values(context, FetchStoredValues(path, container, key, index))
        ((event, blob),) = sent
        assert event == ValuesArrived(key)
        return answer, blob

    return fetch


@pytest.mark.parametrize("kind", KINDS)
def test_that_every_kind_is_sent_as_the_part_of_the_dense_tensor(fetch, save, kind):
    tensor = KINDS[kind]()
    path = save({"w": tensor})
    for index in ("", "5", "-1, 2", ":, 1:3", "1::2, ::3", "2:2", "4, :2"):
        expected = eval(f"tensor[{index or '...'}]", {"tensor": dense(tensor)})
        answer, blob = fetch(path, "", "w", index)
        assert (answer.shape, answer.dtype) == (tuple(expected.shape), str(expected.dtype)[6:]), index
        assert blob == values.raw_bytes(expected), index


def test_that_coordinates_that_are_there_twice_are_added_up(fetch, save):
    twice = quiet(torch.sparse_coo_tensor, [[0, 0], [1, 1]], [1.0, 2.0], (2, 2))
    answer, blob = fetch(save({"w": twice}), "", "w", "0")
    assert torch.frombuffer(bytearray(blob), dtype=torch.float32).tolist() == [0.0, 3.0]
    assert answer.origin == "sparse (COO), 2 of 4 values stored, shown dense"


@pytest.mark.parametrize("tensor", [torch.tensor(3.0), torch.zeros(0, 4), torch.zeros(3)])
def test_that_a_number_an_empty_and_a_zero_tensor_can_be_sparse(fetch, save, tensor):
    answer, blob = fetch(save({"w": tensor.to_sparse()}), "", "w")
    assert (answer.shape, blob) == (tuple(tensor.shape), values.raw_bytes(tensor))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("coo", "sparse (COO), 11 of 24 values stored, shown dense"),
        ("csr", "sparse (CSR), 11 of 24 values stored, shown dense"),
        ("bsr", "sparse (BSR), 16 of 24 values stored, shown dense"),
        ("quint8", "quantized per tensor (quint8, scale 0.02, zero point 3), shown dequantized"),
        ("qint8 per channel", "quantized per channel (qint8, dimension 0), shown dequantized"),
    ],
)
def test_that_the_answer_says_what_the_file_has(kind, words):
    assert origin_of(KINDS[kind]()) == words


def test_that_batches_of_sparse_matrices_are_counted_whole_and_plain_tensors_have_no_origin():
    batch = quiet(torch.stack([torch.eye(3), torch.eye(3)]).to_sparse_csr)
    assert origin_of(batch) == "sparse (CSR), 6 of 18 values stored, shown dense"
    assert origin_of(PLAIN) == ""


def test_that_keys_with_dots_and_lists_are_followed(fetch, save):
    one, two, three = (torch.full((1,), number).to_sparse() for number in (1.0, 2.0, 3.0))
    state = {"a": {"b.c": one, "b": {"c": two}}, "a.b": {"c": three}, "parts": [{"w": two}], 7: {"w": three}}
    path = save(state)

    def value(container, key):
        return torch.frombuffer(bytearray(fetch(path, container, key)[1]), dtype=torch.float32).item()

    assert (value("a", "b.c"), value("a.b", "c"), value("parts.0", "w"), value("7", "w")) == (1.0, 2.0, 2.0, 3.0)


def test_that_a_tensor_alone_has_no_key_and_a_missing_one_is_a_sentence():
    assert tensor_in(PLAIN, "", "") is not None
    for container, key in (("a", "nope"), ("nope", "w"), ("a", "w.x"), ("", "a")):
        with pytest.raises(UsageError, match=f"torch finds no tensor `{key}`"):
            tensor_in({"a": {"w": PLAIN}}, container, key)


def test_that_a_file_is_loaded_once_for_all_parts_of_a_tensor_and_anew_when_it_was_saved_anew(fetch, save, monkeypatch):
    loads = []
    monkeypatch.setattr(stored_values, "loaded", lambda path: loads.append(path) or loaded(path))
    path = save({"w": PLAIN.to_sparse(), "v": PLAIN.to_sparse()})
    for index in ("0", "1", "2"):
        fetch(path, "", "w", index)
    assert len(loads) == 1
    fetch(path, "", "v")
    assert len(loads) == 2
    save({"v": (PLAIN + 1).to_sparse()})
    os.utime(path, ns=(1, 1))
    assert fetch(path, "", "v")[1] == values.raw_bytes(PLAIN + 1)
    assert len(loads) == 3


def test_that_what_is_kept_is_no_map_of_the_file(fetch, save, context):
    path = save({"w": PLAIN.to_sparse(), "q": KINDS["quint8"]()})
    for key in ("w", "q"):
        fetch(path, "", key, "0")
        with open("/proc/self/maps" if os.path.exists("/proc/self/maps") else os.devnull) as maps:
            assert path not in maps.read()


def test_that_files_of_old_torch_and_compressed_ones_are_read(fetch, save, tmp_path):
    old = save({"w": PLAIN.to_sparse()}, "old.pt", _use_new_zipfile_serialization=False)
    assert fetch(old, "", "w")[1] == values.raw_bytes(PLAIN)
    packed = str(tmp_path / "packed.pt")
    with zipfile.ZipFile(save({"w": PLAIN.to_sparse()})) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in plain.namelist():
            archive.writestr(name, plain.read(name))
    assert fetch(packed, "", "w")[1] == values.raw_bytes(PLAIN)


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_that_nothing_in_a_file_runs_and_the_refusal_says_what_to_do(fetch, save, tmp_path, zipped):
    path = save({"w": PLAIN.to_sparse(), "trap": Trap(str(tmp_path / "ran"))}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UsageError, match=r"torch.load\(weights_only=True\) refuses a.pt.*mkdir") as error:
        fetch(path, "", "w")
    assert "If you trust the file, open it as the model" in error.value.hint
    assert not (tmp_path / "ran").exists()


def test_that_indices_that_lead_out_of_the_tensor_are_not_followed(fetch, save):
    far, one = torch.tensor([1 << 40]), torch.ones(1)
    coordinates = torch.sparse_coo_tensor(far[None], one, (4,), check_invariants=False)
    rows = quiet(lambda: torch.sparse_csr_tensor(torch.tensor([0, 1 << 40]), far, one, (1, 4), check_invariants=False))
    for tensor in (coordinates, rows):
        with pytest.raises(UsageError, match="torch cannot make `w` dense"):
            fetch(save({"w": tensor}), "", "w")


def test_that_archives_of_another_kind_are_not_loaded(tmp_path):
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
    with tarfile.open(tmp_path / "old.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"), io.BytesIO())
    for name in ("script.pt", "old.tar"):
        with pytest.raises(UsageError, match=f"{name} is no file of torch.save"):
            loaded(str(tmp_path / name))


def test_that_a_file_that_is_gone_or_damaged_is_a_sentence(fetch, save, tmp_path):
    with pytest.raises(UsageError, match=r"nope.pt cannot be read: No such file"):
        fetch(str(tmp_path / "nope.pt"), "", "w")
    path = save({"w": PLAIN.to_sparse()}, _use_new_zipfile_serialization=False)
    os.truncate(path, 100)
    with pytest.raises(UsageError, match=r"a.pt"):
        fetch(path, "", "w")


def test_that_what_has_no_values_is_refused_with_its_reason(fetch, save):
    nested = quiet(torch.nested.nested_tensor, [torch.ones(2), torch.ones(3)])
    path = save({"meta": torch.empty(2, device="meta"), "nested": nested})
    with pytest.raises(UsageError, match="`meta` is on the meta device"):
        fetch(path, "", "meta")
    with pytest.raises(UsageError, match="`nested` is a nested tensor"):
        fetch(path, "", "nested")


def test_that_a_sparse_tensor_larger_than_memory_is_seen_in_parts(fetch, save):
    huge = quiet(torch.sparse_coo_tensor, [[5, 999_999], [7, 999_999]], [1.0, 2.0], (1_000_000, 1_000_000))
    path = save({"w": huge})
    with pytest.raises(UsageError, match="This part of `w` takes 4 TB"):
        fetch(path, "", "w")
    answer, blob = fetch(path, "", "w", "999_998:, -1")
    assert answer == FetchedValues("w", (2,), "float32", "sparse (COO), 2 of 1,000,000,000,000 values stored, shown dense")
    assert torch.frombuffer(bytearray(blob), dtype=torch.float32).tolist() == [0.0, 2.0]


def test_that_a_quantized_tensor_too_large_to_be_dequantized_is_refused(fetch, save, monkeypatch):
    monkeypatch.setattr(stored_values, "MOST_DEQUANTIZED", 95)
    with pytest.raises(UsageError, match="Dequantized, `q` takes 96 B; 95 B are the most"):
        fetch(save({"q": KINDS["quint8"]()}), "", "q", "0")


def test_that_what_torch_cannot_make_dense_is_a_sentence_and_a_cancel_is_heard(fetch, save, context, monkeypatch):
    path = save({"w": PLAIN.to_sparse()})

    def refuse(_tensor, _key):
        raise RuntimeError("no kernel\nat some place")

    with monkeypatch.context() as patch:
        patch.setattr(stored_values, "_expanded", refuse)
        with pytest.raises(UsageError, match=r"torch cannot make `w` dense: no kernel$"):
            fetch(path, "", "w")
    context.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        fetch(path, "", "w")
