"""Keyed draws: every random choice is a pure function of (seed, path of the declaration, index).

No generator has a state, so nothing that is added elsewhere moves a draw. All arithmetic is on unsigned
64-bit integers and the same everywhere. The mixer is SplitMix64's finaliser (Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014); permutations are Feistel networks with cycle walking
(Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_ROUNDS = 6


def mix(x: Words) -> Words:
    """A bijection of 64-bit words that looks random."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * _M1
        x = (x ^ (x >> np.uint64(27))) * _M2
        return x ^ (x >> np.uint64(31))


def path_word(path: str) -> np.uint64:
    """64 bits that stand for a declaration's path."""
    return np.uint64(int.from_bytes(blake2b(path.encode(), digest_size=8).digest(), "little"))


def seed_word(kind: str, seed: int) -> np.uint64:
    """The 64-bit seed of one world: `kind` keeps evaluation worlds and episodes apart."""
    return path_word(f"{kind}/{seed}")


def draw(seed: Words | np.uint64, path: str, index: Words | NDArray[np.int64] | int) -> Words:
    """64 random bits for each (seed, index) under a path; seed and index broadcast."""
    with np.errstate(over="ignore"):
        key = mix(np.asarray(seed, np.uint64) ^ path_word(path))
        return mix(key + (np.asarray(index).astype(np.uint64) + np.uint64(1)) * _GOLDEN)


def below(bits: Words, n: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Integers from 0 to n - 1 out of random bits; n is less than 2^32 and the bias below n / 2^32."""
    high = bits >> np.uint64(32)
    return ((high * np.asarray(n).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


def scaled(bits: Words, n: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Integers from 0 to n - 1 out of all 64 random bits, for n up to 2^62: floor(bits * n / 2^64)."""
    low_half = np.uint64(0xFFFFFFFF)
    size = np.asarray(n).astype(np.uint64)
    half = np.uint64(32)
    high, low = bits >> half, bits & low_half
    size_high, size_low = size >> half, size & low_half
    middle = high * size_low + (low * size_low >> half)
    carried = low * size_high + (middle & low_half)
    return (high * size_high + (middle >> half) + (carried >> half)).astype(np.int64)


def permute(
    seed: Words | np.uint64, path: str, index: NDArray[np.int64], n: int | NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where a random permutation of 0..n-1 sends each index; seed, index and n broadcast.

    Every (seed, path, n) has its own permutation, and the first k values do not depend on how many are
    asked for, so that raising a count keeps the first ones.
    """
    key, x, size = np.broadcast_arrays(mix(np.asarray(seed, np.uint64) ^ path_word(path)), index, n)
    if x.size and (int(x.min()) < 0 or bool((x >= size).any())):
        raise ValueError("an index to permute must be from 0 to n - 1")
    half = (_bit_length(size - 1) + np.uint64(1)) >> np.uint64(1)
    half = np.maximum(half, np.uint64(1))
    mask = (np.uint64(1) << half) - np.uint64(1)
    value = x.astype(np.uint64)
    out = np.empty(x.shape, np.int64)
    flat_out, flat_key, flat_value = out.reshape(-1), key.reshape(-1), value.reshape(-1)
    flat_half, flat_mask = half.reshape(-1), mask.reshape(-1)
    flat_size = size.reshape(-1).astype(np.uint64)
    active = np.arange(out.size)
    while active.size:  # a value that falls outside 0..n-1 walks on along its cycle until it is inside
        walked = _feistel(flat_key[active], flat_value[active], flat_half[active], flat_mask[active])
        inside = walked < flat_size[active]
        flat_out[active[inside]] = walked[inside].astype(np.int64)
        flat_value[active] = walked
        active = active[~inside]
    return out


def _bit_length(x: NDArray[np.int64]) -> Words:
    bits = np.zeros(x.shape, np.uint64)
    for position in range(int(x.max(initial=0)).bit_length()):
        bits += (x >> position) > 0
    return bits


def _feistel(key: Words, value: Words, half: Words, mask: Words) -> Words:
    left, right = value >> half, value & mask
    with np.errstate(over="ignore"):
        for round in range(_ROUNDS):
            scrambled = mix(key + (right + np.uint64(1)) * _GOLDEN + np.uint64(round + 1) * _M1)
            left, right = right, (left ^ scrambled) & mask
    return (left << half) | right
