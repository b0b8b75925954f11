"""Names that a pickle mentions, sorted by what they mean for a person."""

import pytest
import torch

from torchloupe.checkpoints.importable_names import HARMLESS, RUNS_CODE, TORCH, UNKNOWN, kind_of, name_problems


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("collections.OrderedDict", TORCH),
        ("torch._utils._rebuild_tensor_v2", TORCH),
        ("torch.FloatStorage", TORCH),
        ("torch.cuda.HalfStorage", TORCH),
        ("torch.bfloat16", TORCH),
        ("torch.float8_e5m2", TORCH),
        ("torch.per_channel_affine", TORCH),
        ("torch.Size", TORCH),
        ("argparse.Namespace", HARMLESS),
        ("numpy.core.multiarray.scalar", HARMLESS),
        ("pathlib.PosixPath", HARMLESS),
        ("torch.nn.modules.linear.Linear", HARMLESS),
        ("__torch__.Net", HARMLESS),
        ("posix.system", RUNS_CODE),
        ("os.path.join", RUNS_CODE),
        ("builtins.eval", RUNS_CODE),
        ("builtins.getattr", RUNS_CODE),
        ("subprocess.Popen", RUNS_CODE),
        ("runpy._run_code", RUNS_CODE),
        ("torch.load", RUNS_CODE),
        ("torch.hub.load", RUNS_CODE),
        ("torch.storage._load_from_bytes", RUNS_CODE),
        ("torch._utils._import_dotted_name", RUNS_CODE),
        ("torch.optim.adam.Adam", UNKNOWN),
        ("numpy.testing._private.utils.runstring", RUNS_CODE),
        ("numpy._core.multiarray._reconstruct", HARMLESS),
        ("numpy.random._pickle.__generator_ctor", HARMLESS),
        ("numpy.lib.index_tricks.ndindex", UNKNOWN),
        ("uuid.UUID", HARMLESS),
        ("uuid._get_command_stdout", RUNS_CODE),
        ("my.project.Config", UNKNOWN),
        ("copyreg.extension_7", UNKNOWN),
        ("pathlib._local.PosixPath", HARMLESS),
        ("datetime.timedelta", HARMLESS),
        ("pathlib.os.system", RUNS_CODE),
        ("pathlib.Path.unlink", RUNS_CODE),
        ("enum.bltns.eval", RUNS_CODE),
        ("torch.nn.modules.module.warnings.sys.exit", RUNS_CODE),
        ("torch._utils._rebuild_tensor.__globals__", RUNS_CODE),
        ("numpy.random._pickle.os.system", RUNS_CODE),
        ("pathlib.os", UNKNOWN),
        ("torch.nn.modules.module.warnings", UNKNOWN),
        ("numpy.float64", HARMLESS),
        ("numpy.dtypes.Float32DType", HARMLESS),
        ("numpy.random._pcg64.PCG64", HARMLESS),
        ("numpy.float64.tofile", UNKNOWN),
        ("osmosis.Thing", UNKNOWN),
        ("Thing", UNKNOWN),
    ],
)
def test_that_a_name_has_its_kind(name, kind):
    assert kind_of(name) == kind


def test_that_every_layer_of_torch_is_harmless():
    for layer in vars(torch.nn).values():
        if isinstance(layer, type) and layer.__module__.startswith("torch.nn.modules."):
            assert kind_of(f"{layer.__module__}.{layer.__name__}") == HARMLESS


def test_that_every_dtype_of_torch_is_data():
    for name in dir(torch):
        if isinstance(getattr(torch, name), torch.dtype) and not name.startswith(("bit", "c")):
            assert kind_of(f"torch.{name}") == TORCH, name


def test_that_a_plain_checkpoint_has_nothing_to_say():
    assert name_problems({"collections.OrderedDict": 2, "torch.FloatStorage": 50}) == []


def test_that_code_and_classes_are_two_problems():
    code, others = name_problems({"posix.system": 7, "my.Config": 9, "argparse.Namespace": 20, "torch.FloatStorage": 30})
    assert (code.code, code.severity, code.data) == ("checkpoint-runs-code", "warning", {"names": {"posix.system": 7}})
    assert (others.code, others.severity) == ("checkpoint-pickled-objects", "info")
    assert set(others.data["names"]) == {"my.Config", "argparse.Namespace"}


def test_that_a_long_list_of_names_is_cut_in_the_sentence():
    (problem,) = name_problems({f"my.Class{index:02}": index for index in range(20)})
    assert "my.Class07 and 12 more" in problem.message
    assert len(problem.data["names"]) == 20
