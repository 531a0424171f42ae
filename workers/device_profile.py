"""What is known of a device, and the latency that no network can beat on it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """A device's fingerprint and its two best speeds.

    `ms_per_layer` is for a layer with nothing to compute, `macs_per_ms` for multiply-accumulates in the most
    favourable shape. All fields are plain, so `asdict` of it goes through JSON.
    """

    processor: str
    cores: int
    threads: int
    precision: str
    torch: str
    ms_per_layer: float
    macs_per_ms: float

    def __post_init__(self) -> None:
        if self.cores < 1 or self.threads < 1:
            raise ValueError("a device has at least one core and one thread")
        if not (0 < self.ms_per_layer < math.inf and 0 < self.macs_per_ms < math.inf):
            raise ValueError("speeds of a device are positive and finite")

    def least_latency_ms(self, layers: int, macs: int) -> float:
        """A lower bound for one pass of a network with `layers` layers one after the other and `macs` in all.

        Real networks are several times slower: this refuses what cannot be, and promises nothing.
        """
        return max(layers * self.ms_per_layer, macs / self.macs_per_ms)


def no_processor_beats(threads: int) -> DeviceProfile:
    """What stands for a processor of which nothing is known: twice 16 products a cycle at 6 GHz, and 1 us a layer.

    The first is AVX-512 with two units at a clock that none keeps, the second less than torch takes to call anything.
    """
    return DeviceProfile("any", 1, threads, "float32", "any", ms_per_layer=1e-3, macs_per_ms=2 * 16 * 6e6 * threads)
