"""A repair of an operation in forward is offered once the model ran with it: a line written otherwise, or a layer before it."""

import shutil
import subprocess

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
RUNS = "the model runs to its end"


@pytest.fixture
def told(context, tmp_path):
    """The errors of a model whose constructor and forward are given as lines."""

    def run(init, lines, inputs, head=""):
        source = head + HEAD + "".join(f"        {line}\n" for line in ["super().__init__()", *init])
        source += "\n    def forward(self, x):\n" + "".join(f"        {line}\n" for line in lines)
        source += f"\n\ndef example_inputs():\n    return ({inputs},)\n"
        (tmp_path / "net.py").write_text(source)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        report = forward(context, RunForward())
        assert report.state_restored
        return [problem for problem in report.problems if problem.severity == "error"]

    return run


def values(problem):
    """The fixes that were tried with success: a line, or an argument of a layer."""
    tried = [fix for fix in problem.fixes if fix.verified]
    return [fix.value if fix.kind == "edit_source" else f"{fix.module}.{fix.argument}={fix.value}" for fix in tried]


UP = ["self.down = nn.Conv2d(1, 8, 3, stride=2, padding=1)", "self.up = nn.ConvTranspose2d(8, 1, 2, stride=2)"]
BRANCH = ["self.a = nn.Conv2d(3, 8, 3, stride=2, padding=1)", "self.b = nn.Conv2d(3, 8, 1)"]
WORKING = {
    "gate": (
        ["self.conv = nn.Conv2d(3, 8, 3)", "self.fc = nn.Linear(8, 8)"],
        ["x = self.conv(x)", "return x * self.fc(x.mean((2, 3)))"],
        "torch.ones(2, 3, 9, 9)",
        ["x * self.fc(x.mean((2, 3))).unsqueeze(2).unsqueeze(3)"],
    ),
    "odd skip": (
        UP,
        ["return torch.cat([x, self.up(self.down(x))], 1)"],
        "torch.ones(2, 1, 25, 25)",
        ["torch.cat([x[..., :25, :25], self.up(self.down(x))], 1)"],
    ),
    "stride": (BRANCH, ["return self.a(x) + self.b(x)"], "torch.ones(2, 3, 8, 8)", ["b.stride=2", "a.stride=1"]),
    "joined axis": (["pass"], ["return torch.cat([x, x[:, :1]], -1)"], "torch.ones(2, 3, 4)", ["torch.cat([x, x[:, :1]], 1)"]),
    "keys": (["pass"], ["return x @ x / 2"], "torch.ones(2, 3, 4)", ["x @ x.transpose(-2, -1)"]),
    "hard-coded batch": (["pass"], ["return x.view(32, 12)"], "torch.ones(2, 3, 4)", ["x.view(x.size(0), 12)", "x.flatten(1)"]),
    "weight": (
        ["self.A = nn.Parameter(torch.ones(4, 6))"],
        ["return F.linear(x, self.A)"],
        "torch.ones(2, 4)",
        ["F.linear(x, self.A.t())"],
    ),
    "scores of two widths": (
        ["self.q = nn.Linear(6, 5)", "self.k = nn.Linear(6, 7)"],
        ["return self.q(x) @ self.k(x).transpose(-2, -1)"],
        "torch.ones(2, 3, 6)",
        ["k.out_features=5", "q.out_features=7"],
    ),
    "heads of another size": (
        ["self.heads, self.size = 3, 5"],
        ["return x.view(2, 4, self.heads, self.size)"],
        "torch.ones(2, 4, 30)",
        ["x.view(2, 4, self.heads, -1)"],
    ),
    "bias of another length": (
        ["self.A = nn.Parameter(torch.ones(4, 6))", "self.b = nn.Parameter(torch.zeros(5))"],
        ["return F.linear(x, self.A, self.b)"],
        "torch.ones(2, 6)",
        [".b=[4]"],
    ),
    "a tied weight": (
        [
            "self.emb = nn.Embedding(9, 6)",
            "self.mid = nn.Linear(6, 5)",
            "self.out = nn.Linear(6, 9)",
            "self.out.weight = self.emb.weight",
        ],
        ["return self.out(self.mid(self.emb(x)))"],
        "torch.ones(2, 3, dtype=torch.int64)",
        ["mid.out_features=6"],
    ),
    "out of order": (
        ["pass"],
        ["return x.transpose(1, 2).view(2, -1)"],
        "torch.ones(2, 3, 4)",
        ["x.transpose(1, 2).reshape(2, -1)"],
    ),
    "norm": (
        ["self.norm = nn.BatchNorm1d(4)", "self.fc = nn.Linear(4, 2)"],
        ["return self.fc(self.norm(x + 0))"],
        "torch.ones(2, 3, 4)",
        ["self.norm((x + 0).transpose(1, 2)).transpose(1, 2)"],
    ),
}


