"""Correct models that do what models rarely do. None of them may be blamed, and each is left as it was."""

import collections
import copy
import dataclasses
import os
import signal
import sys
import threading
import types
import warnings
import weakref

import torch
from torch import nn
from torch.nn.utils import prune


def example_inputs():
    return (torch.randn(2, 4),)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


class RefusesNewAttributes(Plain):
    def __init__(self):
        super().__init__()
        self.closed = True

    def __setattr__(self, name, value):
        if self.__dict__.get("closed"):
            raise AttributeError("closed")
        super().__setattr__(name, value)


class AsksItsPart(Plain):
    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.fc, name)


class HasItsOwnCall(Plain):
    def __call__(self, x):
        return self.fc(x) * 2


class HidesItsParts(Plain):
    def named_modules(self, *args, **keywords):
        raise RuntimeError("hidden")

    parameters = named_parameters = buffers = named_buffers = state_dict = modules = children = named_modules


class RaisesWhenLookedAt(Plain):
    __hash__ = None

    def _refuse(self, *args):
        raise RuntimeError("do not look")

    __repr__ = __bool__ = __eq__ = __len__ = _refuse
    device = dtype = property(_refuse)

    def extra_repr(self):
        raise SystemExit(3)


class RefusingDict(dict):
    def items(self):
        raise RuntimeError("no items")


class RefusingList(list):
    def __len__(self):
        raise RuntimeError("no length")


class HasRefusingContainers(Plain):
    def __init__(self):
        super().__init__()
        self.table, self.rows = RefusingDict(a=1), RefusingList([1])


class FillsContainers(Plain):
    def __init__(self):
        super().__init__()
        self.ordered, self.groups = collections.OrderedDict(a=1), collections.defaultdict(list)
        self.counted, self.recent = collections.Counter("abc"), collections.deque([1, 2], maxlen=2)
        self.view, self.loop = types.MappingProxyType({"a": 1}), []
        self.loop.append(self.loop)
        self.weak = weakref.ref(self.fc)

    def forward(self, x):
        self.ordered["b"] = 2
        self.groups["x"].append(3)
        self.counted["z"] += 1
        self.recent.append(3)
        return self.fc(x)


class CallsPartsInThreads(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x):
        found = {}
        meet = threading.Barrier(4, timeout=30)

        def call(number):
            meet.wait()
            found[number] = (self.left, self.right)[number % 2](x)

        threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found[0] + found[1]


class FailsInAThread(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)

    def forward(self, x):
        found = []

        def call():
            try:
                self.fc(x)
            except RuntimeError as error:
                found.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        raise found[0]


class CopiesItsParts(Plain):
    def forward(self, x):
        return copy.deepcopy(self.fc)(copy.copy(self.fc)(x))


class ReplacesItsPart(Plain):
    def forward(self, x):
        self.fc = nn.Linear(4, 4)
        return self.fc(x)


class DropsItsPart(Plain):
    def forward(self, x):
        part = self.fc
        del self.fc
        return part(x)


class ChangesTheProcess(Plain):
    def forward(self, x):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        torch.autograd.set_detect_anomaly(True)
        torch.nn.modules.module.register_module_forward_hook(lambda *_: None)
        torch.autocast("cpu", dtype=torch.bfloat16).__enter__()
        sys.path.insert(0, "/nowhere")
        os.environ["ODD"] = "1"
        os.chdir("/")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.setrecursionlimit(5000)
        warnings.simplefilter("error")
        sys.stdout = None
        return self.fc(x)


class SetsTheDefaultDtype(Plain):
    def __init__(self):
        torch.set_default_dtype(torch.float64)
        super().__init__()


class FreesItsWeights(Plain):
    def forward(self, x):
        y = self.fc(x)
        self.fc.weight.untyped_storage().resize_(0)
        return y


class ResizesItsBuffers(Plain):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(3))
        self.plain = torch.zeros(3)

    def forward(self, x):
        self.seen.resize_(5).fill_(2)
        self.plain.resize_(9)
        return self.fc(x)


class TrainsInside(Plain):
    def forward(self, x):
        self.fc(x).sum().backward()
        self.fc.weight.data.zero_()
        self.fc.bias.data = torch.ones(7)
        return self.fc.weight.sum()


class RunsInInferenceMode(Plain):
    @torch.inference_mode()
    def forward(self, x):
        return self.fc(x)


