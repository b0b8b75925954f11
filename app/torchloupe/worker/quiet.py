"""What a model prints and warns of in a pass that nobody asked for is for nobody."""

import contextlib
import io
import logging
import warnings
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, nothing is printed and nothing warned of. Fake tensors log each operation that they refuse as a fault of theirs."""
    log = logging.getLogger("torch._subclasses.fake_tensor")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before
