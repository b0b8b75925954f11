"""Values of a stored tensor that torch alone can read cross the pipe as bytes; a worker without torch says what to do."""

import struct
import warnings

import torch

from torchloupe.session.interpreters import default_interpreter
from torchloupe.session.launchers import LocalPython
from torchloupe.wire.requests import Failed, FetchedValues, FetchStoredValues, ValuesArrived


def test_that_a_real_worker_reads_sparse_and_quantized_tensors_without_a_model(opened, tmp_path):
    path = str(tmp_path / "a.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantized = torch.quantize_per_tensor(torch.tensor([0.5, 1.0]), 0.5, 0, torch.qint8)
    torch.save({"net": {"adj.w": torch.diag(torch.tensor([1.0, 2.0])).to_sparse(), "q": quantized}}, path)
    session = opened(LocalPython(default_interpreter())).session
    heard = []
    reply = session.ask(FetchStoredValues(path, "net", "adj.w", "1"), lambda message, blobs: heard.append((message, blobs)))
    assert reply == FetchedValues("adj.w", (2,), "float32", "sparse (COO), 2 of 4 values stored, shown dense")
    assert heard == [(ValuesArrived("adj.w"), (struct.pack("<2f", 0, 2),))]
    heard.clear()
    reply = session.ask(FetchStoredValues(path, "net", "q"), lambda _message, blobs: heard.append(blobs))
    assert reply.origin == "quantized per tensor (qint8, scale 0.5, zero point 0), shown dequantized"
    assert heard == [(struct.pack("<2f", 0.5, 1.0),)]
    refused = session.ask(FetchStoredValues(path, "net", "q", "9"))
    assert isinstance(refused, Failed)
    assert "outside a dimension of 2" in refused.problems[0].message
    assert session.state == "ready"
