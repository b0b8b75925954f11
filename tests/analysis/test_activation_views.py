"""Which view fits what flowed, and what is said before, beside and in place of its values."""

from dataclasses import replace
from typing import Optional

import pytest

from torchloupe.analysis.activation_views import (
    ATTENTION,
    IMAGE,
    LINE,
    MAPS,
    TABLE,
    TOKENS,
    activation_name,
    best_view,
    channel_dimension,
    difference_facts,
    doubts,
    is_attention,
    map_dimension,
    no_values_reason,
    not_called_again,
    question_before,
    shown_effects,
    tensor_name,
)
from torchloupe.wire.activations import INPUT, Activation, MeasuredActivation
from torchloupe.wire.requests import RunForward
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import ForwardReport, LayerCall
from torchloupe.wire.values import TensorDifference

RUN = RunForward(("float32[2,3]",))


def stats(count: int = 100, **facts: Optional[float]) -> TensorStats:
    known = {"mean": 0.5, "std": 1.0, "min": -2.0, "max": 3.0, "zeros": 0, "nan": 0, "inf": 0}
    return TensorStats(count, **{**known, **facts})  # type: ignore[arg-type]


def softmax_of(columns: int) -> TensorStats:
    """What the weights of an attention over so many keys look like in numbers."""
    return stats(mean=1 / columns, min=0.0, max=0.9)


def call(*outputs: TensorStats, **facts: object) -> LayerCall:
    return LayerCall(3, "fc", "Linear", 0, 1, (), (), outputs, **facts)  # type: ignore[arg-type]


def report(seconds: float = 0.1, effects: "tuple[str, ...]" = ()) -> ForwardReport:
    return ForwardReport((), "given", (), 1, seconds, "cpu", side_effects=effects)


@pytest.mark.parametrize(
    ("shape", "view"),
    [
        ((2, 64, 14, 14), MAPS),
        ((2, 64, 1, 14), MAPS),
        ((2, 56, 56, 96), MAPS),
        ((1, 16, 4, 8, 8), MAPS),
        ((2, 64, 1, 1), TABLE),
        ((1, 64, 1, 1), LINE),
        ((2, 24, 192), TOKENS),
        ((2, 10), TOKENS),
        ((1, 10), LINE),
        ((10,), LINE),
        ((1, 1, 300), LINE),
        ((), TABLE),
        ((1,), TABLE),
        ((1, 1), TABLE),
        ((0, 4), TABLE),
        ((3, -1, 4), TABLE),
        ((2, 2, 2, 2, 2, 2), TABLE),
    ],
)
def test_that_the_shape_alone_most_often_says_which_view_fits(shape: "tuple[int, ...]", view: str) -> None:
    assert best_view(shape) == view


def test_that_rows_that_sum_to_one_are_an_attention() -> None:
    assert best_view((2, 12, 24, 24), softmax_of(24)) == ATTENTION
    assert best_view((12, 24, 48), softmax_of(48)) == ATTENTION
    assert best_view((2, 12, 24, 24), stats()) == MAPS
    assert best_view((24, 24), softmax_of(24)) == TOKENS


@pytest.mark.parametrize(
    "facts", [{"min": -0.1}, {"max": 1.5}, {"mean": 0.05}, {"nan": 1}, {"inf": 1}, {"mean": None}, {"min": None}, {"max": None}]
)
def test_that_other_numbers_are_no_attention(facts: "dict[str, Optional[float]]") -> None:
    numbers = {"mean": 1 / 24, "min": 0.0, "max": 0.9, **facts}
    assert not is_attention((2, 12, 24, 24), stats(**numbers))
    assert not is_attention((2, 12, 24, 24), None)


def test_that_a_softmax_over_one_key_is_no_attention() -> None:
    assert not is_attention((2, 12, 24, 1), stats(mean=1.0, min=1.0, max=1.0))


@pytest.mark.parametrize(("channels", "view"), [(3, IMAGE), (1, IMAGE), (4, MAPS)])
def test_that_what_a_model_is_given_is_a_picture_when_it_has_the_channels_of_one(channels: int, view: str) -> None:
    assert best_view((2, channels, 32, 32), is_model_input=True) == view
    assert best_view((2, channels, 32, 32)) == MAPS


@pytest.mark.parametrize(
    ("shape", "view", "dimension"),
    [
        ((2, 64, 14, 14), MAPS, 1),
        ((2, 64, 64, 64), MAPS, 1),
        ((2, 14, 14, 64), MAPS, 3),
        ((2, 14, 14, 64), ATTENTION, 1),
        ((12, 24, 24), ATTENTION, 0),
        ((2, 3, 32, 32), IMAGE, 0),
        ((1, 16, 4, 8, 8), MAPS, 1),
    ],
)
def test_that_maps_are_channels_heads_or_samples(shape: "tuple[int, ...]", view: str, dimension: int) -> None:
    assert map_dimension(shape, view) == dimension


@pytest.mark.parametrize(
    ("shape", "dimension"),
    [((2, 64, 14, 14), 1), ((2, 14, 14, 64), 3), ((2, 24, 192), 2), ((2, 10), 1), ((10,), None), ((), None), ((0, 4), None)],
)
def test_that_channels_are_told_where_there_are_some(shape: "tuple[int, ...]", dimension: Optional[int]) -> None:
    assert channel_dimension(shape) == dimension