@pytest.mark.parametrize("name", [name for name in WORKING if name not in ("odd skip", "norm")])
def test_that_what_made_the_model_run_is_offered(name, told):
    init, lines, inputs, expected = WORKING[name]
    (problem,) = told(init, lines, inputs)
    assert values(problem)[: len(expected)] == expected
    assert {fix.outcome for fix in problem.fixes if fix.verified} == {RUNS}
    assert all(fix.patch for fix in problem.fixes if fix.verified)


def test_that_a_skip_of_an_odd_size_has_a_line_and_a_layer_to_change(told):
    (problem,) = told(UP, ["return torch.cat([x, self.up(self.down(x))[..., 1:, 1:]], 1)"], "torch.ones(2, 1, 24, 24)")
    assert values(problem)[0] == "torch.cat([x, F.pad(self.up(self.down(x))[..., 1:, 1:], (0, 1, 0, 1))], 1)"
    lines = ["y = self.up(F.max_pool2d(self.down(x), 1)[..., :12, :12])", "return torch.cat([x, y], 1)"]
    (problem,) = told(UP, lines, "torch.ones(2, 1, 25, 25)")
    assert values(problem) == ["torch.cat([x, F.pad(y, (0, 1, 0, 1))], 1)", "up.output_padding=1"]
    assert "stride=2, output_padding=1)" in problem.fixes[1].patch


def test_that_a_wider_view_needs_the_next_layer_changed_too(told):
    (problem,) = told(["self.fc = nn.Linear(50, 2)"], ["x = x.view(-1, 50)", "return self.fc(x)"], "torch.ones(2, 3, 4)")
    line, layer = problem.fixes
    assert (line.value, line.outcome) == ("x.flatten(1)", "with `in_features=12` of `fc` the model runs to its end")
    assert (layer.argument, layer.value, layer.outcome) == ("in_features", 12, "with `x.flatten(1)` the model runs to its end")
    assert "+        x = x.flatten(1)\n" in line.patch
    assert "+        self.fc = nn.Linear(12, 2)\n" in line.patch
    assert "x.flatten" not in layer.patch
    assert "+        self.fc = nn.Linear(12, 2)\n" in layer.patch


def test_that_what_a_repair_does_away_with_is_no_problem_of_its_own(told):
    init = ["self.a = nn.Conv2d(3, 4, 1)", "self.b = nn.Conv2d(3, 6, 1)", "self.c = nn.Conv2d(10, 2, 1)"]
    (problem,) = told(init, ["return self.c(torch.cat((self.a(x), self.b(x)), dim=2))"], "torch.ones(2, 3, 5, 5)")
    assert values(problem) == ["torch.cat((self.a(x), self.b(x)), dim=1)"]
    assert [row["module"] for row in problem.data["consequences"]] == ["c"]


def test_that_the_line_that_flattened_the_batch_is_changed(told):
    (problem,) = told(
        ["self.fc = nn.Linear(12, 2)"], ["x = torch.flatten(x)", "x = x + 1", "return self.fc(x)"], "torch.ones(2, 3, 4)"
    )
    fix = problem.fixes[0]
    assert (problem.code, fix.value, fix.verified) == ("flattened-batch", "x = x.flatten(1)", True)
    assert fix.text == "Write `x = x.flatten(1)` in line 12."


def test_that_the_line_that_made_a_state_is_changed(told):
    lines = ["h = torch.zeros(1, x.size(1), 4)", "return self.rnn(x, h)[0]"]
    (problem,) = told(["self.rnn = nn.GRU(6, 4, batch_first=True)"], lines, "torch.ones(2, 5, 6)")
    fix = problem.fixes[0]
    assert (problem.code, fix.value, fix.outcome) == ("rnn-state-shape", "h = torch.zeros(1, x.size(0), 4)", RUNS)


def test_that_several_lines_are_changed_together(told):
    lines = ["s = torch.matmul(x, x)", "x = torch.cat([s, x.mean(1)], -1)", "return x.transpose(1, 2).view(3, -1)"]
    problems = told(["pass"], lines, "torch.ones(3, 7, 12)")
    assert [problem.code for problem in problems] == ["matmul-mismatch", "cat-mismatch", "view-not-contiguous"]
    assert problems[0].data["runs_with_all_fixes"]


def test_that_a_function_of_the_file_is_changed_as_well_as_a_method(told):
    head = "def scores(q, k):\n    return q @ k\n\n\n"
    (problem,) = told(["pass"], ["return scores(x, x)"], "torch.ones(2, 3, 4)", head)
    assert (values(problem)[0], problem.line) == ("q @ k.transpose(-2, -1)", 2)


def test_that_a_line_that_is_made_at_run_time_is_left_alone(told):
    (problem,) = told(["self.f = eval('lambda q, k: q @ k')"], ["return self.f(x, x)"], "torch.ones(2, 3, 4)")
    assert all(not fix.patch for fix in problem.fixes)


