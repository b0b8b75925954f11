"""The shapes of a checkpoint as evidence: what they say of a mismatch, and which repair comes first by them."""

from dataclasses import replace

import pytest

from torchloupe.analysis.diff_rows import DTYPE, MATCHED, MISSING, RENAMED, SHAPE, TRANSPOSED, DiffRow, KeyEntry, StateDictDiff
from torchloupe.analysis.weight_evidence import AGAINST, FOR, NEITHER, StoredShapes, with_evidence
from torchloupe.analysis.wording import fix_text
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.problems import Fix, Problem

CLASSES = {
    "fc1": "Linear",
    "embed": "Embedding",
    "conv": "Conv2d",
    "up": "ConvTranspose2d",
    "norm": "BatchNorm2d",
    "rnn": "LSTM",
    "grouped": "Conv2d",
    "tall": "LayerNorm",
}
TREE = ModuleTree(
    tuple(
        ModuleEntry(path, name, 0, 0, 0, True, "groups=2" if path == "grouped" else "")
        for path, name in {"": "Net", **CLASSES}.items()
    ),
    (),
)


def diff(status=MATCHED, **shapes):
    """The checkpoint's shapes, by a layer and the end of the key (``fc1__weight``)."""
    rows = []
    for name, shape in shapes.items():
        key = name.replace("__", ".")
        rows.append(DiffRow(status, KeyEntry(key, (1,), "float32"), KeyEntry(f"m.{key}", shape, "float32")))
    return StateDictDiff(tuple(rows), {}, {}, ())


LAYER = Fix("set_argument", "Set `in_features=9216` of `fc1`.", "fc1", "in_features", 9216, verified=True, outcome="it runs")
INPUT = Fix("change_input", "Give an input of [2, 1, 28, 28].", value={"shape": [2, 1, 28, 28]}, verified=True, outcome="it runs")
BEFORE = Fix("set_argument", "Set `out_channels=16` of `conv`.", "conv", "out_channels", 16, verified=True)
DATA = {"argument": "in_features", "expected": 3136, "got": 9216}
MISMATCH = Problem("shape-mismatch", "fc1 is built for 3136.", hint="Set it.", module="fc1", fixes=(LAYER, INPUT), data=DATA)


def weighed(problem=MISMATCH, tree=TREE, **shapes):
    (found,) = with_evidence([problem], diff(**shapes), tree)
    return found


def test_that_weights_for_what_arrives_say_that_the_code_is_wrong():
    found = weighed(fc1__weight=(128, 9216))
    assert [(fix.kind, fix.evidence) for fix in found.fixes] == [("set_argument", FOR), ("change_input", AGAINST)]
    assert found.hint == (
        "The checkpoint has `m.fc1.weight` as [128, 9216]: trained for 9216, as it arrives. The code is wrong here. "
        "Set `in_features=9216` of `fc1`."
    )
    assert found.data["evidence"] == {"key": "m.fc1.weight", "shape": [128, 9216], "size": 9216, "speaks_for": "what arrives"}


def test_that_weights_for_the_layer_put_the_input_first():
    found = weighed(fc1__weight=(128, 3136))
    assert [(fix.kind, fix.evidence) for fix in found.fixes] == [("change_input", FOR), ("set_argument", AGAINST)]
    assert "trained for 3136, as the layer is built" in found.hint
    assert found.hint.endswith("Give an input of [2, 1, 28, 28].")
    assert fix_text(found.fixes[1]).endswith("(tried: it runs; the checkpoint disagrees)")


def test_that_without_a_repair_that_the_weights_speak_for_the_size_is_named():
    found = weighed(replace(MISMATCH, fixes=(LAYER,)), fc1__weight=(128, 3136))
    assert found.hint.endswith("Let 3136 arrive.")


def test_that_weights_for_a_third_size_speak_for_neither():
    found = weighed(fc1__weight=(128, 400))
    assert found.data["evidence"]["speaks_for"] == NEITHER
    assert "neither what the layer is built for nor what arrives. Set it." in found.hint


