"""The main job from the command line, as a whole process each time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "example"
MODELS = ROOT / "tests" / "models"
MODEL, CHECKPOINT = EXAMPLE / "classifier.py", EXAMPLE / "checkpoint.pt"


def torchloupe(*words, cwd=None):
    command = [sys.executable, "-W", "ignore", "-m", "torchloupe", *map(str, words)]
    environment = {"PYTHONPATH": str(ROOT / "app"), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd, env=environment, check=False)


def said(*words, status=0, cwd=None):
    """The one JSON object on standard output."""
    done = torchloupe(*words, "--json", cwd=cwd)
    assert done.returncode == status, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["schema"] == 1
    return answer


def test_that_show_lists_what_torch_load_would_have_loaded():
    answer = said("show", CHECKPOINT)
    loaded = torch.load(CHECKPOINT, weights_only=True)
    state = {row["key"]: row for row in answer["tensors"] if row["container"] == "model_state_dict"}
    assert {key: tuple(row["shape"]) for key, row in state.items()} == {
        key: tuple(tensor.shape) for key, tensor in loaded["model_state_dict"].items()
    }
    assert all(row["dtype"] == str(loaded["model_state_dict"][key].dtype).removeprefix("torch.") for key, row in state.items())


def test_that_show_of_a_file_never_imports_torch():
    words = ["-X", "importtime", "-m", "torchloupe", "show", str(CHECKPOINT)]
    environment = {"PYTHONPATH": str(ROOT / "app"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120, env=environment, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not {"torch", "numpy", "PySide6", "pickle"} & imported


def test_that_tree_gives_modules_and_parameters_with_their_facts():
    answer = said("tree", MODEL)
    assert [module["path"] for module in answer["modules"]][:2] == ["", "block1"]
    weight = next(entry for entry in answer["parameters"] if entry["key"] == "fc1.weight")
    assert weight["shape"] == [32, 3136]
    assert {"dtype", "device", "requires_grad", "kind", "tied_to", "persistent"} <= weight.keys()
    assert answer["target"]["class"] == "LetterClassifier"


def test_that_run_stops_at_the_mismatch_and_explains_it():
    answer = said("run", MODEL, status=1)
    (problem,) = answer["problems"]
    source = MODEL.read_text().splitlines()
    assert (problem["code"], problem["severity"], problem["module"]) == ("shape-mismatch", "error", "fc1")
    assert "self.fc1(" in source[problem["line"] - 1]
    assert "3136" in problem["message"]
    assert "2304 = 64 x 6 x 6" in problem["message"]
    fix = problem["fixes"][0]
    assert (fix["kind"], fix["module"], fix["argument"], fix["value"]) == ("set_argument", "fc1", "in_features", 2304)
    before = [call for call in answer["calls"] if call["module"] == "block2.pool"]
    assert before[0]["outputs"][0]["shape"] == [8, 64, 6, 6]
    assert len(before[0]["stats"][0]["histogram"]) == 64
    called = {module["path"]: module["called"] for module in answer["modules"]}
    assert (called["block1.conv"], called["head"]) == (1, 0)


def test_that_the_repair_that_is_proposed_makes_the_model_run(tmp_path):
    fixed = MODEL.read_text().replace("nn.Linear(64 * 7 * 7, hidden)", "nn.Linear(2304, hidden)")
    (tmp_path / "fixed.py").write_text(fixed)
    answer = said("run", tmp_path / "fixed.py")
    assert answer["problems"] == []
    assert answer["calls"][0]["outputs"][0]["shape"] == [8, 26]


def test_that_diff_explains_the_prefix_as_one_cause():
    answer = said("diff", MODEL, CHECKPOINT, status=1)
    diff = answer["state_dict"]
    renamed = [problem for problem in answer["problems"] if problem["code"] == "checkpoint-renamed"]
    assert len(renamed) == 1
    assert "module." in renamed[0]["message"]
    assert diff["mapping"]["module.fc1.weight"] == "fc1.weight"
    statuses = {row["status"] for row in diff["rows"]}
    assert {"missing", "unexpected", "resized"} <= statuses
    assert sum(diff["counts"].values()) == len(diff["rows"])


def test_that_a_key_list_printed_by_show_stands_for_its_checkpoint(tmp_path):
    listing = tmp_path / "keys.json"
    listing.write_text(torchloupe("show", CHECKPOINT, "--json").stdout)
    assert said("diff", listing, CHECKPOINT)["state_dict"]["counts"].get("matched") == 14


def test_that_check_gives_one_object_a_line_in_order_and_goes_on_after_a_crash():
    targets = [
        f"{MODELS / 'unfriendly.py'}:FirstThenSegfaults",
        f"{MODELS / 'unfriendly.py'}:ExitsHard",
        MODELS / "clean_cnn.py",
        MODELS / "raises_on_import.py",
        MODELS / "wrong_in_features.py",
    ]
    done = torchloupe("check", *targets, "--json")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    codes = [[problem["code"] for problem in answer["problems"]] for answer in answers]
    assert codes == [["worker-died"], ["worker-died"], [], ["import-failed"], ["shape-mismatch"]]
    assert done.returncode == 2
    assert [call["module"] for call in answers[0].get("calls", []) if call["module"]] in ([], ["first"])


def test_that_a_correct_model_and_its_own_checkpoint_have_nothing_to_report(tmp_path):
    script = f"import sys; sys.path.insert(0, {str(MODELS)!r}); import torch, clean_cnn; "
    script += f"torch.save(clean_cnn.CleanCnn().state_dict(), {str(tmp_path / 'own.pt')!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=120)
    answer = said("check", MODELS / "clean_cnn.py", "--checkpoint", tmp_path / "own.pt")
    assert answer["problems"] == []
    assert {status for status, count in answer["state_dict"]["counts"].items() if count} == {"matched"}


def test_that_what_is_left_of_a_cut_checkpoint_is_shown_with_an_error(tmp_path):
    (tmp_path / "cut.pt").write_bytes(CHECKPOINT.read_bytes()[:5000])
    done = torchloupe("show", tmp_path / "cut.pt")
    assert done.returncode == 1
    assert "module.fc1.weight" in done.stdout
    assert "error: cut.pt begins as a zip file and has no end record in its 5,000 bytes: it was cut off." in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [(b"", "empty.pt", "empty"), (b"just some text, no checkpoint", "notes.pt", "checkpoint")],
)
def test_that_a_bad_checkpoint_is_one_sentence_and_status_2(tmp_path, content, name, words):
    path = tmp_path / name
    path.write_bytes(content)
    done = torchloupe("show", path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr.lower()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("raises_on_import.py", "KeyError: 'b'"),
        ("needs_arguments.py", "needs `width`, `depth`"),
        ("forgets_super.py", "super().__init__()"),
        ("gone.py", "gone.py"),
    ],
)
def test_that_a_target_that_cannot_be_opened_is_one_sentence_and_status_2(target, words):
    done = torchloupe("run", MODELS / target)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_that_a_syntax_error_names_file_and_line(tmp_path):
    (tmp_path / "broken.py").write_text((MODELS / "syntax_error.txt").read_text())
    done = torchloupe("check", tmp_path / "broken.py")
    assert done.returncode == 2
    assert "broken.py:3" in done.stderr + done.stdout


def test_that_the_wrong_dtype_of_an_input_is_a_problem_with_the_conversion():
    answer = said("run", MODELS / "clean_cnn.py", "--input", "float64[2,3,16,16]", status=1)
    assert [problem["code"] for problem in answer["problems"]] == ["dtype-mismatch"]
    assert "x.float()" in answer["problems"][0]["hint"]


def test_that_the_users_prints_never_reach_the_json():
    answer = said("run", f"{MODELS / 'unfriendly.py'}:Prints")
    assert answer["problems"] == []


def test_that_arguments_and_import_paths_work_from_the_current_folder():
    answer = said("tree", "needs_arguments:Sized", "--args", '{"width": 4, "depth": 3}', cwd=MODELS)
    assert answer["target"]["args"] == {"width": 4, "depth": 3}
    assert answer["target"]["args_source"] == "given"