def test_that_a_repair_that_brings_another_failure_is_not_offered(told):
    lines = ["x = torch.cat([x, x[:, 0]], 1)", "assert x.dim() == 7", "return x"]
    (problem,) = told(["pass"], lines, "torch.ones(2, 3, 4)")
    assert values(problem) == []


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here to apply a patch")
def test_that_the_patches_one_after_the_other_repair_the_file(told, context, tmp_path):
    init = ["self.q = nn.Linear(6, 8)", "self.mix = nn.Linear(5, 3)"]
    lines = ["q = self.q(x)", "s = torch.matmul(q, q)", "return self.mix(s).transpose(1, 2).view(2, -1)"]
    left = told(init, lines, "torch.ones(2, 7, 6)")
    assert len(left) == 3
    while left:
        patch = next(fix.patch for problem in left for fix in problem.fixes if fix.patch)
        subprocess.run(["git", "apply"], input=patch, cwd=tmp_path, text=True, check=True, timeout=20)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        fewer = [problem for problem in forward(context, RunForward()).problems if problem.severity == "error"]
        assert len(fewer) < len(left)
        left = fewer


HEADS = ["self.lstm = nn.LSTM(4, {0}, bidirectional=True)", "self.a = nn.Linear({1}, 3)", "self.b = nn.Linear({1}, 5)"]


@pytest.mark.parametrize(
    ("hidden", "heads", "wanted"),
    [(8, 8, ["lstm.hidden_size=4", "a.in_features=16", "b.in_features=16"]), (8, 9, ["a.in_features=16", "b.in_features=16"])],
)
def test_that_heads_which_want_the_same_are_told_with_the_change_of_all(told, hidden, heads, wanted):
    init = [line.format(hidden, heads) for line in HEADS]
    (problem,) = told(init, ["h, _ = self.lstm(x)", "return self.a(h), self.b(h)"], "torch.ones(3, 2, 4)")
    assert [row["module"] for row in problem.data["consequences"]] == ["b"]
    assert values(problem) == wanted
    last = problem.fixes[-1]
    assert last.outcome == f"with `in_features=16` of `a` {RUNS}"
    assert [line for line in last.patch.splitlines() if line.startswith("+ ")] == [
        "+        self.a = nn.Linear(16, 3)",
        "+        self.b = nn.Linear(16, 5)",
    ]


def test_that_features_which_heads_do_not_divide_are_one_mismatch(told):
    init = ["self.qkv, self.out = nn.Linear(30, 90), nn.Linear(30, 30)"]
    lines = [
        "q, k, v = (part.view(2, 5, 4, 7) for part in self.qkv(x).chunk(3, -1))",
        "return self.out((q + k * v).reshape(2, 5, 30))",
    ]
    (problem,) = told(init, lines, "torch.ones(2, 5, 30)")
    assert problem.message.startswith("`view` parts 30 features into 4 x 7, which are 28.")
    assert problem.hint == "30 is no multiple of 4: take 28 or 32 features, or 3 or 5 parts."
    assert values(problem) == []
    assert {row["operation"] for row in problem.data["consequences"]} == {"view", "reshape"}


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here to apply a patch")
def test_that_one_patch_makes_all_fixes_also_of_neighbouring_lines(told, context, tmp_path):
    init = ["self.a = nn.Linear(6, 8)", "self.b = nn.Linear(9, 5)", "self.c = nn.Linear(4, 3)"]
    first, second = told(init, ["s = self.c(self.b(self.a(x)))", "return s @ s if False else s"], "torch.ones(2, 6)")
    assert "patch_of_all" not in second.data
    subprocess.run(["git", "apply"], input=first.data["patch_of_all"], cwd=tmp_path, text=True, check=True, timeout=20)
    open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
    assert forward(context, RunForward()).problems == ()


@pytest.mark.parametrize(("newline", "end"), [("\r\n", "\r\n"), ("\r\n", ""), ("\n", "")])
@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here to apply a patch")
def test_that_patches_fit_files_with_other_ends_of_lines(told, context, tmp_path, newline, end):
    init = ["self.a = nn.Linear(6, 8)", "self.b = nn.Linear(9, 5)", "self.c = nn.Linear(4, 3)"]
    told(init, ["return self.c(self.b(self.a(x)))"], "torch.ones(2, 6)")
    text = (tmp_path / "net.py").read_text().rstrip("\n").replace("\n", newline) + end
    (tmp_path / "net.py").write_text(text, newline="")
    open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
    first = forward(context, RunForward()).problems[0]
    patch = first.data["patch_of_all"].encode()
    subprocess.run(["git", "apply", "--whitespace=nowarn"], input=patch, cwd=tmp_path, check=True, timeout=20)
    changed = text.replace("Linear(9, 5)", "Linear(8, 5)").replace("Linear(4, 3)", "Linear(5, 3)")
    assert (tmp_path / "net.py").read_bytes() == changed.encode()
