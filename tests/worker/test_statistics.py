"""Statistics are exact over the whole tensor, whichever way they are made, whatever its dtype, layout, size and special values."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from torchloupe.worker.statistics import CHUNK, HISTOGRAM_LIMIT, SAMPLE, tensor_stats, why_uncountable
from torchloupe.worker.statistics.moments import Moments, sample_step
from worker.statistics_references import FLOATS, INTEGERS, SMALL_FLOATS, WAYS, assert_right, name_of

HUGE, TINY = 3e38, 1e-45


@pytest.fixture(params=WAYS, ids=name_of)
def way(request):
    torch.manual_seed(0)
    return request.param


@pytest.mark.parametrize("dtype", FLOATS, ids=name_of)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (64, 3, 9), (2049,), (CHUNK + 5,), (3, CHUNK)], ids=str)
def test_that_random_numbers_of_every_float_and_size_are_measured(way, dtype, shape):
    tensor = (torch.randn(shape) * 3 + 5).to(dtype)
    assert_right(tensor_stats(tensor, way), tensor)


@pytest.mark.parametrize("dtype", SMALL_FLOATS, ids=name_of)
def test_that_floats_of_one_byte_are_measured(way, dtype):
    tensor = (torch.randn(5000) * 3).to(dtype)
    assert_right(tensor_stats(tensor, way), tensor)
    every = torch.arange(256, dtype=torch.uint8).view(dtype)
    assert_right(tensor_stats(every, way), every)


@pytest.mark.parametrize("dtype", INTEGERS, ids=name_of)
def test_that_integers_are_measured_up_to_their_limits(way, dtype):
    limits = torch.iinfo(dtype)
    tensor = torch.tensor([limits.min, limits.max, 0, 1, 7, 7], dtype=dtype)
    assert_right(tensor_stats(tensor, way), tensor, histogram=False)
    small = torch.arange(100).to(dtype)
    assert_right(tensor_stats(small, way), small)


def test_that_booleans_are_zeros_and_ones(way):
    tensor = torch.rand(3000) > 0.3
    stats = tensor_stats(tensor, way)
    assert_right(stats, tensor)
    assert stats.histogram[0] == stats.zeros


def test_that_zeros_of_large_integers_are_counted_exactly(way):
    tensor = torch.full((1_000_003,), 2**62)
    tensor[::7] = 0
    stats = tensor_stats(tensor, way)
    assert (stats.zeros, stats.count) == (142_858, 1_000_003)
    assert stats.mean == pytest.approx(float(tensor.double().mean()), rel=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        [HUGE, -HUGE],
        [HUGE, HUGE],
        [TINY, 3 * TINY, 40 * TINY],
        [TINY, 0.0, -TINY],
        [-0.0, 0.0],
        [1e-30, 1e30, -1e20],
        [1e30, 1.0, 2.0],
        [math.inf, HUGE],
        [-math.inf, math.inf, math.nan],
        [math.nan],
        [-math.nan, 1.0],
        [math.inf, -2.0],
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=name_of)
def test_that_huge_tiny_and_special_values_are_measured(way, values, dtype):
    for times in (1, 3000):
        tensor = torch.tensor(values * times, dtype=torch.float64).to(dtype)
        assert_right(tensor_stats(tensor, way), tensor)


def test_that_doubles_at_the_ends_of_their_range_are_put_into_bins(way):
    widest = torch.tensor([-1e308, 0.0, 1e308], dtype=torch.float64)
    assert [place for place, count in enumerate(tensor_stats(widest, way).histogram) if count] == [0, 32, 63]
    assert_right(tensor_stats(widest, way), widest, histogram=False)
    smallest = torch.tensor([0.0, 5e-324, 1e-323], dtype=torch.float64)
    assert [place for place, count in enumerate(tensor_stats(smallest, way).histogram) if count] == [0, 32, 63]


def test_that_a_large_mean_with_a_small_spread_keeps_its_std(way):
    tensor = torch.randn(300_000) * 1e-2 + 1000
    assert tensor_stats(tensor, way).std == pytest.approx(float(tensor.double().std(correction=0)), rel=1e-9)
    tensor[0] = 1e6
    assert tensor_stats(tensor, way).std == pytest.approx(float(tensor.double().std(correction=0)), rel=1e-9)


def test_that_special_values_in_one_part_of_a_large_tensor_leave_the_others_alone(way):
    tensor = torch.randn(200_000)
    tensor[[3, 70_000, 199_999]] = torch.tensor([math.nan, math.inf, -math.inf])
    tensor[100_000:110_000] = -math.inf
    assert_right(tensor_stats(tensor, way), tensor)


@given(
    values=some.lists(some.floats(width=32) | some.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf]), min_size=1, max_size=80),
    times=some.sampled_from([1, 1, 60, 700]),
    dtype=some.sampled_from(FLOATS),
    way=some.sampled_from(WAYS),
)
def test_that_whatever_numbers_there_are_agree_with_double_precision(values, times, dtype, way):
    tensor = torch.tensor(values * times, dtype=torch.float64).to(dtype)
    assert_right(tensor_stats(tensor, way), tensor)


@given(some.data())
def test_that_whatever_view_of_a_tensor_is_measured_as_what_it_shows(data):
    shape = data.draw(some.lists(some.integers(1, 7), min_size=1, max_size=4))
    view = torch.arange(math.prod(shape), dtype=torch.float32).sin().view(shape)
    view = view.permute(data.draw(some.permutations(range(len(shape)))))
    for dimension in range(view.dim()):
        start = data.draw(some.integers(0, view.shape[dimension] - 1))
        view = view.narrow(dimension, start, data.draw(some.integers(1, view.shape[dimension] - start)))
    if data.draw(some.booleans()):
        view = view.unsqueeze(0).expand(3, *view.shape)
    for way in WAYS:
        assert_right(tensor_stats(view, way), view)


@pytest.mark.parametrize(
    "view",
    [
        torch.randn(30, 40).t(),
        torch.randn(4, 8, 16, 16).to(memory_format=torch.channels_last),
        torch.randn(400, 900)[:, ::3],
        torch.randn(300, 3, 500)[:, 1],
        torch.randn(70_000, 3)[:, 1:],
        torch.randn(2, 50_000, 3)[..., 1],
        torch.randn(900).unfold(0, 30, 1),
        torch.randn(3, 1, 5).expand(3, 4, 5),
        torch.randn(1).expand(300, 300),
        torch.randn(70, dtype=torch.complex64).conj().imag,
        torch.randn(5000).bfloat16()[1::2],
        torch.randn(40, 40).requires_grad_().t()[3:],
        torch.nn.Parameter(torch.randn(40, 40)),
    ],
    ids=lambda view: f"{tuple(view.shape)}{view.stride()}",
)
def test_that_odd_layouts_give_the_same_numbers(way, view):
    assert_right(tensor_stats(view, way), view.detach())


def test_that_the_ways_agree_on_the_sample_of_a_large_tensor():
    tensor = torch.randn(1 << 11, 1 << 10)
    many = [tensor_stats(tensor, way) for way in WAYS]
    assert len({stats.sampled for stats in many}) == 1
    assert max(abs(a - b) for stats in many for a, b in zip(stats.histogram, many[0].histogram, strict=True)) <= 1


def test_that_a_histogram_beyond_the_limit_says_of_how_many_it_was_made(way):
    tensor = torch.arange(HISTOGRAM_LIMIT + 1000, dtype=torch.float32)
    stats = tensor_stats(tensor, way)
    assert SAMPLE <= stats.sampled < tensor.numel()
    assert sum(stats.histogram) == stats.sampled
    assert max(stats.histogram) - min(stats.histogram) < 0.1 * stats.sampled / 64 + 2
    assert stats.max == float(tensor[-1])


def test_that_the_sample_of_a_large_view_is_an_even_one_too(way):
    tensor = torch.arange(4 * HISTOGRAM_LIMIT, dtype=torch.float32).view(-1, 2)[:, 0]
    stats = tensor_stats(tensor, way)
    assert SAMPLE <= stats.sampled < 2 * SAMPLE
    assert max(stats.histogram) - min(stats.histogram) < 0.1 * stats.sampled / 64 + 2


@pytest.mark.parametrize("elements", [HISTOGRAM_LIMIT + 1, 64 * 64 * 112 * 112, 4096 * 4096, 30030 * 64, 1 << 31])
def test_that_the_sample_favours_no_channel_and_no_position(elements):
    step = sample_step(elements)
    assert math.gcd(step, elements) == 1
    assert -(-elements // step) >= SAMPLE


def test_that_every_value_of_one_byte_is_counted_however_many_there_are(way):
    tensor = torch.ones(HISTOGRAM_LIMIT + 5, dtype=torch.int8)
    tensor[-1] = 3
    stats = tensor_stats(tensor, way)
    assert stats.sampled is None
    assert (stats.histogram[0], stats.histogram[63]) == (HISTOGRAM_LIMIT + 4, 1)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor", "ignore:.*quantized")
def test_that_quantised_values_are_measured_as_what_they_stand_for(way):
    tensor = torch.quantize_per_tensor(torch.randn(300), 0.1, 3, torch.quint8)
    assert_right(tensor_stats(tensor, way), tensor.dequantize())


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.empty(0), "is empty"),
        (torch.empty(0, 3)[:, :1], "is empty"),
        (torch.empty(3, device="meta"), "has a shape but no values"),
        (torch.randn(2, dtype=torch.complex64), "is complex, and complex numbers have no order"),
        (torch.eye(3).to_sparse(), "is not dense (sparse_coo)"),
        (torch.nn.parameter.UninitializedParameter(), "has no shape yet"),
        (torch.empty(3, dtype=torch.bits8), "is of bits8, which torch cannot turn into numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_that_what_has_no_statistics_says_why(way, tensor, reason):
    assert tensor_stats(tensor, way) is None
    assert why_uncountable(tensor) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [("FakeTensor", "has a shape but no values"), ("Sharded", "stands for others and has no memory of its own")],
)
def test_that_a_tensor_without_memory_has_no_values(way, name, reason):
    hollow = type(name, (torch.Tensor,), {"__torch_dispatch__": classmethod(lambda *_: hollow)})
    tensor = torch.Tensor._make_wrapper_subclass(hollow, (4,))
    assert tensor_stats(tensor, way) is None
    assert why_uncountable(tensor) == reason


def test_that_a_subclass_is_asked_as_the_tensor_that_it_is(way):
    class Loud(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            raise AssertionError("asked the subclass")

    plain = torch.randn(50)
    assert tensor_stats(plain.as_subclass(Loud), way) == tensor_stats(plain, way)


def test_that_a_tensor_inside_vmap_is_no_reason_to_read_foreign_memory(way):
    seen = []

    def watched(row):
        seen.append(tensor_stats(row, way))
        return row * 2

    torch.vmap(watched)(torch.randn(3, 4))
    assert seen == [None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.int8, torch.complex64], ids=name_of)
def test_that_a_default_device_of_the_user_changes_nothing(way, dtype):
    tensor = torch.randn(90).to(dtype)
    expected = tensor_stats(tensor, way)
    with torch.device("meta"):
        assert tensor_stats(tensor, way) == expected
        assert tensor_stats(tensor[::2], way) == tensor_stats(tensor[::2].clone(), way)


def test_that_asking_changes_neither_values_nor_gradients_nor_versions(way):
    tensor = torch.randn(5, requires_grad=True)
    product = tensor * 1
    before, version = product.detach().clone(), product._version
    assert tensor_stats(product, way) is not None
    assert torch.equal(product.detach(), before)
    assert product._version == version
    assert tensor.grad is None


def test_that_parts_without_a_finite_value_join_the_others():
    total = Moments(nan=2)
    total.add(Moments(2, 3.0, 2.0, 2.0, 4.0, zeros=0))
    total.add(Moments(inf=1))
    stats = total.stats([2, *[0] * 63], None)
    assert (stats.count, stats.mean, stats.std, stats.nan, stats.inf) == (5, 3.0, 1.0, 2, 1)
