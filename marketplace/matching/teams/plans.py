"""The compiled part about plans: an auction that makes one with its prices, and chains of contracts that improve it.

A plan is ``teams`` (by contract the positions of its pairs, -1), ``spent`` (what each contract costs, not scaled), ``left``
(places by person) and ``holder`` (the contract in each place: those of person ``p`` are ``holder_start[p]:holder_start[p + 1]``).
"""

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled

from .problem import MOST_MEMBERS
from .search import NONE, SHIFT, best_peaceful_team


@compiled
def draw(state):  # type: ignore[no-untyped-def]
    """The next of a row of random numbers (xorshift64*, Vigna 2016), from 0 to 2**32 - 1."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(32))


@compiled
def _seat(k, team, size, person, teams, left, holder_start, holder):  # type: ignore[no-untyped-def]
    for j in range(size[k]):
        p = person[team[j]]
        teams[k, j] = team[j]
        left[p] -= 1
        at = holder_start[p]
        while holder[at] >= 0:
            at += 1
        holder[at] = k


@compiled
def _dissolve(k, size, person, teams, left, holder_start, holder):  # type: ignore[no-untyped-def]
    if teams[k, 0] < 0:
        return
    for j in range(size[k]):
        p = person[teams[k, j]]
        teams[k, j] = -1
        left[p] += 1
        at = holder_start[p]
        while holder[at] != k:
            at += 1
        holder[at] = -1


@compiled
def improve(  # type: ignore[no-untyped-def]
    start, person, cost, kind, size, bits, seniors, empty, foe_start, foe, price,
    teams, spent, left, holder_start, holder, state, longest, tries,
):  # fmt: skip
    """Try ``tries`` chains: a contract dissolves its team and takes the best one at the prices, also people who sit
    elsewhere; who loses a member so does the same, until nobody lacks a team or the chain is too long. Kept if the plan
    costs no more.

    ``teams`` (positions of pairs, -1), ``spent`` (unscaled), ``left`` and ``holder`` are the plan, changed in place.
    """
    contracts, people = len(size), len(price)
    team = np.full(MOST_MEMBERS, -1, np.int64)
    touched = np.zeros(contracts, np.int64)
    old = np.empty((longest * 2 + 2, MOST_MEMBERS), np.int64)
    old_spent = np.empty(longest * 2 + 2, np.int64)
    changed = np.empty(longest * 2 + 2, np.int64)
    waiting = np.empty(longest + MOST_MEMBERS + 2, np.int64)
    guide = np.empty(people, np.int64)
    gained = np.int64(0)
    for trial in range(1, tries + 1):
        share = draw(state) % 5
        toll = (draw(state) % 4) * (empty >> 12)
        change, count, queue, moves = np.int64(0), 0, 1, 0
        waiting[0] = draw(state) % contracts
        failed = False
        while queue:
            queue -= 1
            k = waiting[queue]
            if touched[k] != trial:
                touched[k] = trial
                changed[count] = k
                old[count] = teams[k]
                old_spent[count] = spent[k]
                count += 1
                change -= spent[k]
                _dissolve(k, size, person, teams, left, holder_start, holder)
            else:
                change -= spent[k]
            moves += 1
            if moves > longest:
                failed = True
                break
            # Nobody is taken from a team made in this chain: those people are closed for it.
            for c in range(count):
                other = changed[c]
                if teams[other, 0] >= 0:
                    for j in range(size[other]):
                        p = person[teams[other, j]]
                        if left[p] == 0:
                            left[p] = -1
            for i in range(start[k], start[k + 1]):
                p = person[i]
                guide[p] = price[p] if left[p] <= 0 else price[p] * share >> 2
            _least, value = best_peaceful_team(
                start[k], start[k + 1], person, cost, kind, guide, left, np.int64(toll), size[k], bits[k], seniors[k],
                foe_start, foe, team,
            )  # fmt: skip
            for c in range(count):
                other = changed[c]
                if teams[other, 0] >= 0:
                    for j in range(size[other]):
                        p = person[teams[other, j]]
                        if left[p] == -1:
                            left[p] = 0
            if value >= empty:
                spent[k] = empty >> SHIFT
                change += spent[k]
                continue
            for j in range(size[k]):
                p = person[team[j]]
                if left[p] == 0:
                    # Somebody has to give this person up.
                    places = holder_start[p + 1] - holder_start[p]
                    at = holder_start[p] + draw(state) % places
                    for _turn in range(places):
                        h = holder[at]
                        if h >= 0 and touched[h] != trial:
                            break
                        at = at + 1 if at + 1 < holder_start[p + 1] else holder_start[p]
                    h = holder[at]
                    if h < 0 or touched[h] == trial:
                        failed = True
                        break
                    touched[h] = trial
                    changed[count] = h
                    old[count] = teams[h]
                    old_spent[count] = spent[h]
                    count += 1
                    change -= spent[h]
                    spent[h] = 0
                    _dissolve(h, size, person, teams, left, holder_start, holder)
                    waiting[queue] = h
                    queue += 1
                    if count > longest or queue >= len(waiting) - 1:
                        failed = True
                        break
            if failed:
                break
            _seat(k, team, size, person, teams, left, holder_start, holder)
            spent[k] = 0
            for j in range(size[k]):
                spent[k] += cost[team[j]]
            change += spent[k]
        if failed or change > 0:
            for c in range(count):
                _dissolve(changed[c], size, person, teams, left, holder_start, holder)
            for c in range(count):
                k = changed[c]
                spent[k] = old_spent[c]
                if old[c, 0] >= 0:
                    _seat(k, old[c], size, person, teams, left, holder_start, holder)
        else:
            gained -= change
    return gained


@compiled
def auction(  # type: ignore[no-untyped-def]
    start, person, cost, kind, size, bits, seniors, empty, foe_start, foe, price,
    teams, spent, left, holder_start, holder, bid, least, most,
):  # fmt: skip
    """Contracts without a team take the best one at the prices, over others' heads where need be; who loses a member
    seeks one who completes the team. For each new member a contract bids what the next best in that seat would have to
    be cheaper, and ``least`` more (Bertsekas 1988, here for teams).

    ``bid`` is that of each place, ``price`` of each person the least of the places. At most ``most`` turns.

    Returns:
        turns taken.
    """
    contracts, people = len(size), len(price)
    team = np.full(MOST_MEMBERS, -1, np.int64)
    open_to_all = np.ones(people, np.int64)
    stack = np.empty(contracts, np.int64)
    stacked = np.zeros(contracts, np.bool_)
    count = 0
    for k in range(contracts - 1, -1, -1):
        if teams[k, 0] < 0:
            stack[count] = k
            stacked[k] = True
            count += 1
    turns = 0
    margin = np.empty(MOST_MEMBERS, np.int64)
    lacks = np.empty(MOST_MEMBERS, np.int64)
    fresh = np.empty(MOST_MEMBERS, np.bool_)
    while count and turns < most:
        turns += 1
        count -= 1
        k = stack[count]
        stacked[k] = False
        low, high, n, b, elders = start[k], start[k + 1], size[k], bits[k], seniors[k]
        # One seat empty: who completes the team?
        gap, seats, covered, old, paid = -1, 0, np.int64(0), 0, np.int64(0)
        for j in range(n):
            i = teams[k, j]
            team[j] = i
            fresh[j] = i < 0
            if i >= 0:
                seats += 1
                covered |= kind[i]
                old += kind[i] >> b
                paid += (np.int64(cost[i]) << SHIFT) + price[person[i]]
            else:
                gap = j
        if seats == n - 1 and old + 1 >= elders:
            lack = (1 << b) - 1 & ~covered
            if old < elders:
                lack |= 1 << b
            best, second, at = NONE, NONE, -1
            for i in range(low, high):
                if lack & ~np.int64(kind[i]):
                    continue
                r = (np.int64(cost[i]) << SHIFT) + price[person[i]]
                if r >= second:
                    continue
                seated = False
                for j in range(n):
                    seated |= team[j] == i
                if seated or (len(foe) and _at_odds(person[i], person, n, team, foe_start, foe)):
                    continue
                if r < best:
                    best, second, at = r, best, i
                else:
                    second = r
            seats = 0
            if at >= 0 and paid + best < empty + empty // 4:
                team[gap] = at
                seats = n
                margin[gap] = min(second, NONE) - best if second < NONE else least
        else:
            seats = 0
        if seats == 0:
            _give_up(k, size, person, teams, left, holder_start, holder, bid, price)
            spent[k] = empty >> SHIFT
            _least, value = best_peaceful_team(
                low, high, person, cost, kind, price, open_to_all, np.int64(-1), n, b, elders, foe_start, foe, team
            )
            if value >= empty:
                continue
            # What the team would lack without each member, and what the next best in the seat costs more.
            old = 0
            for j in range(n):
                old += kind[team[j]] >> b
            for j in range(n):
                fresh[j] = True
                others = np.int64(0)
                for i in range(n):
                    if i != j:
                        others |= kind[team[i]]
                lacks[j] = (1 << b) - 1 & ~others
                if old - (kind[team[j]] >> b) < elders:
                    lacks[j] |= 1 << b
                margin[j] = empty - value
            for i in range(low, high):
                seated = False
                for j in range(n):
                    seated |= team[j] == i
                if seated:
                    continue
                r = (np.int64(cost[i]) << SHIFT) + price[person[i]]
                for j in range(n):
                    if lacks[j] & ~np.int64(kind[i]) == 0:
                        here = r - (np.int64(cost[team[j]]) << SHIFT) - price[person[team[j]]]
                        margin[j] = min(margin[j], here)
        spent[k] = 0
        for j in range(n):
            p = person[team[j]]
            spent[k] += cost[team[j]]
            if not fresh[j]:
                continue
            at = holder_start[p]
            for i in range(at + 1, holder_start[p + 1]):
                if bid[i] < bid[at] or (bid[i] == bid[at] and holder[at] >= 0 and holder[i] < 0):
                    at = i
            h = holder[at]
            if h >= 0:
                for i in range(size[h]):
                    if person[teams[h, i]] == p and teams[h, i] >= 0:
                        teams[h, i] = -1
                spent[h] = empty >> SHIFT
                left[p] += 1
                if not stacked[h]:
                    stack[count] = h
                    stacked[h] = True
                    count += 1
            holder[at] = k
            bid[at] = price[p] + max(margin[j], 0) + least
            left[p] -= 1
            teams[k, j] = team[j]
        for j in range(n):
            reset_price(person[team[j]], price, bid, holder_start)
    for k in range(contracts):
        broken = False
        for j in range(size[k]):
            broken |= teams[k, j] < 0
        if broken:
            _give_up(k, size, person, teams, left, holder_start, holder, bid, price)
            spent[k] = empty >> SHIFT
    return turns


@compiled
def _at_odds(p, person, size, team, foe_start, foe):  # type: ignore[no-untyped-def]
    for f in range(foe_start[p], foe_start[p + 1]):
        for j in range(size):
            if team[j] >= 0 and person[team[j]] == foe[f]:
                return True
    return False


@compiled
def _give_up(k, size, person, teams, left, holder_start, holder, bid, price):  # type: ignore[no-untyped-def]
    """All seats of a team; the bids fall to nothing, so that others may come."""
    for j in range(size[k]):
        if teams[k, j] < 0:
            continue
        p = person[teams[k, j]]
        teams[k, j] = -1
        left[p] += 1
        at = holder_start[p]
        while holder[at] != k:
            at += 1
        holder[at] = -1
        bid[at] = 0
        reset_price(p, price, bid, holder_start)


@compiled
def reset_price(p, price, bid, holder_start):  # type: ignore[no-untyped-def]
    """The price of a person is the least bid of the places."""
    price[p] = bid[holder_start[p]]
    for i in range(holder_start[p] + 1, holder_start[p + 1]):
        price[p] = min(price[p], bid[i])
