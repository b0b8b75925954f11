"""Other sizes of the sample input on shapes alone: each model with the sizes that it takes, and the line that refuses the others."""

import pytest
import torch

from torchloupe.analysis.sweep import ANY, MULTIPLES, NONE, ONE, UNKNOWN, read_axis
from torchloupe.wire.errors import UsageError
from torchloupe.wire.problems import ERROR, INFO
from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.sweeps import SweepSizes
from torchloupe.worker import sweeping as room
from torchloupe.worker.handlers import HANDLERS, open_target

TARGET = """
import torch
from torch import nn
from torch.nn import functional as F

class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.downs = nn.ModuleList([nn.Conv2d(a, 4, 3, padding=1) for a in (3, 4, 4)])
        self.ups = nn.ModuleList([nn.ConvTranspose2d(4, 4, 2, stride=2) for _ in range(2)])
    def forward(self, x):
        skips = []
        for down in self.downs[:2]:
            x = down(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.downs[2](x)
        for up in self.ups:
            x = up(x) + skips.pop()  # the skip
        return x

class HardCoded(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(12, 4)
    def forward(self, x):
        x = x.view(8, -1)  # eight
        return self.fc(x)

class Eaten(HardCoded):
    def forward(self, x):
        return self.fc(x).reshape((2, -1)).sum(1, keepdim=True)  # eaten

class Mean(HardCoded):
    def forward(self, x):
        return self.fc(x).mean(0)

class State(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(6, 8, batch_first=True)
    def forward(self, x):
        state = torch.zeros(1, 2, 8), torch.zeros(1, 2, 8)
        return self.rnn(x, state)[0]

class StepsFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(6, 8)
    def forward(self, x):
        return self.rnn(x)[0]

class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(100, 8), nn.Embedding(96, 8)
    def forward(self, ids):
        return self.tok(ids) + self.pos(torch.arange(ids.shape[1], device=ids.device))  # positions

class Adaptive(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 7, 2, 3), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, 2),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4 * 26 * 26, 10)
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))  # head

class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.LazyLinear(4)
    def forward(self, x):
        return self.fc(x)

class LazyHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.LazyConv2d(4, 3), nn.LazyLinear(10)
    def forward(self, x):
        return self.head(self.conv(x).flatten(1))

class Asserts(nn.Module):
    def forward(self, x):
        assert x.shape[2] % 14 == 0, "sides are multiples of 14"  # assertion
        return x * 2

class Normed(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(6, 8), nn.BatchNorm1d(8))

class Values(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x

class Sometimes(nn.Module):
    def forward(self, x):
        return x[: int(x.sum() > 0)] if x.shape[0] > 4 else x

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 4)
    def forward(self, x):
        return self.fc(x)

class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        self.each = nn.Identity()
    def forward(self, x):
        for _ in range(10 ** 7 if x.shape[0] > 4 else 1):
            x = self.each(x)
        return x

class Writes(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.seen = nn.Linear(6, 4), []
        self.register_buffer("count", torch.zeros(()))
    def forward(self, x):
        self.seen.append(x.shape)
        self.count += 1
        print("a pass")
        return self.fc(x)

class Plain(nn.Module):
    def forward(self, x, times=1, names=None):
        return x * times

def bert():
    from transformers import BertConfig, BertModel
    return BertModel(BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=99,
                                max_position_embeddings=40))

def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel
    return GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=99, n_positions=48, bos_token_id=0, eos_token_id=0))
"""


@pytest.fixture
def sweep(tmp_path, context):
    """Opens a model of ``TARGET`` and sweeps the sizes of an input."""
    file = tmp_path / "model.py"
    file.write_text(TARGET)

    def run(name, *inputs, **request):
        open_target(context, OpenTarget(f"{file}:{name}"))
        return HANDLERS[SweepSizes](context, SweepSizes(inputs, **request))

    return run


def readings(answer):
    return {axis.name: read_axis(axis) for axis in answer.axes}


def line_of(comment):
    return next(number for number, line in enumerate(TARGET.splitlines(), 1) if line.endswith(f"# {comment}"))


def runs(axis):
    return {each.size: each.runs for each in axis.tried}


def test_that_a_u_net_takes_multiples_of_its_stride(sweep):
    found = readings(sweep("UNet", "float32[2,3,16,24]"))
    assert found["batch"].kind == ANY
    for side in ("height", "width"):
        assert (found[side].kind, found[side].step) == (MULTIPLES, 4)
    problem = dict(found["height"].problems)[17]
    assert problem.line == line_of("the skip")
    assert problem.code == "broadcast-mismatch"


