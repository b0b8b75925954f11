"""What a watched pass showed of the values that flow, as plain facts. The worker gathers them, the files beside this one judge."""

from dataclasses import dataclass
from typing import Optional, Tuple

from ..registration.forward_facts import NOWHERE, Spot

NAN = "NaN"
INF = "Inf"


@dataclass(frozen=True)
class Operand:
    """A tensor that went into an operation. ``name`` is said of inputs, parameters and buffers alone.

    ``low`` and ``high`` are over the finite values, ``nan`` and ``inf`` are counts. ``value`` is the one that stands where the first
    bad value came out; None where the two do not line up.
    """

    shape: Tuple[int, ...]
    dtype: str
    name: str = ""
    low: Optional[float] = None
    high: Optional[float] = None
    nan: int = 0
    inf: int = 0
    value: Optional[float] = None


@dataclass(frozen=True)
class Birth:
    """Where NaN or Inf (``kind``) appeared first: an ``operation`` whose operands had none, or a value that came in so.

    ``function`` is torch's own name of it, empty for what came in. ``shape``, ``dtype``, ``count`` and ``index`` (of the first) are of
    what came out. ``dimension`` is that of a softmax, ``all_masked`` says that all along it is -inf there. ``scalars`` are the numbers
    among its arguments.

    ``because`` is the Inf that a NaN was made of; ``reaches_output`` whether the model's answer has it. ``ignored`` counts
    the targets that a loss leaves out when it leaves out all of them. ``is_negative``: every Inf is -inf. ``is_written``: it was written
    there as a constant, or lay there in fresh memory.
    """

    kind: str
    operation: str
    function: str
    module: str
    spot: Spot = NOWHERE
    operands: Tuple[Operand, ...] = ()
    shape: Tuple[int, ...] = ()
    dtype: str = ""
    count: int = 0
    index: Tuple[int, ...] = ()
    dimension: Optional[int] = None
    all_masked: bool = False
    scalars: Tuple[float, ...] = ()
    because: "Optional[Birth]" = None
    reaches_output: bool = False
    ignored: Optional[int] = None
    is_negative: bool = False
    is_written: bool = False


@dataclass(frozen=True)
class GradientBirth:
    """Where a gradient became NaN or Inf: ``node`` is autograd's name of it, ``operation`` what made it in the forward pass.

    ``value`` is that of the operand at the first bad place, ``count`` how many gradients are bad there. ``parameters`` are those that
    end up with NaN or Inf.
    """

    kind: str
    node: str
    operation: str
    function: str
    module: str
    spot: Spot = NOWHERE
    operands: Tuple[Operand, ...] = ()
    count: int = 0
    index: Tuple[int, ...] = ()
    parameters: Tuple[str, ...] = ()


@dataclass(frozen=True)
class QuietUnits:
    """Units of an activation (``operation``) that stood still over the batch and all positions.

    ``dead`` of ``units`` were 0 in all ``observations``; ``cannot`` of those have a bias that outweighs inputs of this size, so that no
    other batch wakes them. ``limited`` is the share of values at the limits of a sigmoid or a tanh, ``low`` and ``high`` what
    went in. ``layer`` is the path of the layer before it.
    """

    operation: str
    module: str
    spot: Spot
    layer: str = ""
    units: int = 0
    observations: int = 0
    dead: int = 0
    cannot: int = 0
    limited: float = 0.0
    low: float = 0.0
    high: float = 0.0
    is_answer: bool = False


@dataclass(frozen=True)
class OneOnly:
    """An operation over a dimension of size 1, after which nothing is left: a softmax gives 1, a norm its bias."""

    operation: str
    module: str
    spot: Spot
    layer: str = ""
    shape: Tuple[int, ...] = ()
    dimension: Optional[int] = None


@dataclass(frozen=True)
class InputFacts:
    """A tensor of the model's input: what its values are, and what the model does with it first.

    ``index`` is where its first NaN stands. ``still`` are the features (of a table of samples and features) with one value in all
    samples, ``widest`` the largest ratio between the standard deviations of two features. ``first_use`` is the operation that takes it.
    """

    name: str
    shape: Tuple[int, ...]
    dtype: str
    nan: int = 0
    inf: int = 0
    index: Tuple[int, ...] = ()
    low: Optional[float] = None
    high: Optional[float] = None
    mean: Optional[float] = None
    std: Optional[float] = None
    still: Tuple[int, ...] = ()
    widest: float = 1.0
    is_used: bool = True
    first_use: str = ""
    used_at: Spot = NOWHERE


@dataclass(frozen=True)
class NormFacts:
    """A BatchNorm when it was called: whether it took those of the batch though it stores some, and how far these are from what arrived.

    ``off`` is the distance of the means in stored standard deviations, ``wider`` the ratio of the standard deviations, both the median
    over the channels. ``is_trained``: its stored statistics were counted from batches.
    """

    module: str
    class_name: str
    spot: Spot
    uses_batch: bool
    is_trained: bool = False
    off: float = 0.0
    wider: float = 1.0


@dataclass(frozen=True)
class ValueFacts:
    """All that one watched pass showed, ``births`` in the order in which they happened.

    ``is_own_input``: the values of the input are a person's, not made up. ``model_trains`` is the mode that the model is in.
    """

    births: Tuple[Birth, ...] = ()
    quiet: Tuple[QuietUnits, ...] = ()
    ones: Tuple[OneOnly, ...] = ()
    inputs: Tuple[InputFacts, ...] = ()
    norms: Tuple[NormFacts, ...] = ()
    is_own_input: bool = False
    model_trains: bool = True
