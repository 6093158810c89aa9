"""The compiled part about prices: the best team of one contract at given prices, and prices for everybody.

**The best team.** Call a person better than another if cheaper and of use for everything the other is of use for. Of a
best team, whoever has a better person outside it could be exchanged; so everybody better sits in it too, and covers
what this one would. Hence a best team consists of people with fewer betters than seniors are asked for (one, if none
are) and of the cheapest people of all, which is a short list; over it the team is found by dynamic programming over
(members, specialties covered, seniors).

Prices and values are in 1/``1 << SHIFT`` of a unit of cost, whole numbers throughout.
"""

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled

from .problem import MOST_MEMBERS

SHIFT = 8
#: no team: more than any plan costs
NONE = np.int64(1) << np.int64(60)
#: teams looked at to keep quarrels out of one
QUARREL_NODES = 200


@compiled
def best_team(low, high, person, cost, kind, price, left, toll, size, bits, seniors, team):  # type: ignore[no-untyped-def]
    """The cheapest team among the pairs ``low:high``; their positions go to ``team``. Its value, or ``NONE``.

    A person costs ``cost`` and ``price``; with ``left`` 0 also ``toll`` (closed if that is negative), below 0 is closed.
    """
    slots = max(1, seniors)
    kinds = 1 << (bits + 1)
    top_value = np.full(size, NONE, np.int64)
    top_at = np.full(size, -1, np.int64)
    value = np.full(kinds * slots, NONE, np.int64)
    at = np.full(kinds * slots, -1, np.int64)
    last = size - 1
    for i in range(low, high):
        p = person[i]
        r = (np.int64(cost[i]) << SHIFT) + price[p]
        if left[p] <= 0:
            if left[p] < 0 or toll < 0:
                continue
            r += toll
        if r < top_value[last]:
            j = last
            while j > 0 and top_value[j - 1] > r:
                top_value[j], top_at[j] = top_value[j - 1], top_at[j - 1]
                j -= 1
            top_value[j], top_at[j] = r, i
        base = np.int64(kind[i]) * slots
        j = base + slots - 1
        if r < value[j]:
            while j > base and value[j - 1] > r:
                value[j], at[j] = value[j - 1], at[j - 1]
                j -= 1
            value[j], at[j] = r, i
    if top_at[last] < 0:
        return NONE
    whole = (1 << bits) - 1
    covered, total, old = 0, np.int64(0), 0
    for j in range(size):
        covered |= kind[top_at[j]]
        old += kind[top_at[j]] >> bits
        total += top_value[j]
    if covered & whole == whole and old >= seniors:
        team[:size] = top_at
        return total

    # The short list: the cheapest, and whoever has too few betters.
    better = np.empty(kinds, np.int64)
    for c in range(kinds):
        better[c] = value[c * slots]
    for b in range(bits + 1):
        for c in range(kinds):
            if not c >> b & 1 and better[c | 1 << b] < better[c]:
                better[c] = better[c | 1 << b]
    list_value = np.empty(size + kinds * slots, np.int64)
    list_at = np.empty(size + kinds * slots, np.int64)
    count = 0
    for j in range(size):
        list_value[count], list_at[count] = top_value[j], top_at[j]
        count += 1
    for c in range(1, kinds):
        old = c >> bits
        for j in range(slots if old else 1):
            i = at[c * slots + j]
            r = value[c * slots + j]
            if i < 0 or ((slots == 1 or not old) and r > better[c]):
                break
            known = False
            if r <= top_value[last]:
                for q in range(size):
                    known |= top_at[q] == i
            if not known:
                list_value[count], list_at[count] = r, i
                count += 1

    wide = seniors + 1
    states = (1 << bits) * wide
    sums = np.full((size + 1) * states, NONE, np.int64)
    node = np.full((size + 1) * states, -1, np.int64)
    sums[0] = 0
    # Chains of (entry of the list, the chain before it); appended where a state improves.
    entry = np.empty(count * size * states, np.int32)
    before = np.empty(count * size * states, np.int32)
    nodes = 0
    for i in range(count):
        own = kind[list_at[i]] & whole
        old = kind[list_at[i]] >> bits
        for j in range(min(size - 1, i), -1, -1):
            for m in range(1 << bits):
                for q in range(wide):
                    here = j * states + m * wide + q
                    if sums[here] == NONE:
                        continue
                    there = (j + 1) * states + (m | own) * wide + min(seniors, q + old)
                    r = sums[here] + list_value[i]
                    if r < sums[there]:
                        sums[there] = r
                        entry[nodes], before[nodes] = i, node[here]
                        node[there] = nodes
                        nodes += 1
    goal = size * states + whole * wide + seniors
    if sums[goal] == NONE:
        return NONE
    step = node[goal]
    for j in range(size - 1, -1, -1):
        team[j] = list_at[entry[step]]
        step = before[step]
    return sums[goal]


