"""Values of the open model cross the pipe as bytes."""

import struct

from torchloupe.session.interpreters import default_interpreter
from torchloupe.session.launchers import LocalPython
from torchloupe.wire.requests import Failed, FetchedValues, FetchValues, OpenTarget, ValuesArrived

MODEL = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(12.0).view(3, 4))
        self.register_buffer("flags", torch.tensor([True, False]))
"""


def test_that_a_part_of_a_parameter_arrives_as_bytes(opened, tmp_path):
    (tmp_path / "net.py").write_text(MODEL)
    session = opened(LocalPython(default_interpreter())).session
    session.ask(OpenTarget(str(tmp_path / "net.py")))
    heard = []
    reply = session.ask(FetchValues("weight", "1:, ::2"), lambda message, blobs: heard.append((message, blobs)))
    assert reply == FetchedValues("weight", (2, 2), "float32")
    assert heard == [(ValuesArrived("weight"), (struct.pack("<4f", 4, 6, 8, 10),))]
    heard.clear()
    assert session.ask(FetchValues("flags"), lambda _message, blobs: heard.append(blobs)).dtype == "bool"
    assert heard == [(b"\x01\x00",)]
    refused = session.ask(FetchValues("weight", "7"))
    assert isinstance(refused, Failed)
    assert "outside a dimension of 3" in refused.problems[0].message
