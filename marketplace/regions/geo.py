"""Distances on the globe and times on the road, for arrays of places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088
#: a road is this much longer than the straight line
DETOUR = 1.3
#: minutes to set out and to arrive
ACCESS_MINUTES = 5.0
#: speed on the road where a county has no setting of its own, by development tier (a proxy for terrain), km/h
TIER_KMH = {"ordinary": 50, "western": 40, "formerly_poor": 32}


def great_circle_km(
    longitude_a: ArrayLike, latitude_a: ArrayLike, longitude_b: ArrayLike, latitude_b: ArrayLike
) -> NDArray[np.float64]:
    """Distance in km between places in degrees (haversine); arrays broadcast, NaN stays NaN."""
    lon_a, lat_a, lon_b, lat_b = (
        np.radians(np.asarray(a, dtype=np.float64)) for a in (longitude_a, latitude_a, longitude_b, latitude_b)
    )
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def travel_minutes(km: ArrayLike, kmh: ArrayLike) -> NDArray[np.float64]:
    """Estimated minutes one way: 5 + 1.3 · 60 · km / speed. An estimate until a road network is loaded."""
    return np.asarray(ACCESS_MINUTES + DETOUR * 60.0 * np.asarray(km, np.float64) / np.asarray(kmh, np.float64))


def nearest_km(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance in km from each place to the nearest other one (infinite for a lone place)."""
    xyz = _on_sphere(longitude, latitude)
    nearest = np.full(len(xyz), np.inf)
    for start in range(0, len(xyz), 512):
        block = xyz[start : start + 512]
        cosine = block @ xyz.T
        cosine[np.arange(len(block)), np.arange(start, start + len(block))] = -2.0
        best = cosine.max(axis=1)
        nearest[start : start + len(block)] = np.where(
            best < -1.5, np.inf, EARTH_RADIUS_KM * np.arccos(np.clip(best, -1, 1))
        )
    return nearest


def _on_sphere(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
