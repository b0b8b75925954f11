"""What is said about loading crosses the pipe whole, also for very many tensors."""

import io

import pytest

from torchloupe.wire.codec import PART_ROWS, decode, encode
from torchloupe.wire.contents import CheckpointContents, FileStamp, StoredPiece, StoredTensor
from torchloupe.wire.errors import ProtocolError
from torchloupe.wire.loading import LOADED, MISSING, LoadCheckpoint, LoadedCheckpoint, LoadedKey
from torchloupe.wire.stream import REQUEST, Stream

PIECED = StoredTensor("p", (4,), "float32", 16, pieces=(StoredPiece((0,), (2,), "a.distcp", "0:8"),))


def request(count: int) -> LoadCheckpoint:
    tensors = tuple(
        StoredTensor(f"layers.{number}.weight", (4, 8), "bfloat16", 64, "model", stored_at=f"{number}:9", strides=(8, 1))
        for number in range(count)
    )
    contents = CheckpointContents("/a.pt", "torch zip", 10, 2, (*tensors, PIECED), stamps=(FileStamp("", 10, 1, 2),))
    keys = tuple(tensor.key for tensor in contents.tensors)
    return LoadCheckpoint(contents, keys, "model", (LoadedKey("fc.bias", MISSING, "", "missing in the checkpoint"),))


@pytest.mark.parametrize("count", [0, 3, 2 * PART_ROWS + 5])
def test_that_a_request_comes_out_of_the_pipe_as_it_went_in(count: int) -> None:
    pipe = io.BytesIO()
    Stream(io.BytesIO(), pipe).send(REQUEST, 7, request(count))
    assert Stream(io.BytesIO(pipe.getvalue()), io.BytesIO()).receive().message == request(count)


@pytest.mark.parametrize("count", [0, 2, PART_ROWS + 1])
def test_that_an_answer_comes_out_of_the_pipe_as_it_went_in(count: int) -> None:
    keys = tuple(LoadedKey(f"k{number}", LOADED, f"module.k{number}", "", "float64", number) for number in range(count))
    answer = LoadedCheckpoint("/a.pt", keys, True, "model", 1 << 40, 0.25)
    pipe = io.BytesIO()
    Stream(io.BytesIO(), pipe).send(REQUEST, 7, answer)
    assert Stream(io.BytesIO(pipe.getvalue()), io.BytesIO()).receive().message == answer


def test_that_a_field_which_nobody_knows_is_an_error() -> None:
    plain = encode(LoadedCheckpoint("/a.pt", (), True))
    assert decode(plain) == LoadedCheckpoint("/a.pt", (), True)
    with pytest.raises(ProtocolError, match="no field 'wrong'"):
        decode({**plain, "wrong": 1})
