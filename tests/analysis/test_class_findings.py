"""Misspelled methods, reserved names, flags on modules, forward called by name."""

import pytest

from torchloupe.analysis.registration.class_findings import (
    DirectCall,
    FlaggedModule,
    ReservedName,
    Wiped,
    WrittenMethod,
    direct_call_problems,
    flagged_problems,
    misspelled,
    misspelled_problems,
    no_parameters_problem,
    reserved_problems,
    wiped_problems,
)


def method(name, **facts):
    return WrittenMethod("Net", "part", name, "net.py", 7, **facts)


@pytest.mark.parametrize(
    "name", ["foward", "froward", "forwad", "forwrad", "Forwad", "FORWARD", "fowrard", "forwardd"[:-2] + "t"]
)
def test_that_what_is_nearly_forward_is_taken_for_it(name):
    assert misspelled(method(name, has_real_forward=False)) == "forward"
    assert misspelled(method(name)) is None


@pytest.mark.parametrize("name", ["_init__", "__init_", "_init_", "__int__", "__inti__", "__nit__", "__Init__"])
def test_that_what_is_nearly_init_is_taken_for_it(name):
    assert misspelled(method(name, has_real_init=False, calls_super_init=True)) == "__init__"
    assert misspelled(method(name, calls_super_init=True)) is None


@pytest.mark.parametrize("name", ["forward_image", "forwards", "_forward", "reward", "backward", "word", "__call__", "encode"])
def test_that_other_words_stand_for_themselves(name):
    assert misspelled(method(name, has_real_forward=False, has_real_init=False)) is None


@pytest.mark.parametrize("name", ["__int__", "__exit__", "__iter__", "__index__"])
def test_that_methods_of_python_need_more_than_a_likeness(name):
    assert misspelled(method(name, has_real_init=False)) is None


def test_that_a_misspelled_method_is_named_with_its_line():
    (found,) = misspelled_problems([method("foward", has_real_forward=False), method("encode", has_real_forward=False)])
    assert (found.code, found.severity, found.line, found.module) == ("misspelled-method", "error", 7, "part")
    assert found.message == "`Net` defines `foward` and has no `forward` of its own: did you mean `forward`?"
    assert found.hint == "Rename `foward` to `forward`."


@pytest.mark.parametrize(
    ("name", "kind", "facts", "severity", "words"),
    [
        ("modules", "module", {}, "error", "is a module that cannot be read back"),
        ("half", "buffer", {"refused": True}, "error", "cannot have a buffer named `half`"),
        ("children", "value", {}, "warning", "takes the place of nn.Module's method: calling `children()` fails"),
        ("train", "value", {}, "warning", "takes the place of nn.Module's method"),
        ("modules", "module", {"is_users": False}, "info", "cannot be read back"),
    ],
)
def test_that_names_of_nn_module_are_reserved(name, kind, facts, severity, words):
    (found,) = reserved_problems([ReservedName("", "Net", name, kind, "a list", "net.py", 5, **facts)])
    assert (found.code, found.severity, found.attribute, found.line) == ("reserved-attribute", severity, name, 5)
    assert words in found.message


@pytest.mark.parametrize("name", ["type", "half", "float", "T_destination", "dump_patches"])
def test_that_settings_that_nobody_calls_are_left_alone(name):
    assert reserved_problems([ReservedName("", "Net", name, "value", "a str")]) == []


def flagged(**facts):
    known = {"module": "backbone", "class_name": "Sequential", "value": False, "still": 4, "parameter_count": 4}
    (found,) = flagged_problems([FlaggedModule(**{**known, **facts})])
    return found


def test_that_a_flag_on_a_module_freezes_nothing():
    found = flagged(written="self.backbone", file="net.py", line=9)
    assert (found.code, found.severity, found.line) == ("requires-grad-set-on-module", "warning", 9)
    assert found.message == (
        "`self.backbone.requires_grad = False` freezes nothing: it is an attribute of a Sequential, and 4 parameters in it still require "
        "a gradient."
    )
    assert found.hint == "Write `self.backbone.requires_grad_(False)`."


@pytest.mark.parametrize(
    ("facts", "severity", "words"),
    [
        ({"still": 0}, "info", "is an attribute of a Sequential."),
        ({"is_own": True}, "info", "freezes nothing"),
        (
            {"value": True, "still": 1},
            "warning",
            "changes nothing: it is an attribute of a Sequential, and 1 parameter in it still requires no",
        ),
        ({"module": ""}, "warning", "`Sequential.requires_grad = False`"),
    ],
)
def test_that_a_flag_without_effect_is_only_information(facts, severity, words):
    found = flagged(**facts)
    assert found.severity == severity
    assert words in found.message


@pytest.mark.parametrize(
    ("hooks", "is_users", "severity", "words"),
    [
        ((), True, "warning", "skips the hooks of the module."),
        (("spectral_norm",), True, "error", "`net.branch` has a spectral_norm hook, which never runs."),
        (("forward", "forward pre"), True, "error", "a forward and a forward pre hook"),
        (("forward",), False, "info", "which never runs"),
    ],
)
def test_that_forward_called_by_name_is_grave_where_there_are_hooks(hooks, is_users, severity, words):
    call = DirectCall("net", "Net", "self.branch", "x, y", "net.branch", "Branch", hooks, "net.py", 12, is_users)
    (found,) = direct_call_problems([call])
    assert (found.code, found.severity, found.line, found.module) == ("forward-called-directly", severity, 12, "net.branch")
    assert words in found.message
    assert found.hint == "Call `self.branch(x, y)`."


def test_that_a_second_module_init_names_what_it_forgot():
    (found,) = wiped_problems([Wiped("Net", ("fc", "norm"), "net.py", 8)])
    assert (found.code, found.line) == ("missing-super-init", 8)
    assert found.message == "`Net` runs `Module.__init__` again at line 8, which forgets what was registered: `fc`, `norm`."


def test_that_a_model_without_parameters_says_what_was_made():
    found = no_parameters_problem("Net", "net.py", 3, [("Linear", 2), ("ReLU", 1)])
    assert (found.code, found.severity) == ("no-parameters", "warning")
    assert found.message.endswith("Its constructor made 2 Linear, 1 ReLU, and the model holds none of it.")
    assert no_parameters_problem("Net", None, None, []).severity == "info"
