"""What a source file does with an argument: words, lists, classes, configuration."""

import pytest

from torchloupe.analysis.argument_usage import Usage, argument_summaries, names_read, usages

SOURCE = """
class Net(nn.Module):
    def __init__(self, norm, layers, block, config, cfg, depth, pool="cls", act=None, **kwargs):
        self.pool = pool
        self.layers = nn.ModuleList(block(size) for size in layers)
        self.stem = make_stem(norm, mode=act)
        self.width = config.width * config.heads
        self.drop = getattr(config, "dropout", 0.1)
        self.head = cfg["head"]["classes"] + cfg.get("anchors", 3)
        self.body = Body(depth, **kwargs)
        assert self.pool in {"cls", "mean"}
        self.rnn = {"lstm": nn.LSTM, "gru": nn.GRU}[self.rnn_type]
        for each in self.depth:
            pass

def make_stem(kind, mode):
    if kind == "batch" or kind.lower() == "layer":
        return mode in ("relu", "gelu")
"""


@pytest.fixture(scope="module")
def found():
    return usages(SOURCE)


def test_that_words_are_those_an_argument_is_compared_with(found):
    assert found["pool"].words == ["cls", "mean"]


def test_that_words_are_found_in_the_function_it_is_handed_to(found):
    assert found["norm"].words == ["batch", "layer"]
    assert found["act"].words == ["relu", "gelu"]


def test_that_keys_of_a_table_are_words(found):
    assert found["rnn_type"].words == ["lstm", "gru"]


def test_that_what_is_gone_through_is_a_list_and_what_is_called_a_class(found):
    assert found["layers"].is_sequence
    assert found["block"].is_called
    assert not found["block"].is_sequence


def test_that_an_attribute_of_self_says_nothing_of_the_argument_of_its_name(found):
    assert not found.get("depth", Usage()).is_sequence


def test_that_what_is_read_of_a_configuration_is_listed(found):
    assert sorted(names_read(found["config"])) == ["dropout", "heads", "width"]
    assert sorted(names_read(found["cfg"])) == ["anchors", "head"]
    assert list(names_read(found["head"])) == ["classes"]


def test_that_a_file_that_is_no_python_has_no_usages():
    assert usages("def (") == {}
    assert usages("\0") == {}


def test_that_match_words_are_found():
    found = usages(
        "def f(kind):\n    match kind:\n        case 'a' | 'b':\n            return 1\n        case 'c':\n            return 2\n"
    )
    assert found["kind"].words == ["a", "b", "c"]


GOOGLE = """A net.

    Args:
        width (int): Channels of every layer.
        depth: How many layers,
            counted from the stem.

    Returns:
        nothing: at all
    """
NUMPY = """A net.

Parameters
----------
width : int
    Channels of every layer.
depth : int
    How many layers.
"""
SPHINX = """A net.

:param int width: Channels of every layer.
:param depth: How many layers.
"""


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX])
def test_that_the_three_usual_styles_are_read(docstring):
    found = argument_summaries(docstring)
    assert found["width"] == "Channels of every layer."
    assert found["depth"].startswith("How many layers")
    assert "nothing" not in found


def test_that_no_docstring_has_no_summaries():
    assert argument_summaries(None) == {}
    assert argument_summaries("Only a sentence: with a colon.") == {}
