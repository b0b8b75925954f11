"""Passes with data in eval mode: does the output depend on chance, or on the other samples of the batch?"""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Callable, List, Optional, Tuple

import torch

from ...analysis.registration.forward_facts import ForwardFacts
from ..input_values import SampleInput
from ..model_state import ModelState
from ..nested import map_tensors, tensors_in
from ..places import Places
from ..side_effects import SideEffects
from ..torch_compat import uncompiled
from ..walked import Walked
from . import raw
from .batch import batch_dependence
from .call_watch import EveryCall
from .compared import differ
from .watch_forward import set_mode

PATIENCE_SECONDS = 5.0
"""A model that takes longer than this for one pass is not run again and again."""


class TooSlow(BaseException):
    """Not an ``Exception``: the user's code may catch those."""


def patient(check: Callable[[], None]) -> Callable[[], None]:
    """``check``, which raises ``TooSlow`` when it is called later than that from now."""
    until = time.monotonic() + PATIENCE_SECONDS

    def checked() -> None:
        check()
        if time.monotonic() > until:
            raise TooSlow

    return checked


class EvalPasses:
    """Runs the model in eval mode, each time from the state ``before``, in which it is now. Modules that ``eval()`` does not reach, hidden
    ones and such as want it otherwise, are in eval mode too: of what they do in train mode others tell. What a pass writes goes nowhere.
    """

    def __init__(self, walked: Walked, before: ModelState, seed: int, check: Callable[[], None]) -> None:
        self.model = walked.model
        self.walked = walked
        self._modules = [module for _, module in walked.each]
        self._modules += [module for held in walked.hidden.held for module in held.below]
        self._before = before
        self._seed = seed
        self._check = check
        self._is_used = False

    def output(
        self,
        given: SampleInput,
        other_seed: bool = False,
        within: "Optional[AbstractContextManager[Any]]" = None,
        prepare: Callable[[], None] = lambda: None,
    ) -> List[torch.Tensor]:
        """The tensors that come out, detached. Raises what the model raises, and ``TooSlow``."""
        if self._is_used:
            self._before.restore()
        self._is_used = True
        set_mode(self.model, False, self.walked)
        for module in self._modules:
            raw.module_vars(module)["training"] = False
        prepare()
        torch.manual_seed(self._seed + int(other_seed))
        check = patient(self._check)
        effects = SideEffects(diverted=True, files=self._before.files)
        mine = SampleInput(map_tensors(given.positional, torch.clone), map_tensors(given.keywords, torch.clone), given.source)
        with uncompiled(), effects, EveryCall(lambda _module: check()), within or nullcontext():
            output = self.model(*mine.positional, **mine.keywords)
        return [tensor.detach().clone() for _, tensor in tensors_in(output)]

    def is_random(self, given: SampleInput, once: List[torch.Tensor]) -> bool:
        """Whether another seed than that of ``once`` gives something else."""
        again = self.output(given, other_seed=True)
        return len(once) != len(again) or any(differ(*pair) for pair in zip(once, again))


def looked_at_modes(
    facts: ForwardFacts, passes: EvalPasses, given: SampleInput, places: Places, once: Optional[List[torch.Tensor]] = None
) -> Tuple[ForwardFacts, str]:
    """The facts with what eval mode adds to them, and a note when it could not be looked at. ``once`` is what came out of a pass in
    eval mode, where there was one. The model is left as the last pass left it.

    That nothing depends on chance is asked only where something else hangs on it: a dropout that was seen, samples that seem mixed.
    """
    try:
        once = passes.output(given) if once is None else once
        if facts.dropouts:
            random = passes.is_random(given, once)
            dropouts = tuple(replace(dropout, changes_output=random) for dropout in facts.dropouts)
            facts = replace(facts, dropouts=dropouts)
            if random:
                return facts, ""
        return replace(facts, batch=batch_dependence(passes, given, once, places)), ""
    except TooSlow:
        return facts, f"A pass takes longer than {PATIENCE_SECONDS:g} s: the modes were not compared on data."
    except (Exception, SystemExit):
        return facts, ""  # in eval mode it does not run, which the watched pass has told