def test_that_square_pictures_are_swept_with_both_sides_too(sweep):
    found = readings(sweep("UNet", "float32[2,3,16,16]"))
    assert found["height and width"].step == 4


def test_that_a_batch_in_the_code_is_found_with_its_line(sweep):
    found = readings(sweep("HardCoded", "float32[8,12]"))["batch"]
    assert found.kind == ONE
    assert found.sentence == f"only 8 (hard-coded at line {line_of('eight')})"
    assert found.problems[0][1].code == "batch-hard-coded"


def test_that_a_batch_that_is_eaten_does_not_count_as_running(sweep):
    found = readings(sweep("Eaten", "float32[2,12]"))["batch"]
    assert found.sentence == f"only 2 (hard-coded at line {line_of('eaten')})"


def test_that_an_answer_that_never_had_a_batch_is_no_sign(sweep):
    assert readings(sweep("Mean", "float32[4,12]"))["batch"].kind == ANY


def test_that_a_state_of_one_batch_size_is_explained_by_its_layer(sweep):
    found = readings(sweep("State", "float32[2,5,6]"))
    assert found["batch"].kind == ONE
    assert found["batch"].problems[0][1].module == "rnn"
    assert found["steps"].kind == ANY


def test_that_the_batch_may_come_second(sweep):
    answer = sweep("StepsFirst", "float32[5,2,6]")
    assert {axis.name: axis.places for axis in answer.axes} == {"steps": ((0, 0),), "batch": ((0, 1),)}
    assert {each.kind for each in readings(answer).values()} == {ANY}


def test_that_the_position_table_limits_the_length_without_data(sweep):
    found = readings(sweep("GPT", "int64[2,8]<100"))["tokens"]
    assert found.sentence == "at most 96 (the table `pos` has 96 rows)"
    problem = dict(found.problems)[97]
    assert (problem.code, problem.line, problem.module) == ("index-out-of-range", line_of("positions"), "pos")


def test_that_a_stack_with_adaptive_pooling_has_a_smallest_picture(sweep):
    found = readings(sweep("Adaptive", "float32[2,3,64,48]"))
    assert found["height"].least == found["width"].least == 11
    assert found["height"].most is None
    assert dict(found["height"].problems)[10].module == "3"


def test_that_a_head_of_fixed_size_is_said_and_no_error(sweep):
    answer = sweep("Flat", "float32[2,1,28,28]")
    found = readings(answer)
    assert answer.problems == ()
    assert found["height"].kind == ONE
    assert found["height"].sentence == "only 28"
    problem = found["height"].problems[0][1]
    assert (problem.module, problem.line, problem.severity) == ("fc", line_of("head"), INFO)
    assert problem.fixes == ()


def test_that_an_assertion_of_the_models_own_is_quoted(sweep):
    found = readings(sweep("Asserts", "float32[2,3,56,30]"))
    assert (found["height"].kind, found["height"].step) == (MULTIPLES, 14)
    assert "sides are multiples of 14" in found["height"].problems[0][1].message
    assert found["height"].problems[0][1].line == line_of("assertion")
    assert found["width"].kind == ANY


def test_that_a_norm_that_trains_wants_two_and_one_that_does_not_takes_one(sweep):
    assert readings(sweep("Normed", "float32[4,6]", mode="train"))["batch"].least == 2
    assert readings(sweep("Normed", "float32[4,6]", mode="eval"))["batch"].least is None


def test_that_lazy_parts_are_swept_and_stay_lazy(sweep, context):
    answer = sweep("Lazy", "float32[2,6]")
    assert readings(answer)["batch"].kind == ANY
    assert isinstance(context.state["open"].model.fc, torch.nn.LazyLinear)


def test_that_a_lazy_head_is_made_for_the_sample(sweep):
    found = readings(sweep("LazyHead", "float32[2,1,28,28]"))
    assert (found["batch"].kind, found["height"].sentence) == (ANY, "only 28")
    assert found["height"].problems[0][1].module == "head"


def test_that_a_branch_on_values_is_left_open(sweep):
    answer = sweep("Values", "float32[2,6]")
    assert answer.axes == ()
    assert [problem.code for problem in answer.problems] == ["shapes-need-data"]
    assert answer.problems[0].severity == INFO


