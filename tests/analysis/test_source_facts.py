"""What the source of a method says about the attributes of self."""

import ast
import textwrap

import pytest

from torchloupe.analysis.registration.source_facts import (
    FunctionSource,
    additions_to,
    assignments_of,
    ends_early,
    is_list_of_one,
    is_read_in,
    name_of_call,
    reads_only_first,
    repeated_list,
    way_of,
)


def function(body, arguments="self, given, *more, option=None", name="__init__"):
    """A method with this body, beginning at line 1."""
    text = f"def {name}({arguments}):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return FunctionSource("net.py", "Net", ast.parse(text).body[0])


def way(body, attribute="x", **others):
    source = function(body, **others)
    return way_of([source], assignments_of(source, attribute))


def assigned(body):
    return [(each.attribute, each.line, each.around) for each in assignments_of(function(body))]


def test_that_every_kind_of_assignment_is_seen():
    assert assigned("self.a = 1\nself.b: int = 2\nself.c, (self.d, e) = 3, (4, 5)\nself.f = self.g = 6") == [
        *(("a", 2, False), ("b", 3, False), ("c", 4, False), ("d", 4, False), ("f", 5, False), ("g", 5, False)),
    ]


def test_that_registering_calls_and_setattr_count_as_assignments():
    body = """
    self.add_module("a", A())
    self.register_module("b", B())
    self.register_buffer("c", torch.ones(1))
    self.register_parameter("d", None)
    setattr(self, "e", E())
    setattr(self, f"g{i}", G())
    setattr(other, "h", H())
    other.add_module("i", I())
    super().__setattr__("j", J())
    """
    assert [name for name, _, _ in assigned(body)] == ["a", "b", "c", "d", "e", "j"]


@pytest.mark.parametrize(
    "body",
    [
        'object.__setattr__(self, "x", Net())',
        'self.__dict__["x"] = Net()',
        'vars(self)["x"] = Net()',
        "self.__dict__.update(x=Net())",
    ],
)
def test_that_what_goes_around_registration_is_known_as_such(body):
    assert assigned(body) == [("x", 2, True)]
    assert way(body) == "around"


def test_that_assignments_know_their_loop_and_their_block():
    source = function(
        """
        self.a = 1
        for i in range(3):
            with torch.no_grad():
                self.b = 2
        if given:
            self.c = 3
        else:
            self.c = 4
        try:
            self.d = 5
        except ValueError:
            self.d = 6
        def inner():
            self.e = 7
        """
    )
    by_name = {each.attribute: each for each in assignments_of(source)}
    assert sorted(by_name) == ["a", "b", "c", "d"]
    assert by_name["a"].loop is None
    assert isinstance(by_name["b"].loop, ast.For)
    first, second = assignments_of(source, "c")
    assert first.block != second.block


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.x = [nn.Linear(2, 2) for _ in range(3)]", "made"),
        ("self.x = {'a': nn.Linear(2, 2)}", "made"),
        ("self.x = Trunk()", "made"),
        ("self.x = lambda v: nn.Linear(2, 2)(v)", "unknown"),
        ("layer = nn.Linear(2, 2)\nself.x = lambda v: layer(v)", "made"),
        ("self.x = lambda v: given(v)", "argument"),
        ("self.x = lambda v, fc=given: fc(v)", "argument"),
        ("self.x = nn.Linear(2, 2).forward", "made"),
        ("self.x = given", "argument"),
        ("self.x = list(given)", "argument"),
        ("self.x = [layer for layer in given]", "argument"),
        ("self.x = {name: given[name] for name in option}", "argument"),
        ("self.x = more", "argument"),
        ("self.x = [given]", "wrapped"),
        ("self.x = (given, option)", "wrapped"),
        ("self.x = {'a': given}", "wrapped"),
        ("self.x = [given, nn.Linear(2, 2)]", "made"),
        ("self.x = [copy.deepcopy(given)]", "copied"),
        ("self.x = []\nself.x.append(nn.Linear(2, 2))", "made"),
        ("self.x = []\nfor layer in given:\n    self.x.append(layer)", "argument"),
        ("self.x = {}\nself.x['a'] = nn.Linear(2, 2)", "made"),
        ("self.x = []\nself.x += [nn.Linear(2, 2)]", "made"),
        ("blocks = []\nfor _ in range(3):\n    blocks.append(nn.Linear(2, 2))\nself.x = blocks", "made"),
        ("self.x = []", "unknown"),
        ("self.x = make", "unknown"),
    ],
)
def test_that_it_is_known_how_a_value_came_to_be(body, expected):
    assert way(body) == expected


def test_that_all_methods_of_a_class_are_asked():
    first, second = function("self.x = []"), function("self.x.append(nn.Linear(2, 2))", "self", "build")
    assert way_of([first, second], assignments_of(first, "x")) == "made"
    assert [ast.unparse(each) for each in additions_to(second, "x")] == ["nn.Linear(2, 2)"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return self.x[0](v)", True),
        ("return self.x[-1](v) + self.x[0](v)", True),
        ("return [part(v) for part in self.x]", False),
        ("return self.x[1](v)", False),
        ("return self.x[0](v) + len(self.x)", False),
        ("return v", False),
    ],
)
def test_that_a_list_that_only_hides_is_read_by_its_first_alone(body, expected):
    assert reads_only_first([function("self.x = [given]"), function(body, "self, v", "forward")], "x") is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.x = nn.ModuleList([layer] * n)", "[layer] * n"),
        ("self.x = nn.Sequential(*(3 * [Block()]))", "3 * [Block()]"),
        ("blocks = [Block()] * 3\nself.x = nn.ModuleList(blocks)", "[Block()] * 3"),
        ("sizes = [64] * 3\nself.x = nn.ModuleList([Block(size) for size in sizes])", None),
        ("self.x = nn.ModuleList([Block() for _ in range(2 * n)])", None),
        ("self.x = nn.Linear(2 * n, 3)", None),
    ],
)
def test_that_a_multiplied_list_is_found_through_local_names(body, expected):
    source = function(body)
    found = repeated_list(source, assignments_of(source, "x")[0].value)
    assert (ast.unparse(found) if found is not None else None) == expected


def test_that_a_loop_that_searches_is_told_from_one_that_builds():
    def loop(body):
        return function(body).node.body[0]

    assert ends_early(loop("for i in range(3):\n    if i:\n        break"))
    assert ends_early(loop("while given:\n    self.x = A()"))
    assert not ends_early(loop("for i in range(3):\n    self.x = A()"))
    source = function("for i in range(3):\n    self.x = A()\n    blocks.append(self.x)")
    assert is_read_in(source, "x", source.node.body[0])
    assert not is_read_in(source, "y", source.node.body[0])


def test_that_small_expressions_are_recognised():
    def value(text):
        return ast.parse(text).body[0].value

    assert [is_list_of_one(value(text)) for text in ("[a]", "(a,)", "[a, b]", "[*a]", "a")] == [True, True, False, False, False]
    assert [name_of_call(value(text)) for text in ("nn.Parameter(1)", "f()", "f()()", "a.b")] == ["Parameter", "f", "", ""]


def test_that_self_may_have_another_name_and_arguments_are_all_counted():
    source = function("this.x = 1\nself.y = 2", "this, a, /, b, *c, d=1, **e")
    assert [each.attribute for each in assignments_of(source)] == ["x"]
    assert source.arguments == ("a", "b", "d", "c", "e")
