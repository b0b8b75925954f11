"""For each kind of operation the other ways to write it that its shapes suggest."""

import pytest

from torchloupe.analysis.operation_ways import permuting, ways
from torchloupe.analysis.source_edits import Span, call_at, edited, expression_at
from torchloupe.wire.problems import Problem

HEAD = "import torch.nn.functional as F\n"


def texts(code, line, operation, shapes, head="", **data):
    """What would stand there instead, likeliest first."""
    source = f"{head}{line}\n"
    problem = Problem(code, "", data={"operation": operation, "shapes": shapes, **data})
    written = expression_at(source, source.count("\n"), operation)
    return [way.text for way in ways(problem, written, source)]


@pytest.mark.parametrize(
    ("line", "shapes", "first"),
    [
        ("x * gate", [[2, 8, 7, 7], [2, 8]], "x * gate.unsqueeze(2).unsqueeze(3)"),
        ("x * (a - b)", [[2, 5, 8], [2, 8]], "x * (a - b).unsqueeze(1)"),
        ("one * x", [[4, 6], [4, 3, 6]], "one.unsqueeze(1) * x"),
        ("x * y", [[2, 8, 5], [2, 5, 8]], "x.transpose(1, 2) * y"),
        ("x * y", [[2, 5, 6, 8], [2, 8, 5, 6]], "x.permute(0, 3, 1, 2) * y"),
        ("x * y", [[2, 24], [2, 2, 12]], "x * y.flatten(1)"),
    ],
)
def test_that_an_axis_is_added_or_moved_where_two_tensors_meet(line, shapes, first):
    source = line.replace("*", "+", 1)
    assert texts("broadcast-mismatch", source, "+", shapes)[0] == first.replace("*", "+", 1)


def test_that_a_little_that_is_missing_is_padded_and_much_is_interpolated():
    little = texts("broadcast-mismatch", "skip + self.up(x)", "+", [[2, 8, 25, 26], [2, 8, 24, 24]], HEAD)
    assert little == [
        "skip + F.pad(self.up(x), (0, 2, 0, 1))",
        "skip + F.interpolate(self.up(x), size=skip.shape[2:])",
        "skip[..., :24, :24] + self.up(x)",
    ]
    much = texts("broadcast-mismatch", "x + y", "+", [[2, 8, 16, 16], [2, 8, 32, 32]])
    assert much == ["torch.nn.functional.interpolate(x, size=y.shape[2:]) + y", "x + y[..., ::2, ::2]"]


def test_that_maps_that_are_each_larger_in_one_direction_are_left_alone():
    assert texts("broadcast-mismatch", "x + y", "+", [[2, 8, 16, 30], [2, 8, 17, 29]]) == []


def test_that_the_functions_are_called_as_the_file_calls_them():
    head = "from torch.nn import functional as fn\n"
    shapes = [[2, 8, 25, 25], [2, 8, 24, 24]]
    assert texts("cat-mismatch", "torch.cat([a, b], 1)", "cat", shapes, head)[0] == "torch.cat([a, fn.pad(b, (0, 1, 0, 1))], 1)"


@pytest.mark.parametrize(
    ("line", "shapes", "expected"),
    [
        ("torch.cat([x, age], dim=1)", [[4, 20], [4]], "torch.cat([x, age.unsqueeze(1)], dim=1)"),
        ("torch.cat((a, b), dim=2)", [[3, 4, 6, 6], [3, 6, 6, 6]], "torch.cat((a, b), dim=1)"),
        ("torch.cat([a, b])", [[3, 4], [3, 6]], "torch.cat([a, b], 1)"),
        ("torch.cat([x, c], -1)", [[2, 5, 8], [2, 4]], "torch.cat([x, c.unsqueeze(1).expand(-1, x.size(1), -1)], -1)"),
        ("torch.cat([x, y, c], 1)", [[2, 5, 1, 1], [2, 6, 1, 1], [2, 4]], "torch.cat([x.flatten(1), y.flatten(1), c], 1)"),
        ("torch.cat([x, y], 2)", [[2, 5, 8], [2, 8, 5]], "torch.cat([x.transpose(1, 2), y], 2)"),
    ],
)
def test_that_tensors_are_made_to_join(line, shapes, expected):
    assert expected in texts("cat-mismatch", line, "cat", shapes)


