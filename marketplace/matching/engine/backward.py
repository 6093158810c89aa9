"""What happens when a place comes free: the way back of ``forward``.

A person with a free place whose price stands above that place's cost offers it at falling prices. A post takes it
once that is cheaper than where it is, and leaves a place free in turn; the shortest such way ends where a place is
given up that costs as much as its price, or where an empty post is filled. Prices of the people passed on the way
fall by what the way was shorter.

Because prices fall, lists and bounds of the posts around may come to promise too much: they are
corrected where they do.
"""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled

from .forward import RELEASED, move, note, pop, push
from .ground import FAR
from .near import SLACK, U, box_square, hundredths_between, is_excluded, lower_least, pair_cost, popcount

#: what is asked of ``posts_that_would``
ALL, OFFER, LIST = range(3)
#: a saving that is rarely passed on: five minutes at the usual cost
MARGIN = 500
#: who looks around again does so for prices that fall by so much more
FALL = 2000


@compiled
def _posts_in_question(
    f,
    i,
    bounds,
    first,
    last,
    x,
    y,
    z,
    above,
    specialties,
    languages,
    specialty_cost,
    language_cost,
    each,
    offset,
    reach,
):
    """How many posts of these rows could pay less than their bound, of which ``above`` is taken away."""
    count = 0
    for k in range(U(first), U(last)):
        left = bounds[k] - above - specialty_cost * popcount(i[U(0), k] & ~specialties)
        left -= language_cost if (i[U(2), k] != 0) & ((languages & i[U(2), k]) == 0) else 0
        way = min(float(left) * each + offset, reach) * f[U(3), k]
        way = -1.0 if (i[U(1), k] & ~specialties) != 0 else way
        dx, dy, dz = f[U(0), k] - x, f[U(1), k] - y, f[U(2), k] - z
        count += 1 if (way > 0.0) & (dx * dx + dy * dy + dz * dz < way * way) else 0
    return count


@compiled
def posts_that_would(g, s, p, bounds, above, found, costs, purpose):
    """Posts ``v`` whose cost at person ``p`` plus ``above`` is below ``bounds[v]``, with those costs. Returns how many.

    ``ALL`` are exact. To ``OFFER`` a place, costs are lower bounds and a pair may yet be barred. To correct a ``LIST``, posts to
    which ``p`` stays dearer by ``MARGIN`` than where they are come as ``~v`` with a lower bound of the cost: that is enough to
    know, and costs a quarter.
    """
    count = 0
    stack, worth = s.stack, s.worth
    if p >= g.groups_from:
        if len(g.group_posts) == 0:
            return 0
        group = p - g.groups_from
        for k in range(g.group_start[group], g.group_start[group + 1]):
            v = g.group_posts[k]
            if g.empty[v] + above < bounds[v]:
                found[count], costs[count] = v, g.empty[v]
                count += 1
        return count
    reach = g.people_f[3, p]
    if reach <= 0:
        return 0
    f, i = g.posts_f, g.posts_i
    x, y, z = g.people_f[0, p], g.people_f[1, p], g.people_f[2, p]
    specialties, languages = g.people_i[1, p], g.people_i[2, p]
    each = 1.0 / g.cost_per_minute if g.cost_per_minute else 1e30
    offset = each + SLACK - g.access
    leaves = 1 << g.posts_levels
    top = 0
    if g.posts_count:
        stack[0] = 1
        top = 1
    tail = g.used[1] > g.posts_count
    # The saving of staying is no travel: where it is paid, a pair may cost less than its way.
    bonus = g.bonus
    while top or tail:
        if top:
            top -= 1
            node = stack[top]
            way = reach * g.posts_fast[node]
            if box_square(g.posts_box, node, x, y, z) >= way * way:
                continue
            if node < leaves:
                stack[top], stack[top + 1] = 2 * node + 1, 2 * node
                top += 2
                continue
            first = (node - leaves) * g.posts_count >> g.posts_levels
            last = (node - leaves + 1) * g.posts_count >> g.posts_levels
        else:
            tail = False
            first, last = g.posts_count, g.used[1]
        if not _posts_in_question(
            f, i, bounds, first, last, x, y, z, above - bonus, specialties, languages,
            g.specialty_cost, g.language_cost, each, offset, reach,
        ):  # fmt: skip
            continue
        for v in range(first, last):
            left = bounds[v] - above + bonus
            if left <= -FAR // 2 or i[1, v] & ~specialties:
                continue
            way = min(float(left) * each + offset, reach) * f[3, v]
            dx, dy, dz = x - f[0, v], y - f[1, v], z - f[2, v]
            square = dx * dx + dy * dy + dz * dz
            if way <= 0 or square >= way * way:
                continue
            missing = g.specialty_cost * popcount(i[0, v] & ~specialties)
            if i[2, v] != 0 and i[2, v] & languages == 0:
                missing += g.language_cost
            if purpose != ALL and g.current[v] != p:
                least = missing + np.int64((g.access + np.sqrt(square) / f[3, v] - 0.006) * g.cost_per_minute) - 1
                if purpose == OFFER:
                    if least + above < bounds[v]:
                        found[count], costs[count] = v, least
                        count += 1
                    continue
                if least + above >= worth[v] + MARGIN:
                    if least + above < bounds[v]:
                        found[count], costs[count] = ~v, least
                        count += 1
                    continue
            hundredths = hundredths_between(dx, dy, dz, g.access, g.detour, g.kmh[v])
            if hundredths > g.far[p] or is_excluded(g.excluded_start, g.excluded, v, p):
                continue
            cost = hundredths * g.cost_per_minute // 100 + missing
            if g.current[v] == p:
                cost -= bonus
            if cost + above < bounds[v]:
                found[count], costs[count] = v, cost
                count += 1
    return count


