"""What a torch offers is found by looking at it."""

import sys
from types import SimpleNamespace

import torch

from torchloupe.wire.codec import decode, encode
from torchloupe.worker.abilities import HOOKS, abilities, devices, introduce


def backend(count, error=None):
    def is_available():
        if error:
            raise error
        return count > 0

    return SimpleNamespace(is_available=is_available, device_count=lambda: count)


class OldModule:
    def register_forward_hook(self, hook): ...

    def load_state_dict(self, state_dict, strict=True): ...


def old_load(_file, _map_location=None): ...


def test_that_this_torch_has_what_we_need():
    found = abilities(torch)
    assert HOOKS in found
    assert {"assign", "fake-tensor", "flop-counter", "meta-device", "weights-only"} <= set(found)
    assert list(found) == sorted(found)


def test_that_the_hello_crosses_the_pipe_and_names_this_python():
    hello = introduce()
    assert decode(encode(hello)) == hello
    assert hello.torch == torch.__version__
    assert hello.executable == sys.executable
    assert hello.devices[0] == "cpu"
    assert hello.torch_error == ""


def test_that_every_gpu_is_named():
    found = devices(SimpleNamespace(cuda=backend(2), xpu=backend(1), backends=SimpleNamespace(mps=backend(1))))
    assert found == ("cpu", "cuda:0", "cuda:1", "xpu:0", "mps")


def test_that_a_driver_that_fails_when_asked_is_no_device():
    broken = backend(1, RuntimeError("driver too old"))
    assert devices(SimpleNamespace(cuda=broken, backends=SimpleNamespace(mps=backend(0)))) == ("cpu",)


def test_that_a_torch_without_any_back_end_runs_on_the_cpu():
    assert devices(SimpleNamespace()) == ("cpu",)


def test_that_an_old_torch_lacks_the_hooks():
    old = SimpleNamespace(nn=SimpleNamespace(Module=OldModule), load=old_load)
    found = abilities(old)
    assert HOOKS not in found
    assert not {"assign", "load-mmap", "weights-only", "accelerator", "meta-device"} & set(found)
