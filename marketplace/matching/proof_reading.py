"""Reads every eligible pair once, for the proof.

It shares no code with the engine: people lie in bands of latitude, in each by longitude; around a post the bands within the
radius are read from end to end. A pair whose chord alone makes it too long or too dear needs no exact look, all others get one.
"""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from .compiled import compiled

EARTH_RADIUS_KM = 6371.0088
U = np.uint64
_FAR = 1 << 62


def _count_bits(context, mask):
    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


#: bits set
_ones: Any = intrinsic(_count_bits)


@compiled
def _hundredths(chord, access, detour, kmh):
    """Travel by the definition of ``pairs.judge``."""
    half = min(chord / 2, 1.0)
    folds = 0
    x = half
    if half * half > 0.0025:
        folds = 5
        for _fold in range(5):
            x = x / np.sqrt(2 * (1 + np.sqrt(max(1 - x * x, 0.0))))
    q = x * x
    arc = x * (
        1 + q * (1 / 6 + q * (3 / 40 + q * (15 / 336 + q * (105 / 3456 + q * (945 / 42240 + q * (10395 / 599040))))))
    )
    km = 2 * EARTH_RADIUS_KM * (arc * (1 << folds))
    return np.int64(np.rint((access + detour * km / kmh) * 100))


@compiled
def _count(f, i, first, last, x, y, z, below, wanted, required, languages, each, offset, outer, inner, costs):
    """Of a run of people: how many might cost less than ``below``, might be in reach, are surely in reach."""
    cheaper = maybe = surely = 0
    language_cost, specialty_cost = costs
    for k in range(U(first), U(last)):
        fit = (required & ~i[U(1), k]) == 0
        left = below - i[U(0), k] - specialty_cost * _ones(wanted & ~i[U(1), k])
        left -= language_cost if (languages & i[U(2), k]) == 0 else 0
        reach = f[U(3), k]
        dx, dy, dz = f[U(0), k] - x, f[U(1), k] - y, f[U(2), k] - z
        square = dx * dx + dy * dy + dz * dz
        most, sure = reach * outer, (reach - 0.000002) * inner
        dear = min(float(left) * each + offset, reach) * outer
        maybe += 1 if fit & (most > 0) & (square < most * most) else 0
        surely += 1 if fit & (sure > 0) & (square < sure * sure) else 0
        cheaper += 1 if fit & (dear > 0) & (square < dear * dear) else 0
    return cheaper, maybe, surely


@compiled
def read_pairs(
    posts, band_start, longitude, f, i, far, row, post_f, post_i, degrees, kmh, worth,
    limits, costs, weights, excluded, best, found,
):  # fmt: skip
    """Look at every pair of ``posts``.

    ``best`` receives the least cost and price of each post where it is less than ``worth``; ``found`` the greatest gain, its post
    and person. Returns the number of eligible pairs, exclusions not counted out.
    """
    low, height = limits
    access, detour, radius = weights
    cost_per_minute, language_cost, specialty_cost = costs
    each = 1.0 / cost_per_minute if cost_per_minute else 1e30
    offset = each + 0.006 - access
    people = f.shape[1]
    bands = len(band_start) - 1
    pairs = 0
    for v in posts:
        x, y, z = post_f[0, v], post_f[1, v], post_f[2, v]
        wanted, required, languages = post_i[0, v], post_i[1, v], post_i[2, v]
        foreign = language_cost if languages else 0
        angle_a_minute = min(kmh[v] / (detour * EARTH_RADIUS_KM), 1e9) if detour > 0 else 1e9
        angle = min(max(radius, 0.0) * angle_a_minute, np.pi)
        outer = angle_a_minute * (1 + 1e-9)
        inner = angle_a_minute * max(1 - angle * angle / 24, 0.0) * (1 - 1e-9)
        span = np.degrees(angle) + 1e-9
        latitude = degrees[1, v]
        first_band = max(0, int((latitude - span - low) / height))
        last_band = min(bands - 1, int(max(latitude + span - low, 0.0) / height))
        # The circle's greatest half width in longitude; near a pole it goes all round.
        wide = 360.0
        if abs(latitude) + span < 89.9:
            wide = np.degrees(np.arcsin(min(np.sin(angle) / np.cos(np.radians(latitude)), 1.0))) + 1e-9
        least = worth[v]
        for band in range(first_band, last_band + 1):
            begin, end = band_start[band], band_start[band + 1]
            for turn in range(-1, 2):
                if wide >= 360.0:
                    if turn:
                        continue
                    first, last = begin, end
                else:
                    middle = degrees[0, v] + 360.0 * turn
                    if middle - wide > 180.0 or middle + wide < -180.0:
                        continue
                    first = begin + np.searchsorted(longitude[begin:end], middle - wide)
                    last = begin + np.searchsorted(longitude[begin:end], middle + wide, side="right")
                if first >= last:
                    continue
                cheaper, maybe, surely = _count(
                    f, i, first, last, x, y, z, worth[v], wanted, required, languages,
                    each, offset, outer, inner, (foreign, specialty_cost),
                )  # fmt: skip
                pairs += surely
                if cheaper == 0 and maybe == surely:
                    continue
                # Who is surely in reach or surely not is counted; only who might be cheaper needs an exact look.
                exactly = maybe != surely
                pairs -= surely if exactly else 0
                for k in range(first, last):
                    if f[3, k] < 0 or required & ~i[1, k]:
                        continue
                    dx, dy, dz = f[0, k] - x, f[1, k] - y, f[2, k] - z
                    if not exactly:
                        dear = (float(worth[v] - i[0, k]) * each + offset) * outer
                        if dear <= 0 or dx * dx + dy * dy + dz * dz >= dear * dear:
                            continue
                    travel = _hundredths(np.sqrt(dx * dx + dy * dy + dz * dz), access, detour, kmh[v])
                    if travel > far[k]:
                        continue
                    pairs += 1 if exactly else 0
                    value = i[0, k] + travel * cost_per_minute // 100 + specialty_cost * _ones(wanted & ~i[1, k])
                    if languages & i[2, k] == 0:
                        value += foreign
                    if value >= worth[v]:
                        continue
                    code = v * people + row[k]
                    at = np.searchsorted(excluded, code)
                    if at < len(excluded) and excluded[at] == code:
                        continue
                    least = min(least, value)
                    if worth[v] - value > found[0]:
                        found[0], found[1], found[2] = worth[v] - value, v, row[k]
        best[v] = least
    return pairs