def test_that_sizes_that_only_values_can_tell_are_marked_so(sweep):
    tried = runs(sweep("Sometimes", "float32[2,6]").axes[0])
    assert tried[4] is True
    assert tried[5] is None
    assert read_axis(sweep("Sometimes", "float32[2,6]").axes[0]).kind == ANY


def test_that_a_model_that_runs_with_no_size_at_all_says_why(sweep):
    answer = sweep("Broken", "float32[2,6]")
    assert readings(answer)["batch"].kind == NONE
    assert [(problem.severity, problem.module) for problem in answer.problems] == [(ERROR, "fc")]


def test_that_the_time_is_bounded_and_what_was_tried_is_told(sweep):
    answer = sweep("Slow", "float32[2,6]", time_limit=0.6)
    tried = runs(answer.axes[0])
    assert tried[2] is True
    assert not any(size > 4 for size in tried)
    assert answer.notes == (f"batch: the time was over after {len(tried)} sizes.",)


def test_that_a_sample_that_takes_all_the_time_is_told(sweep):
    answer = sweep("Slow", "float32[8,6]", time_limit=0.3)
    assert answer.axes == ()
    assert "took longer than 0.3 seconds" in answer.notes[0]


def test_that_a_sweep_can_be_cancelled_in_the_middle(sweep, context, monkeypatch):
    tried = []

    def counted(_self, _axis, size):
        tried.append(size)
        context.stop_after = 0
        return True

    monkeypatch.setattr(room._Sweep, "_runs", counted)
    context.progress = lambda *_: None
    monkeypatch.setattr(room, "next_size", lambda _tried: context.raise_if_requested())
    with pytest.raises(KeyboardInterrupt):
        sweep("Mean", "float32[4,12]")
    assert len(tried) >= 1


def test_that_the_model_is_left_as_it_was_and_nothing_is_printed(sweep, context, capsys):
    sweep("Writes", "float32[2,6]", mode="eval")
    model = context.state["open"].model
    assert model.training
    assert model.seen == []
    assert float(model.count) == 0.0
    assert not model._forward_hooks
    assert not context.state["spoiled"]
    assert capsys.readouterr().out == ""


def test_that_the_global_hooks_and_the_dice_are_as_before(sweep, context):
    sweep("Mean", "float32[4,12]")
    torch.manual_seed(7)
    before = torch.get_rng_state()
    hooks = dict(torch.nn.modules.module._global_forward_hooks)
    HANDLERS[SweepSizes](context, SweepSizes(("float32[4,12]",), seed=3))
    assert torch.equal(torch.get_rng_state(), before)
    assert dict(torch.nn.modules.module._global_forward_hooks) == hooks


def test_that_numbers_among_the_input_stay_as_they_are(sweep):
    answer = sweep("Plain", "float32[2,6]", "times=3")
    assert [axis.name for axis in answer.axes] == ["batch"]
    assert readings(answer)["batch"].kind == ANY


def test_that_an_input_without_axes_is_said(sweep):
    answer = sweep("Plain", "float32[]")
    assert answer.axes == ()
    assert answer.notes == ("The sample input has no axis that could be of another size.",)


def test_that_a_bad_input_is_a_usage_error(sweep):
    with pytest.raises(UsageError):
        sweep("Plain", "float33[2]")


def test_that_an_input_that_was_worked_out_is_told(sweep):
    answer = sweep("GPT")
    assert answer.input_source == "worked_out"
    assert answer.inputs[0].startswith("int64[2,8]")


def test_that_an_unknown_size_alone_says_that_shapes_cannot_tell():
    axis = room.SweptAxis("batch", 2, ((0, 0),), (room.SizeTried(2, None),))
    assert read_axis(axis).kind == UNKNOWN


@pytest.mark.parametrize(("name", "most"), [("bert", 40), ("gpt2", 48)])
def test_that_models_of_transformers_end_with_their_positions(sweep, name, most):
    pytest.importorskip("transformers")
    found = readings(sweep(name, "int64[2,8]<99", mode="eval"))
    assert found["batch"].kind == ANY
    assert (found["tokens"].kind, found["tokens"].most) == (ANY, most)


def test_that_the_ids_a_table_has_rows_for_are_noted(sweep):
    answer = sweep("GPT")
    (note,) = [each for each in answer.notes if "ids" in each]
    assert note.startswith("The ids may be 0 to ")
    assert note.endswith(" rows.")
