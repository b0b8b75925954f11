"""Statistics are made in C where the compiled library is there and right, else in torch; what is of no use is said once."""

import ctypes
import os
import platform
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from torchloupe.session.luggage import LENGTH_DIGITS, luggage
from torchloupe.worker.statistics import HISTOGRAM_LIMIT, native_way, tensor_stats
from torchloupe.worker.statistics.native_way import LIBRARY, VERSION, NativeWay
from torchloupe.worker.statistics.torch_way import TorchWay
from torchloupe.worker.statistics.ways import chosen_way, is_right, native_or_torch
from worker.statistics_references import FLOATS, WAYS, assert_right, name_of

compiled = pytest.mark.skipif(not LIBRARY.exists(), reason="there was no C compiler when this was installed")


@pytest.fixture
def native():
    way = NativeWay()
    yield way
    way.limit(9)
    way.share(*native_way.threads_of_torch())


@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_that_every_way_answers_the_small_questions(way):
    assert is_right(way)


@compiled
def test_that_the_library_is_used_where_there_is_one():
    assert chosen_way().name == "native"
    assert chosen_way() is chosen_way()


@compiled
@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("dtype", [*FLOATS, torch.int32, torch.int64], ids=name_of)
def test_that_every_kind_of_processor_gets_the_same_numbers(native, level, dtype):
    native.limit(level)
    assert native.level <= level
    torch.manual_seed(0)
    for size in (1, 1000, 70_001):
        tensor = (torch.randn(size) * 9).to(dtype)
        assert_right(tensor_stats(tensor, native), tensor)
    if dtype.is_floating_point:
        tensor[5::9] = torch.nan
        tensor[7] = torch.inf
        assert_right(tensor_stats(tensor, native), tensor)


@compiled
def test_that_a_limited_processor_measures_large_samples_alike(native):
    tensor = torch.randn(HISTOGRAM_LIMIT + 77)
    wide = tensor_stats(tensor, native)
    native.limit(0)
    plain = tensor_stats(tensor, native)
    assert plain.sampled == wide.sampled
    assert sum(abs(a - b) for a, b in zip(plain.histogram, wide.histogram, strict=True)) <= 4
    assert plain.std == pytest.approx(wide.std, rel=1e-12)


@compiled
def test_that_all_halves_there_are_become_the_right_numbers(native):
    every = torch.arange(1 << 16, dtype=torch.int32).to(torch.uint16)
    for dtype in (torch.float16, torch.bfloat16):
        halves = every.view(dtype)
        assert_right(tensor_stats(halves, native), halves, histogram=False)
        for half in (halves[3:4], halves[700:701], halves[0x7BFF:0x7C00], halves[0x8001:0x8002]):
            assert tensor_stats(half, native).min == float(half)


@compiled
def test_that_a_mode_which_takes_tiny_numbers_for_zero_counts_none_of_them_as_zero(native):
    tiny = torch.full((50,), 1e-40)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor has no such mode")
    try:
        stats = tensor_stats(tiny, native)
    finally:
        torch.set_flush_denormal(False)
    assert (stats.zeros, stats.count) == (0, 50)


@compiled
def test_that_many_threads_ask_at_the_same_time(native):
    tensors = [torch.randn(30_000 + number) + number for number in range(6)]
    expected = [tensor_stats(tensor, native) for tensor in tensors]
    wrong = []

    def ask(number):
        wrong.extend(number for _ in range(30) if tensor_stats(tensors[number], native) != expected[number])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@compiled
@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("special", [False, True])
def test_that_the_threads_of_torch_share_the_work_and_change_no_number(native, level, special):
    native.limit(level)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    for size in (1 << 16, 300_001, HISTOGRAM_LIMIT + 5):
        tensor = torch.randn(size)
        if special:
            tensor[::1000] = torch.nan
            tensor[1::1000] = -torch.inf
        answers = []
        try:
            for number in (1, 2, 3):
                torch.set_num_threads(number)
                answers.append(tensor_stats(tensor, native))
        finally:
            torch.set_num_threads(threads)
        assert answers[0] == answers[1] == answers[2]
        assert_right(answers[0], tensor, histogram=size <= HISTOGRAM_LIMIT)


@compiled
@pytest.mark.skipif(
    sys.platform != "linux" or "OpenMP" not in torch.__config__.parallel_info(), reason="torch has other threads here"
)
def test_that_torchs_own_threads_are_found_and_do_the_work(native, monkeypatch):
    tensor = torch.randn(1 << 17)
    assert all(native_way.threads_of_torch())
    expected, asked = tensor_stats(tensor, native), []
    calls = ctypes.CFUNCTYPE(None, ctypes.CFUNCTYPE(None, ctypes.c_void_p), ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)

    def parallel(part, work, threads, _flags):
        asked.append(threads)
        part(work)

    stand_in = calls(parallel)
    native.share(ctypes.cast(stand_in, ctypes.c_void_p).value)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert tensor_stats(tensor, native) == expected
    assert asked == [2]  # once for moments and histogram, and although only one of the two came
    tensor_stats(tensor[:1000], native)
    assert asked == [2]  # a small one is not worth it