@compiled
def price_fell(g, s, p, found, costs):
    """Correct the lists that the new price of ``p`` undercuts."""
    price = g.people_i[0, p]
    if p >= g.groups_from:
        return
    lower_least(g.people_least, p, price, g.people_count, g.people_levels)
    for k in range(posts_that_would(g, s, p, s.bound, price, found, costs, LIST)):
        v = found[k]
        if v >= 0:
            _list_again(s, v, p, costs[k], costs[k] + price)
            continue
        # Too dear to matter soon: the list ends before it.
        v, value = ~v, costs[k] + price
        begin = v * (s.size + 1)
        while s.length[v] > 0 and s.values[begin + s.length[v] - 1] > value:
            s.length[v] -= 1
        s.bound[v] = value
        s.second[v] = min(s.second[v], value)


@compiled
def _list_again(s, v, p, cost, value):
    """Put ``p`` where it now belongs in the list of ``v``; whoever falls off the end lowers the bound."""
    begin = v * (s.size + 1)
    length = s.length[v]
    for k in range(begin, begin + length):
        if s.who[k] == p:
            for j in range(k, begin + length - 1):
                s.values[j], s.costs[j], s.who[j] = s.values[j + 1], s.costs[j + 1], s.who[j + 1]
            length -= 1
            break
    if length == s.size:
        last = begin + length - 1
        s.bound[v] = min(s.bound[v], max(value, s.values[last]))
        if value >= s.values[last]:
            return
        length -= 1
    k = begin + length
    while k > begin and s.values[k - 1] > value:
        s.values[k], s.costs[k], s.who[k] = s.values[k - 1], s.costs[k - 1], s.who[k - 1]
        k -= 1
    s.values[k], s.costs[k], s.who[k] = value, cost, p
    s.length[v] = length + 1
    s.second[v] = min(s.second[v], value)


