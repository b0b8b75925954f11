"""Passes with data in eval mode: does the output depend on chance, or on the other samples of the batch?"""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Callable, List, Optional, Tuple

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from ...analysis.registration.forward_facts import ForwardFacts
from ..input_values import SampleInput
from ..model_state import ModelState
from ..nested import map_tensors, tensors_in
from ..places import Places
from ..torch_compat import uncompiled
from . import raw
from .batch import batch_dependence
from .compared import differ
from .hidden import hidden_things
from .watch_forward import set_mode

PATIENCE_SECONDS = 5.0
"""A model that takes longer than this for one pass is not run again and again."""


class TooSlow(BaseException):
    """Not an ``Exception``: the user's code may catch those."""


class EvalPasses:
    """Runs the model in eval mode, each time from the same state. Modules that ``eval()`` does not reach, hidden ones and such as want
    it otherwise, are in eval mode too: of what they do in train mode others tell."""

    def __init__(self, model: nn.Module, before: ModelState, seed: int, check: Callable[[], None]) -> None:
        self.model = model
        self._modules = [module for _, module in raw.modules_below(model)]
        self._modules += [module for held in hidden_things(model).held for module in held.below]
        self._before = before
        self._seed = seed
        self._check = check

    def output(
        self,
        given: SampleInput,
        other_seed: bool = False,
        within: "Optional[AbstractContextManager[Any]]" = None,
        prepare: Callable[[], None] = lambda: None,
    ) -> List[torch.Tensor]:
        """The tensors that come out, detached. Raises what the model raises, and ``TooSlow``."""
        self._before.restore()
        set_mode(self.model, False)
        for module in self._modules:
            raw.module_vars(module)["training"] = False
        prepare()
        torch.manual_seed(self._seed + int(other_seed))
        until = time.monotonic() + PATIENCE_SECONDS

        def hook(_module: nn.Module, _args: Any) -> None:
            self._check()
            if time.monotonic() > until:
                raise TooSlow

        handle = register_module_forward_pre_hook(hook)
        mine = SampleInput(map_tensors(given.positional, torch.clone), map_tensors(given.keywords, torch.clone), given.source)
        try:
            with uncompiled(), within or nullcontext():
                output = self.model(*mine.positional, **mine.keywords)
        finally:
            handle.remove()
        return [tensor.detach().clone() for _, tensor in tensors_in(output)]


def looked_at_modes(
    facts: ForwardFacts,
    model: nn.Module,
    given: SampleInput,
    before: ModelState,
    places: Places,
    seed: int,
    check: Callable[[], None],
) -> Tuple[ForwardFacts, str]:
    """The facts with what eval mode adds to them, and a note when it could not be looked at."""
    passes = EvalPasses(model, before, seed, check)
    try:
        once, again = passes.output(given), passes.output(given, other_seed=True)
        random = len(once) != len(again) or any(differ(*pair) for pair in zip(once, again))
        dropouts = tuple(replace(dropout, changes_output=random) for dropout in facts.dropouts)
        facts = replace(facts, dropouts=dropouts)
        return (facts if random else replace(facts, batch=batch_dependence(passes, given, once, places))), ""
    except TooSlow:
        return facts, f"A pass takes longer than {PATIENCE_SECONDS:g} s: the modes were not compared on data."
    except (Exception, SystemExit):
        return facts, ""  # in eval mode it does not run, which the watched pass has told
    finally:
        before.restore()
