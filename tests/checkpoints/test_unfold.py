"""The walk over what a pickle made: names, containers, limits."""

import tempfile
from pathlib import Path

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.children import children_of, has_tensors, module_state, pairs_of, parts_of
from torchloupe.checkpoints.inert import Global, Group, Mapping, PickledTensor, Record
from torchloupe.checkpoints.unfold import DEEPEST, MAX_VALUES, depth_of, unfold


def _tensor() -> PickledTensor:
    return PickledTensor(None, 0, (1,), None, False, "float32")


def _mapping(**entries: object) -> Mapping:
    made = Mapping()
    made.pairs = [part for entry in entries.items() for part in entry]
    return made


def _places(root: object, path: str = "") -> list[tuple[str, str]]:
    return [(placed.container, placed.key) for placed in unfold(root, path).tensors]


def _nested(levels: int) -> Mapping:
    made = _mapping(w=_tensor())
    for _ in range(levels):
        made = _mapping(x=made)
    return made


def test_that_tensors_belong_to_the_innermost_dict():
    assert _places(_mapping(a=_mapping(w=_tensor()), v=_tensor())) == [("a", "w"), ("", "v")]


def test_that_all_paths_begin_with_the_given_one():
    root = _mapping(a=_mapping(w=_tensor()), epoch=3)
    assert _places(root, "first") == [("first.a", "w")]
    assert [value.path for value in unfold(root, "first").values] == ["first.epoch"]


def test_that_an_optimizer_is_one_container():
    optimizer = _mapping(state=_mapping(n=_mapping(exp_avg=_tensor())), param_groups=[_mapping(lr=0.1, extra=_tensor())])
    assert _places(_mapping(opt=optimizer)) == [("opt", "state.n.exp_avg"), ("opt", "param_groups.0.extra")]


def test_that_lists_are_containers_unless_their_dict_has_tensors():
    assert _places(_mapping(parts=[_tensor(), [_tensor()]])) == [("parts", "0"), ("parts.1", "0")]
    assert _places(_mapping(w=_tensor(), parts=[_tensor(), (_tensor(),)])) == [("", "w"), ("", "parts.0"), ("", "parts.1.0")]


def test_that_attributes_items_and_arguments_of_objects_are_walked():
    record = Record(Global("my", "Thing"), (_tensor(), [_tensor()], 5))
    record.state = _mapping(w=_tensor())
    record.items = [_tensor()]
    record.pairs = ["k", _tensor()]
    assert [key for _, key in _places(_mapping(thing=record))] == ["w", "k", "0", "args.0", "0"]
    (value,) = unfold(_mapping(thing=record)).values
    assert (value.path, value.type) == ("thing", "my.Thing")


def test_that_slots_of_objects_are_walked_too():
    record = Record(Global("my", "Thing"), ())
    record.state = (None, _mapping(w=_tensor()))
    assert _places(record) == [("", "w")]


def test_that_a_set_with_tensors_is_walked():
    assert _places(_mapping(kept=Group("set", [_tensor()]))) == [("kept", "0")]


def test_that_the_last_of_equal_keys_counts():
    made = Mapping()
    made.pairs = ["a", 1, "b", 2, "a", 3, 5, 4, 5, 6]
    assert list(pairs_of(made)) == [("a", 3), ("b", 2), ("5", 6)]


def test_that_pairs_given_to_the_constructor_come_first():
    made = Mapping("OrderedDict", [("a", 1), ["b", 2], "nonsense", (1, 2, 3)])
    made.pairs = ["c", 3]
    assert list(pairs_of(made)) == [("a", 1), ("b", 2), ("c", 3)]
    assert list(pairs_of(Mapping("Counter", _mapping(a=1)))) == [("a", 1)]


def test_that_only_real_modules_are_modules():
    state = _mapping(training=True, _parameters=Mapping(), _buffers=Mapping(), _modules=Mapping())
    module = Record(Global("my", "Net"), ())
    assert module_state(module) is None
    module.state = _mapping(_parameters=Mapping())
    assert module_state(module) is None
    module.state = state
    assert module_state(module) is state
    assert unfold(module).modules == {"": "my.Net"}


def test_that_a_module_with_nonsense_in_its_parts_is_survived():
    module = Record(Global("my", "Net"), ())
    module.state = _mapping(_parameters=5, _buffers=[_tensor()], _modules=_mapping(a=None, b=3), _non_persistent_buffers_set="x")
    found = unfold(module)
    assert (found.tensors, [value.path for value in found.values]) == ([], ["", "b"])


def test_that_the_nesting_is_shown_to_its_limit_and_counted_beyond():
    assert len(_places(_nested(DEEPEST - 1))) == 1
    found = unfold(_nested(DEEPEST + 50))
    assert found.tensors == []
    assert found.remarks == [f"It is nested {DEEPEST + 52:,} levels deep; {DEEPEST} are shown."]
    assert depth_of(_nested(5)) == 7


def test_that_shared_parts_are_walked_again_only_so_often():
    shared = _mapping(w=_tensor())
    assert len(_places([shared] * 1000)) == 1000
    found = unfold([_mapping(**{f"k{index}": index for index in range(300)}), *[[_nested(20)] * 3] * 40_000])
    assert any("shared many times over" in remark for remark in found.remarks)


def test_that_the_values_that_are_kept_are_in_the_order_of_the_file():
    root = _mapping(deep=_mapping(**{f"k{index}": index for index in range(MAX_VALUES)}), first=1, second=2)
    found = unfold(root)
    assert len(found.values) == MAX_VALUES
    assert [value.path for value in found.values][-2:] == ["first", "second"]
    assert found.values[0].path == "deep.k0"
    assert found.remarks == [f"2 values deep inside it are not listed; {MAX_VALUES:,} are."]


def test_that_parts_are_what_is_walked():
    assert parts_of(5) == []
    assert parts_of([]) == []
    assert parts_of([1]) == [[1]]
    assert list(children_of("text")) == []
    assert has_tensors([("a", _tensor())])
    assert not has_tensors([("a", [_tensor()])])


_KEYS = st.text("abc", min_size=1, max_size=3)
_TREES = st.recursive(
    st.builds(torch.zeros, st.integers(0, 3)) | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


def _expected(tree: object, container: str = "") -> list[tuple[str, str, tuple[int, ...]]]:
    found = []
    for key, value in tree.items():
        if isinstance(value, torch.Tensor):
            found.append((container, key, tuple(value.shape)))
        elif isinstance(value, dict):
            found.extend(_expected(value, f"{container}.{key}" if container else key))
    return found


@settings(max_examples=60, deadline=None)
@given(tree=st.dictionaries(_KEYS, _TREES, max_size=4))
def test_that_any_tree_of_dicts_that_torch_saves_has_its_tensors_in_their_places(tree):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tree.pt"
        torch.save(tree, path)
        contents = read_contents(path)
    assert [(row.container, row.key, row.shape) for row in contents.tensors] == _expected(tree)
    assert not [problem for problem in contents.problems if problem.severity == "warning"]
