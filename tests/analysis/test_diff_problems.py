"""The problems of a diff: codes, severity, repairs that were tried."""

import pytest

from torchloupe.analysis.diff_causes import is_lossy
from torchloupe.analysis.diff_problems import KEYS_SHOWN, SOLVE, two_checkpoint_problems, with_solution
from torchloupe.analysis.loading import is_strict
from torchloupe.analysis.state_dict_diff import KeyEntry, diff_problems, state_dict_diff
from torchloupe.wire.arguments import SolvedArgument, SolvedArguments
from torchloupe.wire.problems import Problem

MODEL = {"conv.weight": (8, 3), "conv.bias": (8,), "head.weight": (10, 8), "head.bias": (10,)}


def problems(
    expected: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]], dtype: str = "float32"
) -> tuple[Problem, ...]:
    wanted = [KeyEntry(key, shape, "float32") for key, shape in expected.items()]
    have = [KeyEntry(key, shape, dtype) for key, shape in found.items()]
    return diff_problems(state_dict_diff(wanted, have))


def with_prefix(prefix: str, shapes: dict[str, tuple[int, ...]] = MODEL) -> dict[str, tuple[int, ...]]:
    return {prefix + key: shape for key, shape in shapes.items()}


def repaired(problem: Problem, keys: list[str]) -> list[str]:
    """Run the line of Python that the problem offers."""
    (fix,) = problem.fixes
    return list(eval(fix.text, {"state": dict.fromkeys(keys)}))


@pytest.mark.parametrize(
    ("mine", "theirs"), [("module.", ""), ("", "module."), ("module._orig_mod.", ""), ("net.", "backbone.body.")]
)
def test_that_the_repair_of_a_prefix_is_python_that_makes_all_keys_fit(mine: str, theirs: str) -> None:
    expected, found = with_prefix(theirs), with_prefix(mine)
    (problem,) = problems(expected, found)
    assert (problem.code, problem.severity) == ("checkpoint-renamed", "error")
    assert problem.fixes[0].kind == "change_keys"
    assert problem.fixes[0].verified
    assert repaired(problem, list(found)) == list(expected)


def test_that_the_repair_of_a_wrapper_is_python_that_makes_all_keys_fit() -> None:
    expected = {f"layers.{i}.weight": (i + 1, 2) for i in range(4)} | {"x.weight": (3,)}
    found = {f"layers.{i}._orig_mod.weight": (i + 1, 2) for i in range(4)} | {"x.weight": (3,)}
    (problem,) = problems(expected, found)
    assert problem.fixes[0].verified
    assert repaired(problem, list(found)) == list(expected)


def test_that_the_repair_leaves_keys_alone_that_fit_already() -> None:
    expected = with_prefix("backbone.") | {"backbone.norm.weight": (4,)}
    found = MODEL | {"backbone.norm.weight": (4,)}
    (problem,) = problems(expected, found)
    assert problem.fixes[0].verified
    assert sorted(repaired(problem, list(found))) == sorted(expected)


def test_that_a_repair_that_would_make_two_keys_one_is_not_called_tried() -> None:
    found = with_prefix("module.") | {"conv.weight": (1, 1)}
    renamed = next(problem for problem in problems(MODEL, found) if problem.code == "checkpoint-renamed")
    assert not renamed.fixes[0].verified


def test_that_missing_keys_name_their_module_and_first_parameter() -> None:
    decoder = {f"decoder.{i}.weight": (2, 2) for i in range(50)}
    (problem,) = problems(MODEL | decoder, MODEL)
    assert (problem.code, problem.severity) == ("checkpoint-missing", "error")
    assert (problem.module, problem.parameter) == ("decoder", "decoder.0.weight")
    assert problem.data["key_count"] == 50
    assert len(problem.data["keys"]) == KEYS_SHOWN


def test_that_unexpected_keys_are_an_error_that_belongs_to_no_module_of_the_model() -> None:
    (problem,) = problems(MODEL, MODEL | {"aux.weight": (3, 3)})
    assert (problem.code, problem.severity, problem.module) == ("checkpoint-unexpected", "error", None)


