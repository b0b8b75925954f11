"""Lazy layers get their sizes from the sample run; the model itself stays lazy."""

import pytest
import torch
from torch import nn

from torchloupe.worker.lazy_parts import has_lazy_parts, materialised_tree


def shapes(tree):
    return {entry.key: entry.shape for entry in tree.parameters}


def test_that_the_sample_run_gives_lazy_layers_their_sizes_and_leaves_the_model_lazy(run, context):
    opened, report = run("lazy_parts")
    assert report.problems == ()
    assert set(shapes(opened.tree).values()) == {None}
    assert shapes(report.materialised) == {
        "conv.weight": (4, 3, 3, 3),
        "conv.bias": (4,),
        "fc.weight": (2, 144),
        "fc.bias": (2,),
    }
    assert has_lazy_parts(context.state["open"].model)


def test_that_classes_and_marks_are_those_of_the_model_and_sums_those_of_the_run(run):
    opened, report = run("lazy_parts")
    before, after = ({entry.path: entry for entry in tree.modules} for tree in (opened.tree, report.materialised))
    assert list(before) == list(after)
    assert after["fc"].class_name == "LazyLinear"
    assert after["fc"].is_lazy
    assert after["fc"].numel == 2 * 144 + 2
    assert after[""].total_numel == sum(entry.numel for entry in report.materialised.parameters)
    assert before["fc"].numel == 0


def test_that_a_model_without_lazy_parts_has_none(run):
    _, report = run("clean_cnn")
    assert report.materialised is None


def test_that_a_run_that_fails_before_the_first_lazy_layer_gave_no_sizes(context, tmp_path):
    model, runner = nn.Sequential(nn.LazyLinear(3)), nn.Sequential(nn.LazyLinear(3))
    assert materialised_tree(model, runner) is None
    assert materialised_tree(model, model) is None


@pytest.mark.filterwarnings("ignore")
def test_that_what_a_failed_run_reached_has_its_sizes():
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(4, 2), nn.LazyLinear(5))
    runner = nn.Sequential(nn.LazyLinear(3), nn.Linear(4, 2), nn.LazyLinear(5))
    with pytest.raises(RuntimeError):
        runner(torch.rand(2, 7))
    found = shapes(materialised_tree(model, runner))
    assert found["0.weight"] == (3, 7)
    assert found["2.weight"] is None
