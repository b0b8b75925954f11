"""The search for constructor arguments, with models that are only functions from arguments to shapes."""

from typing import Any, Dict, Optional, Tuple

import pytest

from torchloupe.analysis.argument_solving import solve_arguments
from torchloupe.analysis.argument_tries import MOST_BUILDS
from torchloupe.wire.arguments import ArgumentField

Shapes = Dict[str, Tuple[int, ...]]


def number(name: str, default: Optional[int] = None, **more: Any) -> ArgumentField:
    return ArgumentField(name, "int", has_default=default is not None, default=default, **more)


def flag(name: str, default: bool) -> ArgumentField:
    return ArgumentField(name, "bool", has_default=True, default=default)


def mlp(width: int, depth: int, classes: int = 10, bias: bool = True) -> Shapes:
    shapes: Shapes = {}
    for layer in range(depth):
        shapes[f"layers.{layer}.weight"] = (width, width)
        if bias:
            shapes[f"layers.{layer}.bias"] = (width,)
    return {**shapes, "head.weight": (classes, width)}


MLP = (number("width"), number("depth"), number("classes", 10), flag("bias", True))


def solved(fields: Any, wanted: Shapes, build: Any, stored: Any = None, given: Any = None) -> Any:
    def guarded(arguments: Dict[str, Any]) -> Optional[Shapes]:
        try:
            return build(**arguments)
        except (ValueError, TypeError, IndexError, ZeroDivisionError):
            return None

    return solve_arguments(fields, wanted, stored or {}, given or {}, guarded)


def test_that_width_depth_classes_and_a_flag_are_found_together() -> None:
    found = solved(MLP, mlp(96, 7, 3, bias=False), mlp)
    assert found.cost == 0
    assert found.arguments == {"width": 96, "depth": 7, "classes": 3, "bias": False}
    assert found.builds < 60


def test_that_defaults_that_fit_are_kept_and_said() -> None:
    found = solved((*MLP, number("unused", 5)), mlp(8, 2), lambda unused, **rest: mlp(**rest))
    values = {value.name: value for value in found.values}
    assert values["unused"].source == "default"
    assert values["classes"].source == "shapes", "another number of classes would show"


def test_that_a_product_of_two_arguments_is_taken_apart_where_one_of_them_is_seen_alone() -> None:
    def build(heads: int, width: int) -> Shapes:
        return {"q": (heads * width, 3), "scale": (heads,)}

    found = solved((number("heads"), number("width")), build(6, 40), build)
    assert found.arguments == {"heads": 6, "width": 40}


def test_that_a_width_that_must_be_a_multiple_of_the_heads_is_found() -> None:
    def build(dim: int, heads: int = 8) -> Shapes:
        if dim % heads:
            raise ValueError("no multiple")
        return {"proj": (dim, dim)}

    found = solved((number("dim"), number("heads", 8)), build(30, 5), build)
    assert found.cost == 0
    assert found.arguments["dim"] == 30
    assert 30 % found.arguments["heads"] == 0


