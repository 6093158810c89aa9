"""Measures one size in a process of its own and prints JSON: ``python -m tests.benchmarks.matching_figures city``."""

from __future__ import annotations

import gc
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

started = time.perf_counter()
from marketplace.matching.live import LivePlan  # noqa: E402
from marketplace.matching.network import network_of  # noqa: E402
from marketplace.matching.pairs import eligible_pairs  # noqa: E402
from marketplace.matching.problem import Problem  # noqa: E402
from marketplace.matching.proof import verify  # noqa: E402
from marketplace.matching.reasons import post_reasons  # noqa: E402
from marketplace.matching.solver import solve  # noqa: E402
from tests.benchmarks.instances_at_scale import instance  # noqa: E402

IMPORTED = time.perf_counter() - started
THREADS = 2
#: sizes at which OR-tools can follow
RIVALS = ("city", "province")


def timed(act: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Seconds of wall and CPU time, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = act()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}, answer


def _status(field: str) -> float:
    """Megabytes that the kernel tells of this process."""
    return int(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024  # type: ignore[index]


def peak_of(act: Callable[[], Any]) -> tuple[float, Any]:
    """Megabytes that were held at most above what was held before, and the answer."""
    gc.collect()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    answer = act()
    return _status("VmHWM") - before, answer


def spent(act: Callable[..., Any], *facts: Any, **more: Any) -> float:
    """CPU milliseconds."""
    start = time.process_time()
    act(*facts, **more)
    return 1000 * (time.process_time() - start)


def percentiles(times: list[float]) -> dict[str, float]:
    return {name: float(np.percentile(times, at)) for name, at in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))}


def live_figures(problem: Problem, count: int) -> dict[str, Any]:
    """One event of each kind after another, and questions; the cost must come back to where it was."""
    live = LivePlan(problem, threads=THREADS)
    rng = np.random.default_rng(5)
    people = rng.permutation(problem.people.key[problem.remaining() > 0])[:count].tolist()
    posts = rng.permutation(problem.posts.key)[:count].tolist()
    cost = live.cost
    # What is compiled or read from the cache is not part of the figures.
    live.leave(people[0]), live.join(people[0]), live.remove_post(posts[0]), live.restore_post(posts[0])
    live.why(posts[0])
    gc.collect()
    gc.freeze()
    away, back, gone, again = [], [], [], []
    for who in people:
        away.append(spent(live.leave, who))
        back.append(spent(live.join, who))
    for post in posts:
        gone.append(spent(live.remove_post, post))
        again.append(spent(live.restore_post, post))
    found: dict[str, Any] = {
        "leave": percentiles(away),
        "join": percentiles(back),
        "remove": percentiles(gone),
        "restore": percentiles(again),
        "why": percentiles([spent(live.why, post, exact=False) for post in posts]),
        "why_tried": percentiles([spent(live.why, post) for post in posts[: count // 4]]),
    }
    assert live.cost == cost
    tally = dict(
        zip(("searches", "settled", "scanned", "listed", "asked_all"), live._state.tally.tolist(), strict=False)
    )
    return found | {"operations": tally}


def figures(name: str) -> dict[str, Any]:
    small = instance("county")
    first, plan = timed(lambda: solve(small))
    verify(small, plan.person, plan.person_price)
    solve(instance("city", posts=3500), threads=THREADS)  # both ways are ready
    problem = instance(name)
    memory, (solving, plan) = peak_of(lambda: timed(lambda: solve(problem, threads=THREADS)))
    checking, verdict = timed(lambda: verify(problem, plan.person, plan.person_price, threads=THREADS))
    assert verdict.accepted
    found: dict[str, Any] = {
        "name": name,
        "posts": len(problem.posts),
        "people": len(problem.people),
        "pairs": verdict.pairs_read,
        "empty": plan.objective.empty,
        "first_answer": IMPORTED + first["wall"],
        "solve": solving,
        "memory": memory,
        "verify": checking,
    }
    if name in ("county", "city", "province"):
        flat = replace(problem, posts=replace(problem.posts, tier=np.zeros(len(problem.posts), dtype=int)))
        without = min(timed(lambda: solve(flat))[0]["cpu"] for _run in range(3))
        tiers = min(timed(lambda: solve(problem))[0]["cpu"] for _run in range(3))
        found["tiers"] = tiers / without
        assert solve(flat).objective.empty == plan.objective.empty
    if name == "county":
        whole = []
        for _run in range(9):
            taken, _reasons = timed(lambda: everything(problem))
            whole.append(taken["cpu"])
        found["everything"] = float(np.median(whole))
    if name in RIVALS:
        found["or_tools"] = rival(problem, plan)
    found["live"] = live_figures(problem, 1000 if name != "nation" else 500)
    return found


def everything(problem: Problem) -> Any:
    """What a county's run computes: plan, lottery, proof, all reasons."""
    plan = solve(problem)
    assert verify(problem, plan.person, plan.person_price).accepted
    return list(post_reasons(problem, plan))


def rival(problem: Problem, plan: Any) -> dict[str, float]:
    """OR-tools on all pairs written out; they must be written out first."""
    from tests.matching.oracles import least_cost_flow, total

    memory, (taken, (network, person)) = peak_of(
        lambda: timed(lambda: (net := network_of(problem, eligible_pairs(problem)), least_cost_flow(net)))
    )
    assert total(problem, network, person) == total(problem, network, plan.person)
    found: dict[str, float] = taken | {"memory": memory}
    return found


if __name__ == "__main__":
    print(json.dumps(figures(sys.argv[1])))
