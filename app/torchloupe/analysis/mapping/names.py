"""How alike two names are: words that mean the same, words that begin alike, and what the assignment so far has taught."""

import re
from collections import Counter
from math import log
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Sequence, Tuple

from .units import Path


class Words(NamedTuple):
    """The words of a path; those of its last part, which says what the thing does, begin at ``role``."""

    all: Tuple[str, ...]
    role: int


_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
_AFTER = re.compile(r"^(post|after)_[a-z]+(?=_)")
"""What a thing comes after is not what it is: ``post_attention_norm`` stands before the next layer."""
_NUMBERED = re.compile(r"^(\D*)(\d+)$")
_ALIKE = (
    "norm ln layernorm bn batchnorm gn groupnorm normalization normalize rmsnorm",
    "attn attention att mha selfattn crossattention crossattn",
    "embed embedding embeddings emb tok wte token",
    "pos position positional wpe",
    "cls class",
    "fc dense linear lin",
    "conv convolution convolutional",
    "proj projection",
    "q query queries wq",
    "k key keys wk",
    "v value values wv",
    "out output o wo",
    "mlp ffn feedforward ff",
    "block blocks layer layers resblock resblocks h stage stages level levels features",
    "up expand expansion",
    "down downsample reduce reduction downsampling downsampler",
    "upsample upsampler upsamplers upsampling",
    "downsample shortcut residual skip",
    "head classifier fc logits predictions lm output",
    "enc encoder",
    "dec decoder",
    "vision visual image img",
    "text language txt",
    "dw depthwise dwconv",
    "pw pointwise pwconv",
    "se squeeze excite",
    "pre before input",
    "post after",
    "final last ln",
    "ls gamma layerscale lambda scale",
    "stem embedder conv",
    "patch patches patchify",
    "gate gated w1",
    "down w2",
    "up w3",
    "aux auxiliary",
    "pool pooler",
    "rel relative",
    "dist distillation",
    "mem memory",
    "cross encdec encoder",
)
_GROUPS: Dict[str, FrozenSet[int]] = {}
for _number, _line in enumerate(_ALIKE):
    for _each in _line.split():
        _GROUPS[_each] = _GROUPS.get(_each, frozenset()) | {_number}


def words_of(path: Path) -> Words:
    """The words of a path, small: ``("layers", "0", "selfAttn", "conv1")`` gives ``layers layers#0 self attn`` and ``conv1``.

    A number that stands alone carries the word before it.
    """
    words: List[str] = []
    before, end = "", 0
    for part in path:
        end = len(words)
        for word in _WORD.findall(_AFTER.sub(r"\1", part)):
            if word.isdigit():
                words.append(f"{before}#{int(word)}")
            else:
                before = word.lower()
                words.append(before)
    return Words(tuple(words), end)


def likeness(one: str, other: str) -> float:
    """0 to 1 for two words, before anything was learned."""
    if one == other:
        return 0.8 if "#" in one else 1.0
    if "#" in one or "#" in other:
        return 0.7 if "#" in one and "#" in other and one.partition("#")[2] == other.partition("#")[2] else 0.0
    if not _GROUPS.get(one, frozenset()).isdisjoint(_GROUPS.get(other, frozenset())):
        return 0.85
    mine, theirs = _NUMBERED.match(one), _NUMBERED.match(other)
    if mine and theirs:
        return _stems_alike(mine[1], theirs[1]) * (1.0 if mine[2] == theirs[2] else 0.4)
    if mine or theirs:
        return 0.7 * _stems_alike(mine[1] if mine else one, theirs[1] if theirs else other)
    return _stems_alike(one, other)


def _stems_alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if not _GROUPS.get(one, frozenset()).isdisjoint(_GROUPS.get(other, frozenset())):
        return 0.85
    short, long = sorted((one, other), key=len)
    if len(short) >= 2 and long.startswith(short):
        return 0.7
    if len(short) >= 3 and short in long:
        return 0.6
    mine, theirs = _pairs(one), _pairs(other)
    return 0.6 * 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0


def _pairs(word: str) -> FrozenSet[str]:
    return frozenset(word[i : i + 2] for i in range(len(word) - 1))


ROLE = 0.4
"""How much the last part of a name counts by itself: it says what the thing does, the others where it is."""