def test_that_a_join_of_other_tensors_than_those_that_are_written_is_left_alone():
    assert texts("cat-mismatch", "torch.cat(parts, 1)", "cat", [[2, 3], [2]]) == []


@pytest.mark.parametrize(
    ("line", "shapes", "expected"),
    [
        ("q @ k", [[2, 5, 8], [2, 5, 8]], ["q @ k.transpose(-2, -1)", "q.transpose(-2, -1) @ k"]),
        ("torch.matmul(q, k)", [[2, 5, 8], [2, 6, 8]], ["torch.matmul(q, k.transpose(-2, -1))"]),
        ("w @ x", [[8, 3], [5, 8]], ["w.transpose(-2, -1) @ x.transpose(-2, -1)", "x @ w"]),
        ("keys.matmul(query)", [[2, 5, 8], [2, 8]], ["keys.matmul(query.unsqueeze(-1))"]),
    ],
)
def test_that_operands_of_a_product_are_turned_and_exchanged(line, shapes, expected):
    assert texts("matmul-mismatch", line, "matmul", shapes) == expected


def test_that_a_view_keeps_the_batch():
    found = texts("view-mismatch", "x.view(32, 16, 9)", "view", [[4, 16, 9]])
    assert found[:2] == ["x.view(x.size(0), 16, 9)", "x.flatten(1)"]
    assert "x.view(32, -1, 9)" in found


def test_that_a_view_of_memory_out_of_order_is_a_reshape():
    assert texts("view-not-contiguous", "x.view(b, -1)", "view", [[4, 3, 2]]) == ["x.reshape(b, -1)"]


def test_that_the_weight_of_a_function_is_turned():
    shapes = [[5, 64], [64, 4]]
    assert texts("functional-mismatch", "F.linear(x, self.A)", "linear", shapes) == ["F.linear(x, self.A.t())"]
    assert texts("functional-mismatch", "F.linear(x, self.A)", "linear", [[5, 64], [7, 4]]) == []


def of_layer(code, line, **data):
    written = call_at(line, expression_at(line, 1, "norm").span)
    return [way.text for way in ways(Problem(code, "", data=data), written, line)]


def test_that_what_a_layer_gets_is_flattened_or_moved():
    assert of_layer("missing-flatten", "self.norm(x)", input_shape=[2, 3, 4]) == ["self.norm(x.flatten(1))"]
    there_and_back = of_layer("shape-mismatch", "self.norm(x)", input_shape=[2, 3, 4], permute=[0, 2, 1], layer="BatchNorm1d")
    assert there_and_back == ["self.norm(x.transpose(1, 2)).transpose(1, 2)", "self.norm(x.transpose(1, 2))"]
    convolution = of_layer("shape-mismatch", "self.norm(x)", input_shape=[2, 3, 4], permute=[0, 2, 1], layer="Conv1d")
    assert convolution == there_and_back[::-1]


def test_that_the_letters_of_an_equation_are_put_in_the_order_of_the_sizes():
    found = texts("matmul-mismatch", "torch.einsum('bid,bdj->bij', q, k)", "einsum", [[2, 5, 16], [2, 7, 16]])
    assert found == ['torch.einsum("bid,bjd->bij", q, k)']
    assert texts("matmul-mismatch", "torch.einsum(equation, q, k)", "einsum", [[2, 5, 16], [2, 7, 16]]) == []
    assert texts("matmul-mismatch", "torch.einsum('ij,jk->ik', q, k)", "einsum", [[3, 4], [5, 6]]) == []


FORWARD = """def other(x):
    return torch.flatten(x)


def forward(self, x):
    h = torch.zeros(1, x.size(1), x.shape[2])
    x = torch.flatten(self.conv(x)) + x.view(-1)
    y = x.flatten(1) + (x + x).reshape(-1)
    return self.norm(x, h)
"""


