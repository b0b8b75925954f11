"""Models of the registration zoo, imported without what opening a target does beside."""

import importlib.util
import sys

from torchloupe.worker.places import Places
from torchloupe.worker.target import Target


def target_in(file, name):
    """A class or factory of a file, imported anew, as a target."""
    spec = importlib.util.spec_from_file_location(f"zoo_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return Target(f"{file}:{name}", module, str(file), name, getattr(module, name), Places(str(file.parent)))