def test_that_a_head_of_another_size_says_both_sizes_and_whose_they_are() -> None:
    (problem,) = problems(MODEL, MODEL | {"head.weight": (1000, 8), "head.bias": (1000,)})
    assert (problem.code, problem.module, problem.parameter) == ("checkpoint-shape", "head", "head.weight")
    assert "[1000, 8] in the checkpoint, [10, 8] in the model" in problem.message
    assert "1,000 where the model has 10" in problem.hint


def test_that_a_transposed_matrix_comes_with_the_line_that_turns_it() -> None:
    (problem,) = problems(MODEL, MODEL | {"head.weight": (8, 10)})
    assert problem.code == "checkpoint-shape"
    assert "v.t() if k in ('head.weight',)" in problem.fixes[0].text


def test_that_a_checkpoint_of_another_model_is_one_problem() -> None:
    (problem,) = problems(MODEL, {"tower.kernel": (5, 5), "tower.offset": (5,)})
    assert (problem.code, problem.severity) == ("checkpoint-nothing-loaded", "error")


@pytest.mark.parametrize(
    ("dtype", "severity"), [("float16", "info"), ("bfloat16", "info"), ("float64", "warning"), ("int64", "warning")]
)
def test_that_another_dtype_is_a_warning_only_when_digits_get_lost(dtype: str, severity: str) -> None:
    (problem,) = problems(MODEL, MODEL, dtype)
    assert (problem.code, problem.severity) == ("checkpoint-dtype", severity)


@pytest.mark.parametrize(
    ("found", "expected", "lossy"),
    [
        ("float32", "float64", False),
        ("float16", "bfloat16", True),
        ("bfloat16", "float16", True),
        ("int32", "int64", False),
        ("int64", "int32", True),
        ("uint8", "int8", True),
        ("uint8", "float16", False),
        ("float32", "int64", True),
        ("complex64", "float32", True),
        ("bool", "float32", False),
    ],
)
def test_that_conversions_are_told_apart_by_what_they_can_hold(found: str, expected: str, lossy: bool) -> None:
    assert is_lossy(found, expected) is lossy


def test_that_missing_batch_counters_do_no_harm() -> None:
    norm = {"bn.weight": (8,), "bn.bias": (8,), "bn.running_mean": (8,), "bn.running_var": (8,)}
    (problem,) = problems({**norm, "bn.num_batches_tracked": ()}, norm)
    assert (problem.code, problem.severity) == ("checkpoint-missing", "info")


def test_that_a_missing_key_does_no_harm_whose_tied_partner_is_there_as_safetensors_saves_it() -> None:
    wanted = [
        KeyEntry("embed.weight", (50, 4), "float32", ("head.weight",)),
        KeyEntry("head.weight", (50, 4), "float32", ("embed.weight",)),
    ]
    diff = state_dict_diff(wanted, [KeyEntry("embed.weight", (50, 4), "float32")])
    (problem,) = diff_problems(diff)
    assert (problem.code, problem.severity, problem.parameter) == ("checkpoint-missing", "info", "head.weight")
    assert "tied to embed.weight" in problem.message
    assert not is_strict(diff)  # which the comparison says all the same
    assert [each.severity for each in diff_problems(state_dict_diff(wanted, [KeyEntry("other", (3,), "float32")]))] == ["error"]


def test_that_every_problem_has_a_hint_and_the_facts_behind_it() -> None:
    found = with_prefix("module.", MODEL | {"head.weight": (99, 8), "extra.weight": (1,)})
    for problem in problems(MODEL | {"other.weight": (2,)}, found):
        assert problem.hint
        assert problem.data["key_count"] >= 1
        assert problem.message.endswith(".")


def transformer(width: int, layers: int = 12) -> dict[str, tuple[int, ...]]:
    """The keys of a small language model."""
    shapes: dict[str, tuple[int, ...]] = {"emb.weight": (1000, width)}
    for number in range(layers):
        shapes |= {
            f"blocks.{number}.norm.weight": (width,),
            f"blocks.{number}.qkv.weight": (3 * width, width),
            f"blocks.{number}.up.weight": (4 * width, width),
            f"blocks.{number}.up.bias": (4 * width,),
        }
    return shapes


