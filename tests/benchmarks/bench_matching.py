"""Matching from a county to the nation, each size in a process of its own: time, memory, repairs, questions; and how they grow.

`make bench ARGS="-k matching"`; with SIZES=county,city only these. Writes the picture of `docs/matching.md`.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.instances_at_scale import SIZES

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "pictures" / "matching-growth.svg"

#: goals: seconds from the problem to its proved plan, MB above the import, seconds of the check
GOALS = {"province": (2.0, 200, 0.15), "large": (3.0, 300, None), "nation": (20.0, 2048, 3.0)}


def measured(name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.matching_figures", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_matching() -> None:
    wanted = os.environ.get("SIZES", ",".join(SIZES)).split(",")
    rows = [measured(name) for name in wanted]
    for row in rows:
        tell(row)
    if len(rows) == len(SIZES):
        PICTURE.write_text(picture(rows), encoding="utf-8")
        print(f"\n{PICTURE.relative_to(ROOT)} written")


def tell(row: dict[str, Any]) -> None:
    print(f"\n{row['name']}: {row['posts']:,} posts × {row['people']:,} people", end=", ")
    print(f"{row['pairs']:,} pairs in reach, {row['empty']:,} posts empty")
    goal = GOALS.get(row["name"], (None, None, None))

    def line(what: str, text: str, limit: float | None = None) -> None:
        print(f"  {what:40} {text:>28}" + (f"   goal {limit:g}" if limit else ""))

    line("import and first answer, s", f"{row['first_answer']:.2f}", 1.5)
    line("plan with prices and lottery, s (CPU)", f"{row['solve']['wall']:.2f} ({row['solve']['cpu']:.2f})", goal[0])
    line("memory above the import, MB", f"{row['memory']:.0f}", goal[1])
    line("check of all pairs, s (CPU)", f"{row['verify']['wall']:.3f} ({row['verify']['cpu']:.3f})", goal[2])
    if "everything" in row:
        line("plan, proof, all reasons, CPU ms", f"{1000 * row['everything']:.1f}", 50)
    if "tiers" in row:
        line("with tiers ÷ without", f"{row['tiers']:.2f}", 1.1)
    if "or_tools" in row:
        rival = row["or_tools"]
        line("OR-tools on all pairs, s (CPU; MB)", f"{rival['wall']:.2f} ({rival['cpu']:.2f}; {rival['memory']:.0f})")
        ours = row["solve"]["cpu"] + row["verify"]["cpu"]
        line("  its CPU time ÷ ours with check", f"{rival['cpu'] / ours:.1f} ×")
    live = row["live"]
    for name, limit in (("leave", 10), ("join", 10), ("remove", 10), ("restore", 10), ("why", 2), ("why_tried", None)):
        times = live[name]
        said = " / ".join(f"{times[at]:.2f}" for at in ("p50", "p95", "p99", "max"))
        line(f"{name}, CPU ms p50 / p95 / p99 / max", said, limit)


def picture(rows: list[dict[str, Any]]) -> str:
    """Time and memory over pairs in reach, both axes by powers of ten."""
    wide, high, left, top = 720, 420, 70, 30
    across, down = wide - left - 90, high - top - 60
    pairs = [row["pairs"] for row in rows]
    low, far = math.floor(math.log10(min(pairs))), math.ceil(math.log10(max(pairs)))
    series = (
        ("plan, CPU s", "#1f5fa8", [row["solve"]["cpu"] for row in rows]),
        ("check, CPU s", "#2b8a5a", [row["verify"]["cpu"] for row in rows]),
        ("memory, GB", "#b4531f", [max(row["memory"], 1) / 1024 for row in rows]),
    )
    bottom, up = -3, 2

    def x(value: float) -> float:
        return left + across * (math.log10(value) - low) / (far - low)

    def y(value: float) -> float:
        return top + down * (1 - (math.log10(max(value, 10.0**bottom)) - bottom) / (up - bottom))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="13">',
        f'<rect width="{wide}" height="{high}" fill="#fff"/>',
    ]
    for power in range(low, far + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" y1="{top}" x2="{at:.1f}" y2="{top + down}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{top + down + 20}" text-anchor="middle">10{_raised(power)}</text>')
    for power in range(bottom, up + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{left}" y1="{at:.1f}" x2="{left + across}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">10{_raised(power)}</text>')
    parts.append(f'<text x="{left + across / 2}" y="{high - 12}" text-anchor="middle">pairs in reach</text>')
    for name, colour, values in series:
        points = " ".join(f"{x(n):.1f},{y(value):.1f}" for n, value in zip(pairs, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for n, value in zip(pairs, values, strict=True):
            parts.append(f'<circle cx="{x(n):.1f}" cy="{y(value):.1f}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x(pairs[-1]) + 9:.1f}" y="{y(values[-1]) + 4:.1f}" fill="{colour}">{name}</text>')
    parts += [
        f'<text x="{x(row["pairs"]):.1f}" y="{top - 10}" text-anchor="middle" fill="#555">{row["name"]}</text>'
        for row in rows
    ]
    return "\n".join([*parts, "</svg>", ""])


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
