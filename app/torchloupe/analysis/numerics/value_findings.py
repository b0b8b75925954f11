"""What a watched pass means: units that never fire, functions at their limits, inputs nobody scaled, norms that look at the batch."""

from typing import List

from ...wire.problems import INFO, WARNING, Fix, Problem
from ..wording import counted, number_text, shape_text
from .facts import InputFacts, NormFacts, OneOnly, QuietUnits, ValueFacts
from .origin_findings import origin_problems

DEAD_UNITS, SATURATED_UNITS, CONSTANT_OUTPUT, INPUT_RANGE = "dead-units", "saturated-units", "constant-output", "input-range"
UNUSED_INPUT, BATCH_STATISTICS, OTHER_STATISTICS = "unused-input", "batch-statistics-in-eval", "statistics-differ"

_DEAD_SHARE = 0.1
_ALL_DEAD = 16
_LIMITED_SHARE = 0.95
_UNSCALED = 30.0
_WIDEST = 1000.0
_FAR, _NEAR = 10.0, 4.0
_WEIGHTED = ("linear", "conv1d", "conv2d", "conv3d", "matmul", "@", "addmm", "bmm")


def value_problems(facts: ValueFacts) -> List[Problem]:
    """One problem for each cause. Where NaN flows nothing else is said: it would follow from that."""
    origins = origin_problems(facts.births, facts.inputs)
    if any(problem.severity != INFO for problem in origins):
        return origins
    problems = origins + [_one_only(each) for each in facts.ones]
    problems += [_dead(each) for each in facts.quiet if _is_dead(each)]
    unscaled = [each for each in facts.inputs if facts.is_own_input and _is_unscaled(each)]
    problems += [_unscaled(each, bool(facts.norms)) for each in unscaled]
    limited = [each for each in facts.quiet if each.limited >= _LIMITED_SHARE and not each.is_answer]
    problems += [] if unscaled else [_limited(each) for each in limited[:1]]
    problems += [_uneven(each) for each in facts.inputs if facts.is_own_input and each not in unscaled and _is_uneven(each)]
    problems += [_unused(each) for each in facts.inputs if not each.is_used]
    return problems + _norms(facts)


def _is_dead(units: QuietUnits) -> bool:
    """Dead for good, by the bias; one batch in which some units rest says nothing, as random weights do that, too."""
    return units.cannot >= max(2, _DEAD_SHARE * units.units) or (units.dead == units.units >= _ALL_DEAD)


def _dead(units: QuietUnits) -> Problem:
    of = f"`{units.layer}`" if units.layer else "the layer before it"
    if units.cannot:
        why = f"the bias of {of} keeps {units.cannot} of them below 0 for all inputs of this size"
        hint = f"Start the bias of {of} at 0 (`nn.init.zeros_`), or train again with a smaller learning rate."
    else:
        why = f"what {of} gives is negative everywhere"
        hint = (
            f"Look at the weights of {of} and at what it is given; a smaller learning rate or `nn.LeakyReLU` keeps units alive."
        )
    message = (
        f"{units.dead} of {counted(units.units, 'unit')} of `{units.operation}` never fire in "
        f"{counted(units.observations, 'observation')}: "
        f"{why}. They give 0 and get no gradient."
    )
    data = {"dead": units.dead, "cannot_fire": units.cannot, "units": units.units, "layer": units.layer}
    return Problem(
        DEAD_UNITS,
        message,
        WARNING,
        hint,
        module=units.layer or units.module,
        file=units.spot.file,
        line=units.spot.line,
        fixes=(Fix("edit_source", hint, module=units.layer or None),),
        data={**data, "activation": units.module, "observations": units.observations},
    )


def _limited(units: QuietUnits) -> Problem:
    before = f"`{units.layer}` gives it" if units.layer else "It gets"
    message = (
        f"{units.limited:.0%} of the values of `{units.operation}` are at its limits, where it has no slope. {before} values from "
        f"{number_text(units.low)} to {number_text(units.high)}."
    )
    hint = "Scale what goes in: normalise the input or the layer before, or start with smaller weights."
    data = {"share": units.limited, "low": units.low, "high": units.high, "layer": units.layer}
    return Problem(
        SATURATED_UNITS, message, WARNING, hint, module=units.module, file=units.spot.file, line=units.spot.line, data=data
    )


def _one_only(each: OneOnly) -> Problem:
    if each.operation.endswith("softmax"):
        result = "0" if each.operation.startswith("log") else "1"
        of = f"`{each.layer}` gives one value for each sample" if each.layer else f"its dimension {each.dimension} has one value"
        message = f"`{each.operation}` always gives {result} here: {of}. Nothing can be learned through it."
        hint = "Use `torch.sigmoid` for one value, or give the layer before two or more outputs."
    else:
        message = f"`{each.operation}` normalises a single value {shape_text(each.shape)}: it gives its bias, whatever comes in."
        hint = "Normalise over more than one feature, or leave the norm out."
    return Problem(
        CONSTANT_OUTPUT,
        message,
        WARNING,
        hint,
        module=each.module,
        file=each.spot.file,
        line=each.spot.line,
        fixes=(Fix("edit_source", hint),),
        data={"layer": each.layer, "shape": list(each.shape)},
    )