def made_in_inference_mode():
    with torch.inference_mode():
        return Plain()


class IsComplex(Plain):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4, dtype=torch.complex64)

    def forward(self, x):
        return self.fc(x.to(torch.complex64)).conj()


class IsSparse(Plain):
    def __init__(self):
        super().__init__()
        self.register_buffer("adjacency", torch.eye(4).to_sparse())
        self.plain = torch.eye(2).to_sparse()

    def forward(self, x):
        return torch.sparse.mm(self.adjacency, self.fc(x).t()).to_sparse()


class Marked(torch.Tensor):
    pass


class HasTensorsOfItsOwnClass(Plain):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.randn(4).as_subclass(Marked))

    def forward(self, x):
        return self.fc(x) + self.scale


class HoldsANestedTensor(nn.Module):
    """It has no shape, and nearly every question to it is an error."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.register_buffer("lengths", torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)]))

    def forward(self, x):
        self.lengths.mul_(2.0)
        return self.fc(x)


class ReturnsNestedTensors(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(torch.nested.nested_tensor([torch.randn(2, 4), torch.randn(3, 4)], layout=torch.jagged))


class ReturnsManyKinds(Plain):
    def forward(self, x, *, scale=1.0, mask=None):
        y = self.fc(x) * scale
        return {"a": {"b": [y]}, 3: y.half(), None: y > 0, (1, 2): y.to(torch.float8_e4m3fn), "text": "done"}


class ReturnsAGenerator(Plain):
    def forward(self, x):
        return (self.fc(x) for _ in range(2))


class ReturnsText(Plain):
    def forward(self, x):
        self.fc(x)
        return "done"


class ReturnsANumber(Plain):
    def forward(self, x):
        return self.fc(x).sum().item()


class TakesAnything(Plain):
    def __init__(self, *args, **keywords):
        super().__init__()

    def forward(self, *args, **keywords):
        return self.fc(*args, **keywords)


class HasAForwardOfItsOwn(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.forward = lambda x: self.fc(x)


class HasOddNames(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module("ünï cödé", nn.Linear(4, 4))
        self.add_module("two\nlines", nn.Identity())
        self.register_buffer("\x1b[31mred", torch.zeros(1))

    def forward(self, x):
        return self._modules["two\nlines"](self._modules["ünï cödé"](x))


@dataclasses.dataclass(eq=False)
class IsADataclass(nn.Module):
    width: int = 4

    def __post_init__(self):
        super().__init__()
        self.fc = nn.Linear(self.width, self.width)

    def forward(self, x):
        return self.fc(x)


class UsesFunctionTransforms(Plain):
    def forward(self, x):
        gradient = torch.func.vmap(torch.func.grad(lambda row: self.fc(row).sum()))(x)
        return torch.func.functional_call(self.fc, {"weight": torch.zeros(4, 4)}, (gradient,))


class Checkpointed(Plain):
    def forward(self, x):
        return torch.utils.checkpoint.checkpoint(self.fc, x, use_reentrant=False)


class StartsAProcess(Plain):
    def forward(self, x):
        child = os.posix_spawn("/bin/true", ["true"], {})
        os.waitpid(child, 0)
        return self.fc(x)


def scripted_inside():
    return nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), nn.Linear(4, 4))


def in_data_parallel():
    return nn.DataParallel(nn.Linear(4, 4))


def averaged():
    return torch.optim.swa_utils.AveragedModel(nn.Linear(4, 4))


def traced_by_fx():
    return torch.fx.symbolic_trace(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))


def pruned():
    model = nn.Sequential(nn.Linear(4, 4))
    prune.l1_unstructured(model[0], "weight", 0.5)
    return model


def with_hooks_that_change_values():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model[0].register_forward_pre_hook(lambda _module, inputs: (inputs[0] * 0,))
    model[0].register_forward_hook(lambda _module, _inputs, output: output[:, :2])
    return model


def with_a_hook_that_removes_itself():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    handles = []
    handles.append(model[0].register_forward_hook(lambda *_: handles[0].remove()))
    return model


def nested_two_hundred_deep():
    model = nn.Linear(4, 4)
    for _ in range(200):
        model = nn.Sequential(model)
    return model


def of_five_thousand_modules():
    return nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(1667)])


def with_defaults(hidden=8, *, bias=True):
    return nn.Sequential(nn.Linear(4, hidden, bias=bias))
