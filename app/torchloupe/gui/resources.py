"""Where the files of ``resources/`` lie: in the repository beside ``app/``, in an installed package inside it."""

import sys
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def resources_folder() -> Path:
    """The folder. Raises ``FileNotFoundError`` when the installation is incomplete."""
    package = Path(__file__).resolve().parents[1]
    frozen = getattr(sys, "_MEIPASS", None)
    places = [package / "resources", package.parents[1] / "resources"]
    if frozen:
        places.insert(0, Path(frozen) / "torchloupe" / "resources")
    for place in places:
        if (place / "icons").is_dir():
            return place
    raise FileNotFoundError("The icons of Torchloupe are missing. Install it again.")


def resource(*parts: str) -> Path:
    """One file of the resources, such as ``resource("icons", "run.svg")``."""
    return resources_folder().joinpath(*parts)