@compiled
def best_peaceful_team(  # type: ignore[no-untyped-def]
    low, high, person, cost, kind, price, left, toll, size, bits, seniors, foe_start, foe, team
):
    """As ``best_team``, with no quarrel in the team: of two who quarrel, try without the one and without the other.

    Returns:
        what no such team undercuts, and the value of ``team`` (``NONE``: none was found).
    """
    first = best_team(low, high, person, cost, kind, price, left, toll, size, bits, seniors, team)
    if first == NONE or not len(foe) or _quarrel(person, size, team, foe_start, foe)[0] < 0:
        return first, first
    best, bound = NONE, NONE
    kept = team.copy()
    stack = [(first, [np.int64(-1)])]
    nodes = 0
    while len(stack):
        above, absent = stack.pop()
        if above >= best:
            continue
        if nodes == QUARREL_NODES:
            bound = min(bound, above)
            continue
        nodes += 1
        for a in absent:
            if a >= 0:
                left[a] -= 1 << 30
        value = best_team(low, high, person, cost, kind, price, left, toll, size, bits, seniors, team)
        for a in absent:
            if a >= 0:
                left[a] += 1 << 30
        if value >= best:
            continue
        one, other = _quarrel(person, size, team, foe_start, foe)
        if one < 0:
            best = value
            kept[:] = team
        else:
            for a in (other, one):
                fewer = absent.copy()
                fewer.append(np.int64(a))
                stack.append((value, fewer))
    team[:] = kept
    return min(best, bound), best


@compiled
def _quarrel(person, size, team, foe_start, foe):  # type: ignore[no-untyped-def]
    for j in range(size):
        p = person[team[j]]
        for f in range(foe_start[p], foe_start[p + 1]):
            for q in range(size):
                if person[team[q]] == foe[f]:
                    return np.int64(p), np.int64(foe[f])
    return np.int64(-1), np.int64(-1)


@compiled
def price_everybody(  # type: ignore[no-untyped-def]
    start, person, cost, kind, price, size, bits, seniors, empty, foe_start, foe, used
):
    """Sum over contracts of the best team's value (or of emptiness, if cheaper); ``used`` counts who was chosen."""
    everybody = np.ones(len(price), np.int64)
    team = np.full(MOST_MEMBERS, -1, np.int64)
    total = np.int64(0)
    used[:] = 0
    for k in range(len(size)):
        least, value = best_peaceful_team(
            start[k], start[k + 1], person, cost, kind, price, everybody, np.int64(-1),
            size[k], bits[k], seniors[k], foe_start, foe, team,
        )  # fmt: skip
        total += min(least, empty)
        if value < empty:
            for j in range(size[k]):
                used[person[team[j]]] += 1
    return total


@compiled
def move_prices(  # type: ignore[no-untyped-def]
    start, person, cost, kind, size, bits, seniors, empty, foe_start, foe, room, price, goal, usual, length, rounds
):
    """Move the prices of people up where more contracts want them than they can serve, down where fewer (subgradients,
    deflected by the way that was gone before; Camerini, Fratta and Maffioli 1975). ``goal``: what some plan costs.
    Steps are in proportion to price and ``usual``: where people are scarce prices are a hundred times those elsewhere,
    and one length for both would be wrong for both. ``price`` becomes the best found.

    Returns:
        the best bound, and the step's length to go on with.
    """
    people = len(price)
    used = np.empty(people, np.int64)
    way = np.zeros(people, np.float64)
    trial = price.copy()
    best, idle = -NONE, 0
    for _round in range(rounds):
        total = price_everybody(start, person, cost, kind, trial, size, bits, seniors, empty, foe_start, foe, used)
        for p in range(people):
            total -= trial[p] * room[p]
        if total > best:
            best, idle = total, 0
            price[:] = trial
        else:
            idle += 1
            if idle == 6:
                length, idle = length * 0.7, 0
                trial[:] = price
        square = 0.0
        for p in range(people):
            over = np.float64(used[p] - room[p])
            if trial[p] > 0 or over > 0:
                way[p] = 0.8 * way[p] + over
            else:
                way[p] = 0.0
            if trial[p] == 0 and way[p] < 0:
                way[p] = 0.0
            square += (trial[p] + usual) * way[p] * way[p]
        if square == 0:
            break
        step = length * np.float64(max(goal - total, 1)) / square
        for p in range(people):
            trial[p] = max(0, trial[p] + np.int64(np.rint(step * (trial[p] + usual) * way[p])))
    return best, length


@compiled
def shortlist(start, person, cost, kind, price, size, bits, wide, kept):  # type: ignore[no-untyped-def]
    """Positions of the pairs that are cheapest at these prices: of each contract ``wide`` times its size, and as many
    of each kind as could sit in one team; and those ``kept``. By contract, and where each contract's begin."""
    chosen_start = np.zeros(len(size) + 1, np.int64)
    chosen = np.zeros(len(person), np.bool_)
    for i in kept:
        chosen[i] = True
    for k in range(len(size)):
        low, high = start[k], start[k + 1]
        reduced = np.empty(high - low, np.int64)
        for i in range(low, high):
            reduced[i - low] = (np.int64(cost[i]) << SHIFT) + price[person[i]]
        if high - low > wide * size[k]:
            limit = np.partition(reduced, wide * size[k])[wide * size[k]]
        else:
            limit = NONE
        per_kind = size[k]
        kinds = 1 << (bits[k] + 1)
        value = np.full(kinds * per_kind, NONE, np.int64)
        at = np.full(kinds * per_kind, -1, np.int64)
        for i in range(low, high):
            r = reduced[i - low]
            if r < limit:
                chosen[i] = True
            base = np.int64(kind[i]) * per_kind
            j = base + per_kind - 1
            if kind[i] and r < value[j]:
                while j > base and value[j - 1] > r:
                    value[j], at[j] = value[j - 1], at[j - 1]
                    j -= 1
                value[j], at[j] = r, i
        for c in range(len(at)):
            if at[c] >= 0:
                chosen[at[c]] = True
        count = 0
        for i in range(low, high):
            count += chosen[i]
        chosen_start[k + 1] = chosen_start[k] + count
    return chosen_start, np.flatnonzero(chosen)