def test_that_another_width_is_one_problem_however_many_keys_it_is_seen_in() -> None:
    (problem,) = problems(transformer(512), transformer(768))
    assert problem.message == (
        "emb.weight is [1000, 768] in the checkpoint, [1000, 512] in the model; 48 more keys differ in the same way, "
        "such as blocks.0.norm.weight and blocks.0.qkv.weight."
    )
    assert problem.hint.startswith("The checkpoint was made with 768 where the model has 512, and with multiples of that.")
    assert problem.data["key_count"] == 49


def test_that_another_width_and_other_classes_are_two_problems() -> None:
    expected, found = MODEL | {"big.weight": (100, 100)}, MODEL | {"head.weight": (7, 8), "big.weight": (90, 90)}
    assert [problem.parameter for problem in problems(expected, found)] == ["head.weight", "big.weight"]


def test_that_sizes_that_are_no_multiples_are_all_said() -> None:
    (problem,) = problems({"a.weight": (6, 4)}, {"a.weight": (9, 8)})
    assert "made with 9 where the model has 6 and 8 where the model has 4. " in problem.hint


def test_that_other_sizes_offer_to_work_the_arguments_out() -> None:
    (problem,) = problems(MODEL, MODEL | {"head.weight": (1000, 8), "head.bias": (1000,)})
    (fix,) = problem.fixes
    assert (fix.kind, fix.verified) == (SOLVE, False)
    assert "--solve" in fix.text


def test_that_no_arguments_are_worked_out_for_two_files() -> None:
    diff = state_dict_diff([KeyEntry("a", (1,), "float32")], [KeyEntry("a", (2,), "float32")])
    (problem,) = two_checkpoint_problems(diff, "one.pt", "two.pt")
    assert problem.fixes == ()


def solved(matched: int = 49, exact: bool = True, **arguments: object) -> SolvedArguments:
    values = tuple(SolvedArgument(name, value, "shapes") for name, value in arguments.items())
    return SolvedArguments("a.py:Net", {**arguments, "dropout": 0.1}, values, matched, 49, 0, exact, 8)


def test_that_arguments_that_fit_are_named_and_called_tried() -> None:
    (problem,) = problems(transformer(512), transformer(768))
    (fix,) = with_solution(problem, solved(width=768), 0).fixes
    assert fix.text == """Construct it with width=768 (--solve or --args '{"width": 768}')."""
    assert (fix.verified, fix.value) == (True, {"width": 768, "dropout": 0.1})
    assert fix.outcome == "keys and shapes are all the same"


def test_that_arguments_that_only_come_closer_are_not_called_tried() -> None:
    (problem,) = problems(transformer(512), transformer(768))
    (fix,) = with_solution(problem, solved(40, False, width=768), 0).fixes
    assert not fix.verified
    assert fix.outcome == "40 keys of 49 have the shape of the checkpoint"


def test_that_what_no_arguments_mend_is_not_offered() -> None:
    (problem,) = problems(transformer(512), transformer(768))
    assert with_solution(problem, solved(12, False), 12).fixes == ()
    assert with_solution(problem, None, 0).fixes == ()
    assert with_solution(problem, None, 0).message == problem.message


def test_that_many_arguments_are_told_without_their_values() -> None:
    (problem,) = problems(transformer(512), transformer(768))
    many = {f"a_long_argument_{number}": number for number in range(20)}
    (fix,) = with_solution(problem, solved(**many), 0).fixes
    assert fix.text.endswith("a_long_argument_19 (--solve).")
    assert fix.text.startswith("Construct it with other values of a_long_argument_0, ")


def test_that_repairs_of_keys_stay_whatever_was_worked_out() -> None:
    (problem,) = problems(with_prefix("net."), MODEL)
    assert with_solution(problem, None, 0) == problem
