"""What is said about a mapping that was solved: ties, causes, rows, the code that repeats it, pairs that are given."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analysis import key_families as families
from torchloupe.analysis.diff_problems import diff_problems
from torchloupe.analysis.diff_rows import FUSED, HOMELESS, RESHAPED, SPLIT, DiffRow
from torchloupe.analysis.loading import SURE
from torchloupe.analysis.pair_wording import describe_pair, key_counts, pair_headline
from torchloupe.analysis.rename_code import rename_code
from torchloupe.analysis.state_dict_diff import Cause, KeyEntry, StateDictDiff, state_dict_diff
from torchloupe.analysis.wording import describe_difference
from torchloupe.wire.errors import UsageError
from torchloupe.wire.problems import ERROR

LLAMA = families.llama()
META, META_BEFORE = families.renamed(LLAMA, families.LLAMA_OF_META)


def diff_of(expected: families.Shapes, found: families.Shapes, locked: dict[str, str] | None = None) -> StateDictDiff:
    return state_dict_diff(families.entries(expected), families.entries(found), locked)


def cause_of(diff: StateDictDiff, kind: str) -> Cause:
    (cause,) = [cause for cause in diff.causes if cause.kind == kind]
    return cause


def tower(place: str, width: int = 8, layers: int = 3) -> families.Shapes:
    keys: families.Shapes = {}
    for number in range(layers):
        keys |= families.norm(f"{place}{number}.norm", width) | families.linear(f"{place}{number}.fc", width, 2 * width)
    return keys | families.linear(f"{place}out", width, 5)


# ties


def test_that_two_equal_towers_are_offered_as_a_choice() -> None:
    diff = diff_of(tower("left.") | tower("right."), tower("alpha.") | tower("omega."))
    assert {row.confidence for row in diff.rows} == {0.5}
    assert '"omega."' in diff.causes[0].hint


def test_that_equal_towers_inside_of_other_names_are_a_choice_too() -> None:
    found = {
        key.replace(".fc.", ".linear.").replace(".norm.", ".ln."): shape
        for key, shape in (tower("alpha.") | tower("omega.")).items()
    }
    diff = diff_of(tower("left.") | tower("right."), found)
    assert {row.confidence for row in diff.rows} == {0.5}
    cause = cause_of(diff, "tie")
    assert '"alpha" and "omega" of the checkpoint fit "left" and "right"' in cause.text
    assert cause.key_count == len(found)


def test_that_towers_whose_names_say_who_they_are_are_no_choice() -> None:
    found = tower("image_encoder.") | tower("text_encoder.")
    diff = diff_of(tower("text.") | tower("visual."), found)
    assert diff.mapping["image_encoder.0.fc.weight"] == "visual.0.fc.weight"
    assert all(row.confidence > 0.5 for row in diff.rows)
    assert "tie" not in [cause.kind for cause in diff.causes]


def test_that_pairs_of_a_choice_are_not_loaded() -> None:
    diff = diff_of(tower("left.") | tower("right."), tower("alpha.") | tower("omega."))
    assert all(row.confidence < SURE for row in diff.rows)


def test_that_one_of_many_layers_is_not_taken_for_a_single_one() -> None:
    found = {f"blocks.{number}.{key}": shape for number in range(5) for key, shape in tower("", layers=1).items()}
    assert all(row.confidence <= 0.5 for row in diff_of(tower("", layers=1), found).rows)
    renamed = {key.replace(".fc.", ".linear."): shape for key, shape in found.items()}
    assert all(row.confidence <= 0.5 for row in diff_of(tower("", layers=1), renamed).rows)


# bad input


def test_that_lists_with_nothing_in_common_get_no_mapping() -> None:
    found = {"tower.kernel": (5, 5), "tower.offset": (5,), "x.y.scale": (77,)}
    diff = diff_of(LLAMA, found)
    assert diff.mapping == {}
    assert [cause.kind for cause in diff.causes] == ["nothing"]


def test_that_a_handful_of_equal_shapes_in_another_model_is_no_mapping() -> None:
    other = {f"stage{n}.piece{n}.alpha": (n + 3, 9) for n in range(40)} | {"zz.weight": (64,), "yy.weight": (100, 64)}
    assert diff_of(LLAMA, other).mapping == {}


@pytest.mark.parametrize(("expected", "found"), [({}, META), (LLAMA, {}), ({}, {})])
def test_that_an_empty_side_is_no_trouble(expected: families.Shapes, found: families.Shapes) -> None:
    diff = diff_of(expected, found)
    assert diff.mapping == {}
    assert len(diff.rows) == len(expected) + len(found)


@pytest.mark.parametrize("shapes", [LLAMA, META, families.resnet(), families.whisper()])
def test_that_a_model_and_its_own_checkpoint_have_no_difference(shapes: families.Shapes) -> None:
    diff = diff_of(shapes, dict(reversed(shapes.items())))
    assert diff.counts["matched"] == len(shapes)
    assert diff.causes == ()


def test_that_a_new_key_and_an_old_key_are_not_taken_for_each_other_by_their_shape_alone() -> None:
    diff = diff_of(LLAMA | {"extra.bias": (64,)}, LLAMA | {"queue.position": (64,)})
    assert "queue.position" not in diff.mapping
    assert diff.counts["missing"] == diff.counts["unexpected"] == 1


NAMES = ["conv", "fc", "norm", "layers", "attn", "qkv", "q", "k", "v", "0", "1", "2", "embed"]


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), st.sampled_from([(4,), (4, 4), (12, 4)])), max_size=14
    )
)
def test_that_whatever_the_sides_are_no_key_is_lost_and_no_home_is_given_twice(
    drawn: list[tuple[list[str], tuple[int, ...]]],
) -> None:
    shapes = {".".join([*path, "weight"]): shape for path, shape in drawn}
    expected, found = dict(list(shapes.items())[::2]), dict(list(shapes.items())[1::2])
    diff = diff_of(expected, found)
    assert {row.expected.key for row in diff.rows if row.expected} == set(expected)
    assert {row.found.key for row in diff.rows if row.found} == set(found)
    assert len(set(diff.mapping.values())) == len(diff.mapping)
    assert sum(diff.counts.values()) == len(diff.rows)
    assert diff_problems(diff) is not None


# causes


def test_that_other_names_are_told_as_rules() -> None:
    diff = diff_of(LLAMA, META)
    (cause,) = diff.causes
    assert cause.kind == "renamed"
    assert cause.text.startswith(f"{len(LLAMA)} keys of the checkpoint are called otherwise in the model: ")
    told = {(rule["checkpoint"], rule["model"]): rule["keys"] for rule in cause.data["rules"]}
    assert told["layers.#.attention.wq", "model.layers.#.self_attn.q_proj"] == 4
    assert len(told) == 12
    (problem,) = diff_problems(diff)
    assert (problem.code, problem.severity) == ("checkpoint-renamed", ERROR)


def test_that_gamma_and_beta_are_one_cause() -> None:
    bert = families.bert()
    diff = diff_of(bert, families.renamed(bert, families.BERT_OF_OLD)[0])
    (cause,) = diff.causes
    assert "weight is called gamma (7 keys) and bias is called beta (7 keys)" in cause.text
    assert cause.data["names"] == [["gamma", "weight"], ["beta", "bias"]]


def test_that_a_part_that_moved_to_the_next_layer_is_not_told_as_counting_from_one() -> None:
    def stages(late: int) -> families.Shapes:
        keys: families.Shapes = {}
        for number in range(3):
            keys |= families.linear(f"layers.{number}.block.fc", 8 << number, 8 << number)
            keys |= families.linear(f"layers.{number + late}.down.fc", 8 << number, 16 << number)
        return keys

    cause = cause_of(diff_of(stages(1), stages(0)), "shifted")
    assert cause.key_count == 6
    assert "layers.0.down.fc.weight is layers.1.down.fc.weight in the model, and so on" in cause.text
    assert "counts" not in cause.text


def test_that_optimizer_state_in_the_file_is_named() -> None:
    state = {f"optimizer.state.{number}.exp_avg": (3,) for number in range(14)}
    cause = cause_of(diff_of(LLAMA, LLAMA | state), "optimizer")
    assert cause.text == "14 keys of the checkpoint, such as optimizer.state.0.exp_avg, are optimizer state."


def split_attention(parts: tuple[str, ...]) -> families.Shapes:
    keys: families.Shapes = {}
    for number in range(3):
        sizes = {"qkv": 24}
        for part in parts:
            keys |= families.linear(f"{number}.{part}", 8, sizes.get(part, 8))
        keys |= families.norm(f"{number}.norm", 8) | families.linear(f"{number}.up", 8, 40)
    return keys


def test_that_a_tensor_that_is_several_in_the_model_has_a_row_for_each_of_them() -> None:
    diff = diff_of(split_attention(("q", "k", "v", "proj")), split_attention(("qkv", "proj")))
    assert diff.counts[SPLIT] == 18
    assert not any("qkv" in key for key in diff.mapping)
    rows = [row for row in diff.rows if row.found and row.found.key == "1.qkv.weight"]
    assert [row.expected.key for row in rows if row.expected] == ["1.q.weight", "1.k.weight", "1.v.weight"]
    assert [row.how for row in rows] == [f"{start} to {start + 7} of dimension 0 of 1.qkv.weight" for start in (0, 8, 16)]
    assert "torch.split" in cause_of(diff, "split").hint
    assert key_counts(diff) == (36, 24)
    assert pair_headline(diff, ("a", "b")).startswith("a has 36 keys, b has 24")


def test_that_several_tensors_that_are_one_in_the_model_are_told_as_joined() -> None:
    diff = diff_of(split_attention(("qkv", "proj")), split_attention(("q", "k", "v", "proj")))
    assert diff.counts[FUSED] == 18
    assert diff.counts["missing"] == diff.counts["unexpected"] == 0
    assert "torch.cat" in cause_of(diff, "fused").hint
    row = next(row for row in diff.rows if row.status == FUSED)
    assert describe_difference(row).startswith("fused: checkpoint [8, 8], model [24, 8]")
    assert describe_pair(row, ("a", "b")).startswith("joined with others")
    assert set(HOMELESS).isdisjoint(row.status for row in diff.rows if row.found and row.found.key in diff.mapping)


def test_that_a_token_with_more_dimensions_is_the_same_numbers() -> None:
    vit = families.vision_transformer()
    found, before = families.renamed(vit, families.VIT_OF_OPENAI)
    found |= {"visual.class_embedding": (48,), "visual.positional_embedding": (17, 48)}
    diff = diff_of(vit, found)
    assert diff.counts[RESHAPED] == 2
    assert diff.mapping == before
    assert "number of dimensions differs" in cause_of(diff, "reshaped").hint
    row = next(row for row in diff.rows if row.status == RESHAPED)
    assert describe_pair(row, ("a", "b")).startswith("the same numbers in another shape")


# code


def run(code: str, found: families.Shapes) -> dict[str, torch.Tensor]:
    held = {"state": {key: torch.zeros(shape) for key, shape in found.items()}}
    exec(code, held)  # type: ignore[arg-type]  # exec wants a dict of objects
    return held["state"]


CONVERTED = {
    "other names": (LLAMA, META),
    "the other way": (META, LLAMA),
    "resnet": (families.resnet(), families.resnet_of_transformers(families.resnet())[0]),
    "cut": (split_attention(("q", "k", "v", "proj")), split_attention(("qkv", "proj"))),
    "joined": (split_attention(("qkv", "proj")), split_attention(("q", "k", "v", "proj"))),
    "nothing to do": (LLAMA, LLAMA),
    "counted from 1": (
        {f"h.{n}.fc.weight": (4, 4) for n in range(5)},
        {f"layers.{n + 1}.fc.weight": (4, 4) for n in range(5)},
    ),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_that_the_code_makes_the_checkpoint_fit(name: str) -> None:
    expected, found = CONVERTED[name]
    state = run(rename_code(diff_of(expected, found)), found)
    assert {key: tuple(value.shape) for key, value in state.items()} == expected


def test_that_turned_and_reshaped_tensors_are_put_right_by_the_code() -> None:
    expected = {
        "head.weight": (5, 8),
        "head.bias": (5,),
        "stem.conv.weight": (6, 3, 7, 7),
        "token": (1, 1, 8),
        "norm.weight": (8,),
    }
    found = {"head/kernel": (8, 5), "head/bias": (5,), "stem/conv/kernel": (7, 7, 3, 6), "token": (8,), "norm/gamma": (8,)}
    state = run(rename_code(diff_of(expected, found)), found)
    assert {key: tuple(value.shape) for key, value in state.items()} == expected


def test_that_repeated_names_are_rules_and_no_list_of_keys() -> None:
    code = rename_code(diff_of(LLAMA, META))
    assert r'(r"layers\.(\d+)\.attention\.wq\.weight", r"model.layers.\1.self_attn.q_proj.weight"),' in code
    assert code.count("\n") < 45
    shifted = rename_code(diff_of(*CONVERTED["counted from 1"]))
    assert 'lambda m: f"h.{int(m[1]) - 1}.fc.weight"' in shifted


# given pairs


def test_that_a_given_pair_is_kept_and_the_rest_is_solved_around_it() -> None:
    expected, found = tower("left.") | tower("right."), tower("alpha.") | tower("omega.")
    given = {f"omega.{key}": f"left.{key}" for key in tower("")}
    diff = diff_of(expected, found, given)
    assert diff.mapping == given | {f"alpha.{key}": f"right.{key}" for key in tower("")}
    told = [(row.how, row.confidence) for row in diff.rows if row.expected and row.expected.key.startswith("left.")]
    assert set(told) == {("given", 1.0)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"nope.weight": "output.weight"}, "the checkpoint does not have: nope.weight"),
        ({"output.weight": "nope.weight"}, "the model does not have: nope.weight"),
        ({"output.weight": "lm_head.weight", "norm.weight": "lm_head.weight"}, "to more than one key"),
        ({f"x{n}": "lm_head.weight" for n in range(9)}, "and 6 more"),
    ],
)
def test_that_a_mapping_that_cannot_be_is_refused_with_a_sentence(given: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        diff_of(LLAMA, META, given)


def test_that_a_given_pair_of_other_shapes_is_told_as_such() -> None:
    diff = state_dict_diff([KeyEntry("a", (2,), "float32")], [KeyEntry("b", (3,), "float32")], {"b": "a"})
    assert [row.status for row in diff.rows] == ["shape"]
    assert diff.mapping == {}


def test_that_numbers_with_zeros_before_them_lose_them_in_the_code() -> None:
    found = {f"block_{number:03}/layer_000/q": (4, 4) for number in range(3)}
    expected = {f"block.{number}.layer.0.q.weight": (4, 4) for number in range(3)}
    diff = diff_of(expected, found)
    held = {"state": {key: torch.zeros(shape) for key, shape in found.items()}}
    exec(rename_code(diff), held)  # type: ignore[arg-type]  # exec wants a dict of objects
    assert list(held["state"]) == list(expected)


def test_that_a_convolution_goes_to_keras_and_back() -> None:
    torch_shapes = {"stem.weight": (16, 3, 5, 5), "stem.bias": (16,), "head.weight": (7, 16), "head.bias": (7,)}
    keras = {"stem.kernel": (5, 5, 3, 16), "stem.bias": (16,), "head.kernel": (16, 7), "head.bias": (7,)}
    for expected, found in ((torch_shapes, keras), (keras, torch_shapes)):
        diff = diff_of(expected, found)
        held = {"state": {key: torch.zeros(shape) for key, shape in found.items()}}
        exec(rename_code(diff), held)  # type: ignore[arg-type]  # exec wants a dict of objects
        assert {key: tuple(value.shape) for key, value in held["state"].items()} == expected


def test_that_code_leaves_out_what_nobody_knows_how_to_arrange() -> None:
    expected, found = KeyEntry("x.weight", (2, 3, 4, 5), "float32"), KeyEntry("y.weight", (3, 2, 5, 4), "float32")
    rows = (DiffRow(RESHAPED, expected, found, "", 0.9),)
    code = rename_code(StateDictDiff(rows, {"y.weight": "x.weight"}, {}, ()))
    held: dict[str, object] = {"state": {"y.weight": torch.zeros(3, 2, 5, 4)}}
    exec(code, held)
    assert held["state"] == {}