def _is_unscaled(facts: InputFacts) -> bool:
    """Large numbers that go into a weighted sum as they are."""
    largest = max(abs(facts.low or 0.0), abs(facts.high or 0.0))
    return largest > _UNSCALED and facts.first_use in _WEIGHTED and (facts.std or 0.0) > 1.0


def _unscaled(facts: InputFacts, has_norms: bool) -> Problem:
    picture = (facts.low or 0.0) >= 0 and 128 < (facts.high or 0.0) <= 255
    text = f"`{facts.name}` goes into `{facts.first_use}` with values from {number_text(facts.low)} to {number_text(facts.high)}"
    spread = f" (mean {number_text(facts.mean)}, standard deviation {number_text(facts.std)})"
    why = "as pixels are stored" if picture else "far from the range around 1 that weights start for"
    each = "Subtract the mean of each feature and divide by its standard deviation."
    hint = "Divide by 255, and subtract the mean of the data." if picture else each
    data = {"input": facts.name, "min": facts.low, "max": facts.high, "mean": facts.mean, "std": facts.std}
    return Problem(
        INPUT_RANGE,
        f"{text}{spread}: {why}.",
        INFO if has_norms else WARNING,
        hint,
        module="",
        file=facts.used_at.file,
        line=facts.used_at.line,
        fixes=(Fix("change_input", hint),),
        data=data,
    )


def _is_uneven(facts: InputFacts) -> bool:
    return facts.widest > _WIDEST or bool(facts.still)


def _uneven(facts: InputFacts) -> Problem:
    parts = [f"feature {number}" for number in facts.still[:3]]
    said = [f"{', '.join(parts)} of `{facts.name}` has the same value in all samples"] if parts else []
    said += (
        [f"the features of `{facts.name}` differ in spread by a factor of {facts.widest:.3g}"] if facts.widest > _WIDEST else []
    )
    message = "; ".join(said)
    hint = "Leave out what never changes, and bring each feature to mean 0 and standard deviation 1."
    data = {"input": facts.name, "constant": list(facts.still), "widest": facts.widest}
    return Problem(INPUT_RANGE, f"{message[0].upper()}{message[1:]}.", INFO, hint, module="", data=data)


def _unused(facts: InputFacts) -> Problem:
    message = f"The input `{facts.name}` is given and no operation of the model takes it: the answer cannot depend on it."
    hint = "Use it in forward, or leave it out of the arguments."
    return Problem(UNUSED_INPUT, message, INFO, hint, module="", data={"input": facts.name, "shape": list(facts.shape)})


def _norms(facts: ValueFacts) -> List[Problem]:
    """Batch statistics where the model is to predict; then stored statistics that what arrives does not have, the first layer alone."""
    batch = [each for each in facts.norms if each.uses_batch] if not facts.model_trains else []
    if batch:
        return [_of_batch(batch)]
    known = [each for each in facts.norms if each.is_trained and not each.uses_batch]
    off = [each for each in known if each.off > _NEAR or each.wider > _FAR] if facts.is_own_input else []
    return [_off(off[0], len(off), len(known), off[0] is known[0])] if off else []


def _of_batch(norms: List[NormFacts]) -> Problem:
    first = norms[0]
    others = f" and {counted(len(norms) - 1, 'other')}" if len(norms) > 1 else ""
    message = (
        f"The model is in eval mode, but `{first.module}` ({first.class_name}){others} takes the statistics of the batch: the answer for a "
        "sample depends on the others, and its stored statistics keep changing."
    )
    hint = "Call `model.eval()` after all parts are made and loaded, and nothing that calls `train()` afterwards."
    data = {"modules": [each.module for each in norms]}
    return Problem(
        BATCH_STATISTICS, message, WARNING, hint, module=first.module, file=first.spot.file, line=first.spot.line, data=data
    )


def _off(first: NormFacts, count: int, known: int, is_first: bool) -> Problem:
    message = (
        f"What reaches `{first.module}` ({first.class_name}) is not what its stored statistics were counted from: its means are off by "
        f"{number_text(first.off)} standard deviations, it spreads {number_text(first.wider)} times as wide. So it is in {count} of "
        f"{known} such layers."
    )
    hint = "Scale this input as the training data was scaled (mean, standard deviation, 0 to 1 or 0 to 255, RGB or BGR)."
    severity = WARNING if is_first and (first.off > _FAR or first.wider > _FAR * _FAR) else INFO
    data = {"off": first.off, "wider": first.wider, "layers": count}
    return Problem(
        OTHER_STATISTICS, message, severity, hint, module=first.module, file=first.spot.file, line=first.spot.line, data=data
    )