@compiled
def release(g, s, start, found, costs, taker):
    """Offer the free places of ``start`` while their price stands above what they cost."""
    price = g.people_i[0]
    distance, via, via_cost, touched = s.distance, s.via, s.via_cost, s.touched
    keys, items, owner, worth = s.keys, s.items, s.owner, s.worth
    fell, has_fallen, fallen = s.fell, s.has_fallen, 0
    # Within an event worths only fall, so whoever would not come at a price never will: each person looks around once, and
    # again only when the price has fallen far. Costs are made exact (``sure``) where they matter.
    kept_at, kept_count, kept_from, kept, keepers, used = s.kept_at, s.kept_count, s.kept_from, s.kept, 0, 0
    post, cost, sure = np.empty(4096, np.int32), np.empty(4096, np.int64), np.empty(4096, np.bool_)
    while s.next_cost[start] < price[start]:
        s.tally[RELEASED] += 1
        # Giving the place up ends the search: the price falls to what the place costs.
        best, target = price[start] - s.next_cost[start], start
        distance[start], touched[0] = 0, start
        heap = push(keys, items, 0, np.int64(0), start)
        reached = 1
        while heap and keys[0] < best:
            d, p = keys[0], items[0]
            heap = pop(keys, items, heap)
            if d > distance[p]:
                continue
            above = d + price[p] - best
            if kept_at[p] < 0 or above < kept_from[p]:
                floor = above if kept_at[p] < 0 else above - FALL
                number = posts_that_would(g, s, p, worth, floor, found, costs, OFFER)
                while used + number > len(post):
                    post = np.concatenate((post, np.empty(len(post), np.int32)))
                    cost = np.concatenate((cost, np.empty(len(cost), np.int64)))
                    sure = np.concatenate((sure, np.empty(len(sure), np.bool_)))
                if kept_at[p] < 0:
                    kept[keepers] = p
                    keepers += 1
                kept_at[p], kept_count[p], kept_from[p] = used, number, floor
                for k in range(number):
                    post[used], cost[used], sure[used] = found[k], costs[k], p >= g.groups_from
                    used += 1
            number = kept_count[p]
            if heap + number + 1 > len(keys):
                keys = np.concatenate((keys, np.empty(len(keys) + number, dtype=np.int64)))
                items = np.concatenate((items, np.empty(len(keys) - len(items), dtype=np.int32)))
            for k in range(kept_at[p], kept_at[p] + number):
                v = post[k]
                x = owner[v]
                ahead = d + cost[k] + price[p] - worth[v]
                if x == p or x < 0 or ahead >= best or ahead >= distance[x]:
                    continue
                if not sure[k]:
                    cost[k], sure[k] = pair_cost(g, v, p), True
                    ahead = d + cost[k] + price[p] - worth[v]
                    if ahead >= best or ahead >= distance[x]:
                        continue
                if distance[x] == FAR:
                    touched[reached] = x
                    reached += 1
                distance[x], via[x], via_cost[x], taker[x] = ahead, v, cost[k], p
                if ahead + price[x] - s.last_cost[x] < best:
                    best, target = ahead + price[x] - s.last_cost[x], x
                if ahead < best:
                    heap = push(keys, items, heap, ahead, x)
        for k in range(reached):
            p = touched[k]
            if distance[p] < best:
                note(s, p, price[p])
                price[p] -= best - distance[p]
                v = s.first[p]
                while v >= 0:
                    worth[v] -= best - distance[p]
                    v = s.after[v]
        p = target
        while p != start:
            v, to = via[p], taker[p]
            move(g, s, v, to, via_cost[p])
            p = to
        for k in range(reached):
            p = touched[k]
            if distance[p] < best and not has_fallen[p]:
                fell[fallen], has_fallen[p] = p, True
                fallen += 1
            distance[p] = FAR
    for k in range(keepers):
        kept_at[kept[k]] = -1
    # Lists are needed again when a post is placed, not before: each person once, however often the price fell.
    for k in range(fallen):
        has_fallen[fell[k]] = False
        price_fell(g, s, fell[k], found, costs)
