"""Random draws: numpy's Generator in pre-drawn blocks, since one draw at a time is ten times slower."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

_BLOCK = 16384
T = TypeVar("T")


class Choice(Generic[T]):
    """A weighted choice between fixed options.

    Args:
        options: pairs of option and relative weight; weights need not sum to one.
    """

    __slots__ = ("_limits", "options")

    def __init__(self, options: Iterable[tuple[T, float]]) -> None:
        pairs = [(option, weight) for option, weight in options if weight > 0]
        self.options: list[T] = [option for option, _ in pairs]
        self._limits = list(accumulate(weight for _, weight in pairs))

    def at(self, uniform: float) -> T:
        """The option at a place between 0 and 1."""
        return self.options[bisect_right(self._limits, uniform * self._limits[-1], hi=len(self.options) - 1)]


class Sampler:
    """All randomness of a run comes from here, in the order of the calls: same seed, same run."""

    def __init__(self, seed: int | Sequence[int]) -> None:
        self.rng = np.random.default_rng(seed)
        self._uniforms: list[float] = []
        self._normals: list[float] = []
        self._hex = ""

    def uniform(self) -> float:
        """A number in [0, 1)."""
        if not self._uniforms:
            self._uniforms = self.rng.random(_BLOCK).tolist()
        return self._uniforms.pop()

    def normal(self) -> float:
        """A number from the standard normal distribution."""
        if not self._normals:
            self._normals = self.rng.standard_normal(_BLOCK).tolist()
        return self._normals.pop()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def seconds(self, mean: float, sigma: float = 0.5, low: int = 1, high: int = 7200) -> int:
        """Whole seconds from a log-normal distribution with this mean, cut to [low, high]."""
        drawn = math.exp(math.log(mean) - sigma * sigma / 2 + sigma * self.normal())
        return min(high, max(low, round(drawn)))

    def exponential(self, mean: float) -> float:
        """Seconds from an exponential distribution."""
        return -mean * math.log(1.0 - self.uniform())

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.uniform() * len(options))]

    def uuid(self) -> str:
        """A 128-bit identifier in the usual 8-4-4-4-12 form."""
        if not self._hex:
            self._hex = self.rng.bytes(_BLOCK).hex()
        drawn, self._hex = self._hex[:32], self._hex[32:]
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"
