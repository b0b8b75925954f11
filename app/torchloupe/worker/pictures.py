"""Picture files as tensors, and what was done to them in words."""

import importlib
import os
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

import torch
from torch import nn

from ..wire.errors import UsageError
from ..wire.problems import INFO, Problem

ADAPTED = "input-adapted"
"""The code of what is said about a file that was changed to become an input."""
CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's word for the colours of a picture of so many channels."""
Size = Optional[Tuple[int, int]]
"""Height and width; None is its own."""

_NO_PICTURES = (".npy", ".pt", ".pth", ".txt")
_MODE_WORDS = {
    "L": "grey",
    "P": "of a palette",
    "1": "black and white",
    "LA": "grey with transparency",
    "I;16": "grey of 16 bits",
    "I": "grey of 32 bits",
    "F": "grey of floating point numbers",
}
_HINT = "Its values are 0 to 1. To prepare it otherwise, save the tensor with torch.save and give that file."


@dataclass(frozen=True)
class Picture:
    """A picture file. ``mode`` is Pillow's word for its colours."""

    path: str
    mode: str
    width: int
    height: int
    decoded: Any

    def tensor(self, channels: int = 3, size: Size = None) -> torch.Tensor:
        """float32 [1, channels, height, width] between 0 and 1; of another ``size`` scaled until it covers that, and cut at both ends."""
        made = self._of_wide_grey(channels) if self._is_wide else self._of_bytes(channels)
        if size is None or size == (self.height, self.width):
            return made
        factor = max(size[0] / self.height, size[1] / self.width)
        cover = [max(wanted, round(factor * has)) for wanted, has in zip(size, (self.height, self.width))]
        made = nn.functional.interpolate(made, cover, mode="bilinear", align_corners=False, antialias=True)
        top, left = (cover[0] - size[0]) // 2, (cover[1] - size[1]) // 2
        return made[:, :, top : top + size[0], left : left + size[1]].clamp(0, 1)

    def said(self, channels: int, size: Size = None) -> Tuple[Problem, ...]:
        """What is done to make this tensor of it, as a remark; nothing when it is taken as it is."""
        done = self._levelled() if self._is_wide else []
        if ("L" if self._is_wide else self.mode) != CHANNELS[channels]:
            lost = " without its transparency" if self.mode in ("RGBA", "LA") and channels != 4 else ""
            done.append(f"made {_colours(CHANNELS[channels])}{lost}")
        if size is not None and size != (self.height, self.width):
            cropped = "" if size[0] * self.width == size[1] * self.height else " and cropped around its middle"
            done.append(f"scaled{cropped} to {size[1]} x {size[0]}")
        if not done:
            return ()
        shown = f"{os.path.basename(self.path)} is {_colours(self.mode)}, {self.width} x {self.height}"
        return (Problem(ADAPTED, f"{shown}; for this model it was {', then '.join(done)}.", INFO, _HINT),)

    def _of_bytes(self, channels: int) -> torch.Tensor:
        coloured = self.decoded.convert("RGB") if self.mode == "LAB" else self.decoded  # Pillow makes nothing else of it
        flat = _numbers(coloured.convert(CHANNELS[channels]), torch.uint8)
        return flat.reshape(1, self.height, self.width, channels).permute(0, 3, 1, 2).float() / 255

    # grey of more than 8 bits: Pillow would cut it off at 255

    @property
    def _is_wide(self) -> bool:
        return self.mode.startswith(("I", "F"))

    def _of_wide_grey(self, channels: int) -> torch.Tensor:
        values = self._wide_values()
        low, high = self._ends(values)
        grey = ((values - low) / ((high - low) or 1)).float().reshape(1, 1, self.height, self.width)
        return torch.cat([grey] * channels if channels < 4 else [grey] * 3 + [torch.ones_like(grey)], 1)

    def _wide_values(self) -> torch.Tensor:
        mode, dtype = ("F", torch.float32) if self.mode == "F" else ("I", torch.int32)
        values = _numbers(self.decoded.convert(mode), dtype).double()
        if not bool(values.isfinite().all()):
            what = f"{os.path.basename(self.path)} holds values that are infinite or no numbers."
            raise UsageError(what, "Replace them, and save the tensor with torch.save.")
        return values

    def _ends(self, values: torch.Tensor) -> Tuple[float, float]:
        """What becomes 0 and 1. In 32 bits there are often only 16, and floating point numbers are often 0 to 1 already."""
        low, high = float(values.min()), float(values.max())
        usual = 1.0 if self.mode == "F" else 65535.0
        return (0.0, usual) if low >= 0 and high <= usual else (low, high)

    def _levelled(self) -> List[str]:
        low, high = self._ends(self._wide_values())
        if low == 0 and high in (1, 65535):
            return ["divided by 65535"] if high > 1 else []
        return [f"stretched from [{low:g}, {high:g}] to [0, 1]"]


def is_picture(file: Optional[str]) -> bool:
    """A file that is read as a picture."""
    return bool(file) and not str(file).lower().endswith(_NO_PICTURES)


def read_picture(path: str) -> Picture:
    """Decode a file. Raises ``UsageError`` without Pillow."""
    try:
        decoder: Any = importlib.import_module("PIL.Image")
    except ImportError as error:
        raise UsageError("An image input needs Pillow in this interpreter.", "Install it there, or save a .pt file.") from error
    with decoder.open(path) as image:
        return Picture(path, image.mode, image.width, image.height, image.copy())


def _numbers(decoded: Any, dtype: torch.dtype) -> torch.Tensor:
    return torch.frombuffer(bytearray(decoded.tobytes()), dtype=dtype)


def _colours(mode: str) -> str:
    return _MODE_WORDS.get("I;16" if mode.startswith("I;16") else mode, mode)