class Likeness:
    """Compares the names of two sides, which go by their places in the two lists. ``learn`` tells it which belong together."""

    def __init__(self, ones: Sequence[Words], others: Sequence[Words]) -> None:
        mine, theirs = _rarity(ones), _rarity(others)
        self._sides = [_Name(words, mine) for words in ones], [_Name(words, theirs) for words in others]
        self._known: Dict[str, Dict[str, float]] = {}
        self._taught: Dict[str, Dict[str, float]] = {}
        self._turned: Dict[str, Dict[str, float]] = {}

    def learn(self, pairs: Iterable[Tuple[int, int]]) -> None:
        """Words that occur together in pairs mean the same, the more so the less they occur without each other."""
        together: Dict[str, Dict[str, float]] = {}
        mine: Dict[str, float] = {}
        theirs: Dict[str, float] = {}
        for one, other in pairs:
            there = self._sides[1][other].words
            for word in self._sides[0][one].words:
                mine[word] = mine.get(word, 0.0) + 1
                held = together.setdefault(word, {})
                for each in there:
                    held[each] = held.get(each, 0.0) + 1
            for each in there:
                theirs[each] = theirs.get(each, 0.0) + 1
        self._taught = {
            word: {each: 2 * count / (mine[word] + theirs[each]) for each, count in held.items()}
            for word, held in together.items()
        }
        self._turned = {}
        for word, held in self._taught.items():
            for each, share in held.items():
                self._turned.setdefault(each, {})[word] = share
        for side in self._sides:
            for name in side:
                name.nearest.clear()
                name.nearest_role.clear()

    def __call__(self, one: int, other: int) -> float:
        """0 to 1: how much of both names is explained by the other."""
        mine, theirs = self._sides[0][one], self._sides[1][other]
        if not mine.weight or not theirs.weight:
            return 0.0
        whole = role = 0.0
        for word, weight in mine.weights:
            whole += weight * (theirs.nearest.get(word) or self._near(word, theirs.words, theirs.nearest, self._taught))
        for word, weight in theirs.weights:
            whole += weight * (mine.nearest.get(word) or self._near(word, mine.words, mine.nearest, self._turned))
        for word, weight in mine.role_weights:
            role += weight * (theirs.nearest_role.get(word) or self._near(word, theirs.role, theirs.nearest_role, self._taught))
        for word, weight in theirs.role_weights:
            role += weight * (mine.nearest_role.get(word) or self._near(word, mine.role, mine.nearest_role, self._turned))
        return (1 - ROLE) * whole / (mine.weight + theirs.weight) + ROLE * role / (mine.role_weight + theirs.role_weight)

    def _near(self, word: str, words: Sequence[str], nearest: Dict[str, float], taught: Dict[str, Dict[str, float]]) -> float:
        """How like the word is to that one of ``words`` that is most like it; remembered in ``nearest``."""
        known, learned = self._known.setdefault(word, {}), taught.get(word, {})
        best = 1e-9
        for each in words:
            alike = known.get(each)
            if alike is None:
                alike = known[each] = likeness(word, each)
            if self._taught:
                alike = max(0.4 * alike + 0.6 * learned.get(each, 0.0), 0.9 * alike if alike >= 0.85 else 0.0)
            best = max(best, alike)
        nearest[word] = best
        return best


class _Name:
    """The words of one name with their weights, and which words of the other side it was compared with already."""

    __slots__ = ("nearest", "nearest_role", "role", "role_weight", "role_weights", "weight", "weights", "words")

    def __init__(self, words: Words, rarity: Dict[str, float]) -> None:
        self.words, self.role = tuple(dict.fromkeys(words.all)), tuple(dict.fromkeys(words.all[words.role :]))
        self.weights = [(word, rarity[word]) for word in words.all]
        self.role_weights = [(word, rarity[word]) for word in words.all[words.role :]]
        self.weight = sum(weight for _, weight in self.weights)
        self.role_weight = sum(weight for _, weight in self.role_weights) or 1.0
        self.nearest: Dict[str, float] = {}
        self.nearest_role: Dict[str, float] = {}


def _rarity(names: Sequence[Words]) -> Dict[str, float]:
    """A word that is in every name says little."""
    counts = Counter(word for words in names for word in set(words.all))
    return {word: (0.5 if "#" in word else 1.0) * log(1 + 2 * len(names) / count) for word, count in counts.items()}