def test_that_patches_and_image_size_that_must_divide_are_found_together() -> None:
    def build(image: int = 224, patch: int = 16) -> Shapes:
        if image % patch:
            raise ValueError("no multiple")
        return {"patch": (8, 3, patch, patch), "positions": ((image // patch) ** 2 + 1, 8)}

    found = solved((number("image", 224), number("patch", 16)), build(40, 5), build)
    assert found.arguments == {"image": 40, "patch": 5}


def test_that_a_depth_of_which_only_some_values_exist_is_found() -> None:
    def build(depth: int = 20) -> Shapes:
        if (depth - 2) % 6:
            raise ValueError("6n + 2")
        return {f"blocks.{number}": (4,) for number in range((depth - 2) // 6)}

    assert solved((number("depth", 20),), build(44), build).arguments == {"depth": 44}


def test_that_a_list_gets_its_length_and_its_numbers() -> None:
    def build(sizes: Any) -> Shapes:
        return {f"fc.{place}": pair for place, pair in enumerate(zip(sizes[1:], sizes))}

    field = ArgumentField("sizes", "list")
    found = solved((field,), build([5, 20, 30, 7]), build)
    assert found.arguments == {"sizes": [5, 20, 30, 7]}


def test_that_lists_that_must_be_of_one_length_grow_together() -> None:
    def build(depths: Any, dims: Any) -> Shapes:
        if len(depths) != len(dims):
            raise ValueError("lengths")
        return {f"stage{s}.{b}": (dim,) for s, (depth, dim) in enumerate(zip(depths, dims)) for b in range(depth)}

    fields = [ArgumentField(name, "list", has_default=True, default=[2, 2]) for name in ("depths", "dims")]
    found = solved(fields, build([1, 3, 2], [9, 17, 33]), build)
    assert found.arguments == {"depths": [1, 3, 2], "dims": [9, 17, 33]}


def test_that_a_ratio_is_said_plainly() -> None:
    def build(dim: int, ratio: float = 4.0) -> Shapes:
        return {"fc": (int(dim * ratio), dim)}

    fields = (number("dim"), ArgumentField("ratio", "float", has_default=True, default=4.0))
    assert solved(fields, build(96, 2.5), build).arguments == {"dim": 96, "ratio": 2.5}


def test_that_a_choice_is_found_that_changes_the_keys() -> None:
    def build(kind: str) -> Shapes:
        return {"norm.weight": (4,)} if kind == "layer" else {"norm.weight": (4,), "norm.running_mean": (4,)}

    field = ArgumentField("kind", "choice", choices=("layer", "batch"))
    assert solved((field,), build("batch"), build).arguments == {"kind": "batch"}


def test_that_fields_of_a_configuration_are_solved_under_their_names() -> None:
    field = ArgumentField("config", "config", fields=MLP)
    found = solved((field,), mlp(24, 3), lambda config: mlp(**config))
    assert found.arguments == {"config": {"width": 24, "depth": 3, "classes": 10, "bias": True}}
    assert {value.name for value in found.values} == {"config.width", "config.depth", "config.classes", "config.bias"}


def test_that_an_argument_that_is_none_by_default_gets_a_value_when_shapes_ask_for_it() -> None:
    def build(dim: int, inner: Optional[int] = None) -> Shapes:
        return {"fc": (dim, inner or 4 * dim)}

    fields = (number("dim"), ArgumentField("inner", "int", has_default=True, optional=True))
    assert solved(fields, build(10, 33), build).arguments == {"dim": 10, "inner": 33}
    assert solved(fields, build(10), build).arguments == {"dim": 10, "inner": None}


def test_that_stored_values_begin_the_search_and_are_named_as_their_source() -> None:
    found = solved(MLP, mlp(96, 7), mlp, stored={"hyper_parameters": {"width": 96, "depth": 7}})
    assert found.builds < 12
    assert {value.source for value in found.values if value.name in ("width", "depth")} == {"stored"}


def test_that_stored_values_of_a_wrong_kind_are_left() -> None:
    found = solved(MLP, mlp(12, 2), mlp, stored={"width": "wide", "depth": True, "bias": 3})
    assert found.cost == 0


def test_that_given_arguments_are_never_changed() -> None:
    found = solved(MLP, mlp(96, 7), mlp, given={"depth": 5})
    assert found.arguments["depth"] == 5
    assert found.cost > 0
    assert found.matched == len(mlp(96, 5))


def test_that_nothing_is_found_where_nothing_can_be_built() -> None:
    def build(**_arguments: Any) -> Shapes:
        raise ValueError("never")

    assert solved(MLP, mlp(4, 1), build) is None


def test_that_a_search_ends_although_nothing_fits() -> None:
    def build(**arguments: int) -> Shapes:
        return {f"{name}.{value % 7}": (value % 13, 3) for name, value in arguments.items()}

    fields = tuple(number(f"n{place}", 9) for place in range(30))
    found = solved(fields, {"other": (1, 2, 3)}, build)
    assert found.builds <= MOST_BUILDS
    assert found.cost > 0


def test_that_stopping_in_the_middle_goes_through() -> None:
    def build(_arguments: Any) -> Shapes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve_arguments(MLP, mlp(4, 1), {}, {}, build)


def test_that_heads_that_no_shape_tells_are_a_guess_of_the_usual_width() -> None:
    def build(dim: int, n_heads: int) -> Shapes:
        if dim % n_heads:
            raise ValueError("no multiple")
        return {"qkv": (3 * dim, dim)}

    found = solved((number("dim"), number("n_heads")), build(768, 12), build)
    assert found.arguments == {"dim": 768, "n_heads": 12}
    assert {value.name: value.source for value in found.values}["n_heads"] == "guess"
