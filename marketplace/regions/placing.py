"""Estimated places of townships and villages, which nobody publishes.

Every county is a disc about its published point, as wide as its nearest neighbour is far. Its townships stand on a
sunflower spiral, the largest innermost; their villages stand on a small spiral of their own. The turn of each spiral
comes from the code, so the estimate is the same on every machine and in every run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marketplace.regions import codes
from marketplace.regions.geo import nearest_km

GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
#: of the distance to the nearest county point: how far the estimated townships reach
REACH = 0.55
MIN_REACH_KM, MAX_REACH_KM = 2.0, 60.0
KM_PER_DEGREE = 111.195
#: 0.0001° is 11 m, far finer than the estimate
DECIMALS = 4

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def estimate_places(
    code: Ints, level: Ints, longitude: Floats, latitude: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Fill in missing places (NaN) of a whole table of divisions, sorted by code.

    Returns longitudes, latitudes in degrees, and which of them are estimated. Prefectures that stand only in the
    code, and whatever lies under no place at all, stay NaN.
    """
    lon, lat = longitude.copy(), latitude.copy()
    _place_counties(code, level, lon, lat)
    centre = (level == 3) & ~np.isnan(lon)
    # A city without counties is the centre of its townships.
    township = np.flatnonzero(level == 4)
    seat_code = code[township] - code[township] % codes.SPAN[3]
    seat = np.searchsorted(code, seat_code)
    centre[np.unique(seat)] = True
    centres = np.flatnonzero(centre & ~np.isnan(lon))
    reach = np.full(len(code), MIN_REACH_KM)
    reach[centres] = np.clip(REACH * nearest_km(lon[centres], lat[centres]), MIN_REACH_KM, MAX_REACH_KM)

    village = np.flatnonzero(level == 5)
    seat_of_village = np.searchsorted(code, code[village] - code[village] % codes.SPAN[4])
    size = np.bincount(seat_of_village, minlength=len(code))
    # Largest township innermost: the seat of a county is its most populous.
    order = np.lexsort((code[township], -size[township], seat))
    rank, among = _rank(seat[order])
    _spread(lon, lat, township[order], seat[order], rank, among, reach[seat[order]], code[seat[order]])

    township_reach = np.zeros(len(code))
    township_reach[township[order]] = reach[seat[order]] / np.sqrt(among) * 0.9
    rank, among = _rank(seat_of_village)
    _spread(lon, lat, village, seat_of_village, rank, among, township_reach[seat_of_village], code[seat_of_village])
    lon, lat = np.round(lon, DECIMALS), np.round(lat, DECIMALS)
    estimated = np.isnan(longitude) & ~np.isnan(lon)
    return lon, lat, estimated


def _place_counties(code: Ints, level: Ints, lon: Floats, lat: Floats) -> None:
    """Development zones and the like have no point of their own: near their prefecture's, else their province's."""
    missing = np.flatnonzero((level == 3) & np.isnan(lon))
    if not len(missing):
        return
    above = np.searchsorted(code, code[missing] - code[missing] % codes.SPAN[2])
    province = np.searchsorted(code, code[missing] - code[missing] % codes.SPAN[1])
    above = np.where(np.isnan(lon[above]), province, above)
    rank, among = _rank(above)
    _spread(lon, lat, missing, above, rank, among, np.full(len(missing), 8.0), code[above])


def _rank(group: Ints) -> tuple[Ints, Ints]:
    """Position of each row within its group of equal, adjacent values, and the size of the group."""
    if not len(group):
        return group, group
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    sizes = np.diff(np.r_[starts, len(group)])
    return np.arange(len(group)) - np.repeat(starts, sizes), np.repeat(sizes, sizes)


def _spread(
    lon: Floats, lat: Floats, rows: Ints, centre: Ints, rank: Ints, among: Ints, reach_km: Floats, seed: Ints
) -> None:
    """Put `rows` on a sunflower spiral about the place of `centre`, where they have no place yet."""
    turn = (seed // 1000 * 2654435761 % 2**32) / 2**32 * 2 * np.pi
    radius = reach_km * np.sqrt((rank + 0.5) / among)
    angle = turn + rank * GOLDEN_ANGLE
    north = radius * np.sin(angle) / KM_PER_DEGREE
    east = radius * np.cos(angle) / (KM_PER_DEGREE * np.cos(np.radians(lat[centre])))
    empty = np.isnan(lon[rows])
    lat[rows] = np.where(empty, lat[centre] + north, lat[rows])
    lon[rows] = np.where(empty, lon[centre] + east, lon[rows])