def test_that_the_names_of_the_axes_say_more_than_the_shape() -> None:
    scores = ("batch", "heads", "queries", "keys")
    assert best_view((2, 12, 24, 24), stats(), axes=scores) == ATTENTION
    last = ("batch", "height", "width", "channels")
    assert map_dimension((2, 14, 12, 64), MAPS, last) == 3
    assert map_dimension((2, 14, 14, 64), MAPS, ("batch", "channels", "height", "width")) == 1
    assert channel_dimension((2, 14, 12, 64), last) == 3
    assert channel_dimension((2, 12, 24, 24), scores) == 1
    assert channel_dimension((24, 2, 192), ("tokens", "batch", "features")) == 2
    assert channel_dimension((24, 192), ("", "")) == 1


def test_that_an_activation_has_a_name_for_sentences() -> None:
    assert activation_name(Activation(RUN, "fc")) == "fc, output"
    assert activation_name(Activation(RUN, "", 1, INPUT, 2)) == "(model), call 2, input 2"


def test_that_a_tensor_is_named_or_numbered_where_it_is_not_alone() -> None:
    plain, named = TensorMeta((1,), "float32"), TensorMeta((1,), "float32", name=".logits")
    assert tensor_name(named, "output", 0, 1) == "output .logits"
    assert tensor_name(plain, "output", 0, 1) == "output"
    assert tensor_name(replace(plain, name="input"), "input", 0, 2) == "input"
    assert tensor_name(plain, "output", 1, 2) == "output 1"


def test_that_it_is_said_why_there_are_no_values() -> None:
    plain = TensorMeta((2,), "float32")
    assert no_values_reason(plain, call(), shapes_only=False) == ""
    assert no_values_reason(plain, call(), shapes_only=True).startswith("The run was one of shapes alone")
    assert no_values_reason(replace(plain, device="meta"), call(), shapes_only=False).startswith(
        "The run was one of shapes alone"
    )
    assert "rows differ in length" in no_values_reason(TensorMeta((2, -1), "float32"), call(), shapes_only=False)


def test_that_a_quick_pass_without_effects_is_repeated_without_a_question() -> None:
    assert question_before(report(), running=False) == ""


def test_that_a_person_is_asked_before_a_long_pass() -> None:
    assert question_before(report(12.0), running=False).endswith("the whole of it took 12 s.")


def test_that_a_person_is_asked_before_a_pass_that_was_not_finished_and_waits_for_one_that_is_not_over() -> None:
    assert question_before(None, running=False).startswith("The run was not finished.")
    assert question_before(None, running=True).startswith("The run is not over yet.")


def test_that_a_person_is_asked_before_effects_come_twice() -> None:
    said = question_before(report(effects=("wrote /tmp/a.txt",)), running=False)
    assert said == "The run had effects outside of the model: wrote /tmp/a.txt. Looking at values runs it once more."
    assert shown_effects(("a", "b", "c", "d")) == "a; b; and 2 more"


def measured(*outputs: Optional[TensorStats], is_kept: bool = True) -> MeasuredActivation:
    return MeasuredActivation((5,), "float32", 20_000_000_000, is_kept, call_stats=outputs)


def test_that_the_same_numbers_raise_no_doubts() -> None:
    assert doubts(call(stats()), measured(stats())) == ()
    assert doubts(call(stats(mean=0.5)), measured(stats(mean=0.500001))) == ()
    assert doubts(call(), measured(stats())) == ()
    assert doubts(call(stats()), measured()) == ()
    assert doubts(call(stats()), measured(None)) == ()


@pytest.mark.parametrize("facts", [{"mean": 0.7}, {"max": 4.0}, {"nan": 1}, {"inf": 2}, {"std": None}, {"min": -2.5}])
def test_that_other_numbers_are_said_to_be_of_another_pass(facts: "dict[str, Optional[float]]") -> None:
    (said,) = doubts(call(stats()), measured(stats(**facts)))
    assert said.startswith("These values are not those of the run, but of another pass.")


def test_that_another_number_of_values_is_another_pass() -> None:
    assert doubts(call(stats(100)), measured(stats(99)))


def test_that_what_is_too_large_to_keep_says_so() -> None:
    (said,) = doubts(call(stats()), measured(stats(), is_kept=False))
    assert said == "It takes 20 GB and is not kept: each part that is looked at is another pass."


def test_that_a_difference_is_told_in_numbers() -> None:
    difference = TensorDifference(100, 20, 0, 0, 0.5, 2.0, 10.0, 9.0)
    facts = dict(difference_facts(difference))
    assert facts["Largest |B - A|"] == "0.5"
    assert facts["RMS of B - A"] == "0.2"
    assert facts["|B - A| / |A|"] == "0.2"
    assert facts["Changed"] == "20 of 100"
    assert facts["Cosine of A and B"].startswith("0.98")


def test_that_a_difference_from_nothing_has_no_ratio() -> None:
    facts = dict(difference_facts(TensorDifference(4, 4, 4, 0, None, 1.0, 0.0, 1.0)))
    assert facts["|B - A| / |A|"] == "A is zero"
    assert facts["Largest |B - A|"] == facts["RMS of B - A"] == facts["Cosine of A and B"]
    assert facts["NaN in one of them"] == "4"


@pytest.mark.parametrize(("number", "ordinal"), [(0, "first"), (1, "second"), (3, "4th")])
def test_that_a_call_that_does_not_come_again_is_a_sentence(number: int, ordinal: str) -> None:
    said = not_called_again(Activation(RUN, "fc", number), number)
    assert said.startswith(f"`fc` was not called a {ordinal} time when the pass was repeated")