def elsewhere(code):
    written = call_at(FORWARD, expression_at(FORWARD, 9, "norm").span)
    return [(way.line, way.text) for way in ways(Problem(code, "", data={"input_shape": [9]}), written, FORWARD)]


def test_that_a_flatten_of_the_batch_is_changed_where_it_stands():
    assert elsewhere("flattened-batch") == [
        (7, "x = self.conv(x).flatten(1) + x.view(-1)"),
        (7, "x = torch.flatten(self.conv(x)) + x.flatten(1)"),
        (8, "y = x.flatten(1) + (x + x).flatten(1)"),
    ]


def test_that_a_state_is_made_of_the_other_axis_where_it_is_made():
    assert elsewhere("rnn-state-shape") == [(6, "h = torch.zeros(1, x.size(0), x.shape[2])")]


def test_that_a_permutation_of_four_axes_is_undone_after_a_norm():
    (both, _) = of_layer("shape-mismatch", "self.norm(x)", input_shape=[2, 3, 4, 5], permute=[0, 3, 1, 2], layer="BatchNorm2d")
    assert both == "self.norm(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)"


def test_that_other_problems_have_no_other_way():
    assert of_layer("shape-mismatch", "self.norm(x)", input_shape=[2, 3], layer="Linear") == []
    assert texts("index-out-of-range", "a + b", "+", [[2], [3]]) == []


def test_that_each_way_is_a_change_of_the_source_that_reads_so():
    source = "y = torch.cat([a, b], 1)\n"
    problem = Problem("cat-mismatch", "", data={"shapes": [[2, 5, 8], [2, 8, 5]]})
    for way in ways(problem, expression_at(source, 1, "cat"), source):
        assert edited(source, way.edits) == f"y = {way.text}\n"


def test_that_two_axes_are_transposed_and_more_are_permuted():
    assert (permuting([0, 2, 1]), permuting([0, 2, 3, 1])) == ("transpose(1, 2)", "permute(0, 2, 3, 1)")


def test_that_the_parts_of_a_list_that_was_written_before_are_changed_there():
    source = "def forward(self, a, b, age):\n    parts = [self.scan(a), b, age]\n    z = torch.cat(parts, dim=-1)\n    return z\n"
    problem = Problem("cat-mismatch", "", line=3, data={"shapes": [[4, 10], [4, 12], [4]]})
    found = ways(problem, expression_at(source, 3, "cat"), source)
    assert (found[0].line, found[0].text) == (2, "parts = [self.scan(a), b, age.unsqueeze(1)]")
    unknown = source.replace("parts = [self.scan(a), b, age]", "parts = made(a)")
    assert ways(problem, expression_at(unknown, 3, "cat"), unknown) == []


def test_that_a_weight_for_one_channel_is_given_the_mean_or_one_group_for_each():
    found = texts("functional-mismatch", "F.conv2d(y, self.kx, padding=1)", "conv2d", [[2, 3, 24, 24], [1, 1, 3, 3]], HEAD)
    assert found == [
        "F.conv2d(y.mean(dim=1, keepdim=True), self.kx, padding=1)",
        "F.conv2d(y, self.kx.expand(3, -1, -1, -1), padding=1, groups=3)",
    ]


def test_that_a_state_of_a_fixed_batch_takes_it_from_the_input():
    source = "def forward(self, x):\n    state = torch.zeros(1, 9, 10)\n    y, _ = self.rnn(x, state)\n    return y\n"
    data = {"expected": [1, 2, 10], "got": [1, 9, 10], "input_shape": [2, 7, 6]}
    problem = Problem("rnn-state-shape", "", line=3, data=data)
    written = call_at(source, Span(3, 11, 3, 29))
    assert [way.text for way in ways(problem, written, source)] == ["state = torch.zeros(1, x.size(0), 10)"]
    other = Problem("rnn-state-shape", "", line=3, data={**data, "got": [2, 9, 10]})
    assert ways(other, written, source) == []