def test_that_a_layer_before_it_is_weighed_by_its_own_weights():
    problem = replace(MISMATCH, fixes=(LAYER, BEFORE))
    found = weighed(problem, conv__weight=(16, 3, 5, 5), fc1__weight=(128, 3136))
    assert [fix.evidence for fix in found.fixes] == [FOR, AGAINST]
    assert found.fixes[0].module == "conv"
    other = weighed(problem, conv__weight=(32, 3, 5, 5))
    assert [fix.evidence for fix in other.fixes] == ["", AGAINST]
    assert other.hint == "Set it."


@pytest.mark.parametrize(("shape", "says"), [((12, 8), FOR), ((16, 8), AGAINST)])
def test_that_a_parameter_of_the_users_own_is_weighed_by_its_shape(shape, says):
    fix = Fix("set_shape", "Make the parameter `matrix` [12, 8].", "", "matrix", [12, 8], verified=True)
    mismatch = Problem("matmul-mismatch", "", module="", fixes=(fix,), data={"operation": "matmul", "shapes": [[5, 12], [16, 8]]})
    assert weighed(mismatch, matrix=shape).fixes[0].evidence == says
    assert weighed(mismatch, other=shape).fixes[0].evidence == ""


def test_that_the_sentence_about_all_fixes_stays_while_the_first_fix_is_the_same():
    hint = "Set it. With the fixes of these 3 mismatches together the model runs to its end."
    together = "With the fixes of these 3 mismatches together the model runs to its end."
    assert weighed(replace(MISMATCH, hint=hint), fc1__weight=(128, 9216)).hint.endswith(together)
    assert together not in weighed(replace(MISMATCH, hint=hint), fc1__weight=(128, 3136)).hint


@pytest.mark.parametrize(
    ("module", "argument", "key", "shape", "size"),
    [
        ("fc1", "out_features", "fc1.weight", (128, 64), 128),
        ("embed", "embedding_dim", "embed.weight", (1000, 64), 64),
        ("embed", "num_embeddings", "embed.weight", (1000, 64), 1000),
        ("conv", "in_channels", "conv.weight", (16, 3, 5, 5), 3),
        ("up", "in_channels", "up.weight", (16, 8, 2, 2), 16),
        ("up", "out_channels", "up.weight", (16, 8, 2, 2), 8),
        ("norm", "num_features", "norm.weight", (48,), 48),
        ("rnn", "input_size", "rnn.weight_ih_l0", (80, 24), 24),
        ("rnn", "hidden_size", "rnn.weight_hh_l0", (80, 20), 20),
        ("tall", "normalized_shape", "tall.weight", (32,), 32),
    ],
)
def test_that_each_argument_has_its_size_in_the_checkpoint(module, argument, key, shape, size):
    stored = StoredShapes(diff(**{key.replace(".", "__"): shape}), TREE).of(module, argument)
    assert (stored.key, stored.size) == (f"m.{key}", size)


@pytest.mark.parametrize(
    ("module", "argument"),
    [
        ("gone", "in_features"),
        ("", "in_features"),
        ("fc1", None),
        ("fc1", "bias"),
        ("grouped", "in_channels"),
        ("conv", "in_channels"),
        ("tall", "normalized_shape"),
    ],
)
def test_that_what_the_checkpoint_does_not_say_is_not_known(module, argument):
    stored = StoredShapes(diff(fc1__weight=(128, 64), grouped__weight=(4, 2, 3, 3), tall__weight=(4, 4)), TREE)
    assert stored.of(module, argument) is None


@pytest.mark.parametrize(
    ("status", "known"), [(RENAMED, True), (DTYPE, True), (SHAPE, True), (TRANSPOSED, False), (MISSING, False)]
)
def test_that_only_tensors_that_lie_as_the_model_wants_them_count(status, known):
    stored = StoredShapes(diff(status, fc1__weight=(128, 64)), TREE)
    assert (stored.of("fc1", "in_features") is not None) == known


def test_that_other_problems_and_those_without_a_checkpoint_stay_as_they_are():
    other = Problem("nan-origin", "NaN.", module="fc1", data={"argument": "in_features", "expected": "a", "got": "b"})
    assert weighed(other, fc1__weight=(1, 2)) is other
    assert with_evidence([MISMATCH], None, TREE) == (MISMATCH,)
    assert with_evidence([MISMATCH], diff(fc1__weight=(1, 2)), None) == (MISMATCH,)
    info = replace(MISMATCH, severity="info")
    assert weighed(info, fc1__weight=(128, 9216)) is info
    assert weighed() is MISMATCH