@compiled
def test_that_without_threads_of_torch_one_does_all(native, monkeypatch):
    tensor = torch.randn(1 << 17)
    expected = tensor_stats(tensor, native)
    monkeypatch.setattr(ctypes, "CDLL", raising(TypeError))
    assert native_way.threads_of_torch() == (None, None)
    native.share(None)
    assert tensor_stats(tensor, native) == expected


def raising(error):
    def call(*_):
        raise error

    return call


@compiled
@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=name_of)
def test_that_what_lies_between_two_values_is_measured_exactly(native, level, dtype):
    native.limit(level)
    torch.manual_seed(2)
    for size in (1, 5000, 100_003):
        before = torch.randn(size).to(dtype)
        after = before.clone()
        after[::3] += 1
        changed, weight, update = native.motion(before, after)
        assert changed == int((before != after).sum())
        assert weight == pytest.approx(float(before.double().square().sum()), rel=1e-12)
        assert update == pytest.approx(float((after.double() - before.double()).square().sum()), rel=1e-12)


@compiled
def test_that_zeros_of_either_sign_and_equal_nan_have_not_changed(native):
    before = torch.tensor([0.0, -0.0, torch.nan, torch.inf, 1.0])
    after = torch.tensor([-0.0, 0.0, torch.nan, torch.inf, 1.0])
    assert native.motion(before, after)[0] == 0
    after[2], after[3] = 1.0, 2.0
    assert native.motion(before, after)[0] == 2


@compiled
def test_that_two_that_do_not_lie_alike_are_left_to_others(native):
    square = torch.randn(4, 4)
    assert native.motion(square, square.t()) is None
    assert native.motion(square, square.double()) is None
    assert native.motion(square, square[:2]) is None
    assert native.motion(square[:, :2], square[:, :2]) is None
    assert native.motion(torch.arange(3), torch.arange(3)) is None
    assert native.motion(torch.empty(0), torch.empty(0)) == (0, 0.0, 0.0)


@compiled
def test_that_what_the_library_does_not_know_is_left_to_others(native):
    assert native.measure(torch.randn(3, dtype=torch.complex64)) is None
    assert native.measure(torch.empty(0)) is None
    assert native.measure(torch.randn(4, 4)[:, :2]) is None
    assert native.measure(torch.eye(3).to_sparse()) is None


def test_that_without_a_library_nothing_is_said(tmp_path, capsys):
    assert isinstance(native_or_torch(tmp_path / "passes.so"), TorchWay)
    assert capsys.readouterr().err == ""


def test_that_a_file_which_is_no_library_is_said_once_and_not_used(tmp_path, capsys):
    broken = tmp_path / "passes.so"
    broken.write_bytes(b"no library")
    assert isinstance(native_or_torch(broken), TorchWay)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"torchloupe-worker: statistics are made without {broken}: ")


@compiled
def test_that_a_library_of_another_version_is_not_used(monkeypatch, capsys):
    monkeypatch.setattr(native_way, "VERSION", 99)
    assert isinstance(native_or_torch(LIBRARY), TorchWay)
    assert f"is version {VERSION}, and 99 is wanted" in capsys.readouterr().err


@compiled
def test_that_a_library_which_counts_wrong_is_not_used(monkeypatch, capsys):
    monkeypatch.setattr(NativeWay, "bins", lambda *_: [0] * 64)
    assert isinstance(native_or_torch(LIBRARY), TorchWay)
    assert capsys.readouterr().err == f"torchloupe-worker: statistics are made without {LIBRARY}: it counts wrong\n"


def test_that_a_library_of_somebody_else_is_not_used(capsys):
    theirs = Path(torch._C.__file__)
    assert isinstance(native_or_torch(theirs), TorchWay)
    assert "it lacks a function" in capsys.readouterr().err


WHICH_WAY = """\
import io, sys, types, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
sys.modules["torchloupe.worker.serve"] = served = types.ModuleType("served")
def serve_command_line():
    from torchloupe.worker.statistics.ways import chosen_way
    print(chosen_way().name)
served.serve_command_line = serve_command_line
names = {"__name__": "starter"}
exec(archive.read("torchloupe/worker/from_archive.py"), names)
names["start"](archive)
"""


@compiled
@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no files in memory")
@pytest.mark.parametrize(("machine", "way"), [(platform.machine(), "native"), ("pdp11", "torch")])
def test_that_a_far_side_of_the_same_kind_uses_the_library_that_was_sent_along(monkeypatch, machine, way):
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(sysname=platform.system(), machine=machine))
    sent = zlib.decompress(luggage.__wrapped__()[LENGTH_DIGITS:])
    done = subprocess.run([sys.executable, "-P", "-c", WHICH_WAY], input=sent, capture_output=True, cwd="/", check=False)
    assert (done.stdout.decode().strip(), done.stderr.decode()) == (way, "")
