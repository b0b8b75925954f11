"""Correct models whose objects bite when they are looked at. Nothing of theirs may run, and nothing is to be found."""

import collections

import torch
from torch import nn

RAN = []


def example_inputs():
    return (torch.randn(2, 4),)


def _bite(*_arguments, **_keywords):
    RAN.append("bitten")
    raise SystemExit("looked at")


class Biting:
    """Every way of looking at it runs code."""

    value = property(_bite)
    __getattribute__ = __getattr__ = __dict__ = __len__ = __iter__ = __eq__ = __hash__ = __repr__ = __bool__ = _bite
    __class__ = property(_bite)


class BitingList(list):
    __getattribute__ = __len__ = __iter__ = __getitem__ = __eq__ = __bool__ = __repr__ = _bite
    __hash__ = None


class BitingDict(dict):
    __getattribute__ = __len__ = __iter__ = items = values = keys = __eq__ = __bool__ = _bite
    __hash__ = None


class BitingKey:
    __repr__ = __str__ = __eq__ = _bite

    def __hash__(self):
        return 1


class BitingMeta(type):
    __eq__ = __getattribute__ = _bite
    __hash__ = type.__hash__


class OfBitingMeta(metaclass=BitingMeta):
    pass


class BitingProperties(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    device = dtype = weight = property(_bite)
    __repr__ = __eq__ = __len__ = __bool__ = __iter__ = _bite
    __hash__ = nn.Module.__hash__

    def __getattr__(self, name):
        if name in ("fc", "_modules"):
            return super().__getattr__(name)
        return _bite()

    def named_modules(self, *_arguments, **_keywords):
        return _bite()

    parameters = named_parameters = buffers = state_dict = modules = children = named_modules

    def forward(self, x):
        return self.fc(x)


class HoldsWhatBites(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        vars(self)["biting"] = Biting()
        self.many = [Biting(), OfBitingMeta(), BitingList([1]), BitingDict(a=2)]
        self.keyed = {BitingKey(): [3]}
        self.counted = collections.Counter("aab")

    def forward(self, x):
        return self.fc(x)


class Recursive(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.loop, self.ring = [], {}
        self.loop.append(self.loop)
        self.ring["ring"] = (self.ring, self.loop, self)
        nested = []
        for _ in range(5000):
            nested = [nested]
        self.nested = nested

    def forward(self, x):
        return self.fc(x)


class _Plain:
    pass


class Huge(nn.Module):
    def __init__(self, size=20_000):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.numbers = [{}, *range(size)]
        self.table = {number: str(number) for number in range(size)}
        self.object = _Plain()
        vars(self.object).update((f"a{number}", number) for number in range(size))
        vars(self).update((f"b{number}", number) for number in range(size))

    def forward(self, x):
        return self.fc(x)


class _Own(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        RAN.append(str(function))
        raise RuntimeError("no function of torch")


def _own(tensor):
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.as_subclass(_Own)


class _Biting(torch.Tensor):
    __getattr__ = _bite
    shape = dtype = device = requires_grad = grad_fn = property(_bite)


class OddTensors(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.plain = _own(torch.zeros(3))
        self.tensors = [torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.zeros(3, device="meta")]
        self.tensors.append(torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8))
        self.tensors.append(torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]))
        vars(self)["biting"] = torch.zeros(3).as_subclass(_Biting)
        self.lazy = nn.LazyLinear(3)
        self.sparse = nn.Parameter(torch.eye(4).to_sparse(), requires_grad=False)
        self.alike = nn.Parameter(torch.zeros(3, device="meta"))
        self.second = nn.Parameter(torch.zeros(3, device="meta"))

    def forward(self, x):
        return self.lazy(self.fc(x))


def scripted():
    return nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), nn.Linear(4, 4))


def quantised():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    return torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
