"""The compiled part: the best schedule of one volunteer at given prices of places, prices, and the search for a plan.

A schedule is built shift by shift in the order of start; a shift that fits behind the last one fits behind all, since a way
with a stop is never shorter. Of two unfinished schedules that end with the same shift, one that is worth no more and leaves no
more minutes, in all and on that day, is dropped (label setting; Desrochers and Soumis 1988). Shifts worth nothing at the prices
are left out at once: without one, a schedule stays possible.
"""

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled
from marketplace.matching.teams.plans import draw

#: unfinished schedules of one volunteer; beyond, the worth is bounded from above and no schedule is given
MOST_LABELS = 1 << 14
#: columns of the workspace
_WORTH, _TOTAL, _DAY, _OFFER, _BEFORE, _LIVE = range(6)


@compiled
def workspace():  # type: ignore[no-untyped-def]
    return np.empty((6, MOST_LABELS), np.int64)


@compiled
def best_schedule(low, high, base, clash, worth, length, day, most, most_a_day, taken, work):  # type: ignore[no-untyped-def]
    """The schedule of most worth among the offers ``low:high``, which are sorted by start.

    Returns:
        its worth, and how many offers, whose positions then stand in ``taken``, the last first; -1 if there were too many to try,
        in which case no schedule is worth more.
    """
    n = high - low
    active, total = 0, np.int64(0)
    last_day, on_day, crowded = np.int64(-1), np.int64(0), False
    for i in range(low, high):
        if worth[i] > 0:
            taken[active] = i
            active += 1
            total += length[i]
            on_day = on_day + length[i] if day[i] == last_day else length[i]
            last_day = day[i]
            crowded |= on_day > most_a_day
    if active == 0:
        return np.int64(0), 0
    short = total > most
    if not short and not crowded:
        free = True
        for a in range(active):
            row = base + (taken[a] - low) * n - low
            for b in range(a):
                if clash[row + taken[b]]:
                    free = False
                    break
            if not free:
                break
        if free:
            value = np.int64(0)
            for a in range(active):
                value += worth[taken[a]]
            return value, active
    labels, best, best_at = 0, np.int64(0), -1
    first = np.empty(active + 1, np.int64)
    for a in range(active):
        i = taken[a]
        first[a] = labels
        row = base + (i - low) * n - low
        for b in range(-1, a):
            if b >= 0 and clash[row + taken[b]]:
                continue
            begin, end = (first[b], first[b + 1]) if b >= 0 else (0, 1)
            for label in range(begin, end):
                value, minutes, today = worth[i], length[i], length[i]
                before = -1
                if b >= 0:
                    if not work[_LIVE, label]:
                        continue
                    before = label
                    value += work[_WORTH, label]
                    minutes += work[_TOTAL, label]
                    if day[taken[b]] == day[i]:
                        today += work[_DAY, label]
                if minutes > most or today > most_a_day:
                    continue
                # What never binds does not tell labels apart.
                if not short:
                    minutes = np.int64(0)
                if not crowded:
                    today = np.int64(0)
                beaten = False
                for other in range(first[a], labels):
                    if not work[_LIVE, other]:
                        continue
                    if work[_WORTH, other] >= value and work[_TOTAL, other] <= minutes and work[_DAY, other] <= today:
                        beaten = True
                        break
                    if work[_WORTH, other] <= value and work[_TOTAL, other] >= minutes and work[_DAY, other] >= today:
                        work[_LIVE, other] = 0
                if beaten:
                    continue
                if labels == MOST_LABELS:
                    value = np.int64(0)
                    for c in range(active):
                        value += worth[taken[c]]
                    return value, -1
                work[_WORTH, labels], work[_TOTAL, labels], work[_DAY, labels] = value, minutes, today
                work[_OFFER, labels], work[_BEFORE, labels], work[_LIVE, labels] = i, before, 1
                if value > best:
                    best, best_at = value, labels
                labels += 1
        first[a + 1] = labels
    count = 0
    while best_at >= 0:
        taken[count] = work[_OFFER, best_at]
        count += 1
        best_at = work[_BEFORE, best_at]
    return best, count


@compiled
def price_everybody(  # type: ignore[no-untyped-def]
    start, shift, worth, length, day, square, clash, most, most_a_day, price, used, work, reduced, taken
):
    """Sum over volunteers of the best schedule's worth at ``worth - price``; ``used`` counts the places that were chosen."""
    used[:] = 0
    total = np.int64(0)
    for i in range(len(shift)):
        reduced[i] = worth[i] - price[shift[i]]
    for v in range(len(start) - 1):
        value, count = best_schedule(
            start[v], start[v + 1], square[v], clash, reduced, length, day, most[v], most_a_day[v], taken, work
        )
        total += value
        for j in range(count):
            used[shift[taken[j]]] += 1
    return total


@compiled
def move_prices(  # type: ignore[no-untyped-def]
    start, shift, worth, length, day, square, clash, most, most_a_day, places, price, goal, usual, step, rounds
):
    """Move the prices of places up where more volunteers want them than there are, down where fewer (deflected subgradients;
    Camerini, Fratta and Maffioli 1975), in steps in proportion to price and ``usual``. ``goal``: what some plan is worth.
    ``price`` becomes the best found. No price exceeds what anybody's place is worth, and where places suffice for all it is
    nothing: neither makes a bound worse, and no sum can leave 64 bits.

    Returns:
        the best bound, and the step's length to go on with.
    """
    count = len(price)
    used = np.empty(count, np.int64)
    way = np.zeros(count, np.float64)
    trial, top, wanted = price.copy(), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for i in range(len(shift)):
        top[shift[i]] = max(top[shift[i]], worth[i])
        wanted[shift[i]] += 1
    for s in range(count):
        if wanted[s] <= places[s]:
            top[s] = 0
    work, reduced, taken = workspace(), np.empty(len(shift), np.int64), np.empty(len(shift) + 1, np.int64)
    best, idle = np.int64(1) << 60, 0
    for _round in range(rounds):
        total = price_everybody(
            start, shift, worth, length, day, square, clash, most, most_a_day, trial, used, work, reduced, taken
        )
        for s in range(count):
            total += trial[s] * places[s]
        if total < best:
            best, idle = total, 0
            price[:] = trial
        else:
            idle += 1
            if idle == 6:
                step, idle = step * 0.7, 0
                trial[:] = price
        square_sum = 0.0
        for s in range(count):
            over = np.float64(used[s] - places[s])
            way[s] = 0.8 * way[s] + over if trial[s] > 0 or over > 0 else 0.0
            if trial[s] == 0 and way[s] < 0:
                way[s] = 0.0
            square_sum += (trial[s] + usual) * way[s] * way[s]
        if square_sum == 0:
            break
        ahead = step * np.float64(max(total - goal, 1)) / square_sum
        for s in range(count):
            moved = trial[s] + ahead * (trial[s] + usual) * way[s]
            trial[s] = np.int64(np.rint(min(max(moved, 0.0), np.float64(top[s]))))
    return best, step


@compiled
def improve(  # type: ignore[no-untyped-def]
    start, shift, worth, length, day, square, clash, most, most_a_day, shift_start, by_shift, owner, price,
    chosen, left, state, longest, tries,
):  # fmt: skip
    """Try ``tries`` chains: a volunteer gives up everything and takes the best schedule at the prices, also places of others; who
    loses one does the same, until nobody lost one or the chain is too long. Kept if the plan is worth no less.

    ``chosen`` (by offer) and ``left`` (places by shift) are the plan, changed in place. Returns what was gained.
    """
    volunteers = len(start) - 1
    work, guide, taken = workspace(), np.empty(len(shift), np.int64), np.empty(len(shift) + 1, np.int64)
    fresh = np.zeros(len(shift), np.int64)
    widest = 0
    for v in range(volunteers):
        widest = max(widest, start[v + 1] - start[v])
    # In one move a volunteer gives up all, takes all, and for each another goes.
    logged = np.empty(longest * 3 * widest + 1, np.int64)
    waiting = np.empty(longest + 2, np.int64)
    queued = np.zeros(volunteers, np.int64)
    gained = np.int64(0)
    for trial in range(1, tries + 1):
        share, toll = draw(state) % 5, draw(state) % 3
        waiting[0] = draw(state) % volunteers
        queue, log, moves, change, failed = 1, 0, 0, np.int64(0), False
        while queue:
            queue -= 1
            v = waiting[queue]
            queued[v] = 0
            moves += 1
            if moves > longest:
                failed = True
                break
            low, high = start[v], start[v + 1]
            # Give up everything; whatever changes is logged by offer, and undone by flipping it back.
            for i in range(low, high):
                if chosen[i]:
                    chosen[i] = False
                    left[shift[i]] += 1
                    change -= worth[i]
                    logged[log] = i
                    log += 1
            for i in range(low, high):
                s = shift[i]
                if left[s] > 0:
                    guide[i] = worth[i] - (price[s] * share >> 2)
                else:
                    # Somebody not of this chain would have to go.
                    guide[i] = -1
                    for at in range(shift_start[s + 1] - 1, shift_start[s] - 1, -1):
                        other = by_shift[at]
                        if chosen[other] and fresh[other] != trial:
                            guide[i] = worth[i] - max(price[s], worth[other] * toll >> 1)
                            break
            _value, count = best_schedule(
                low, high, square[v], clash, guide, length, day, most[v], most_a_day[v], taken, work
            )
            for j in range(max(count, 0)):
                i = taken[j]
                s = shift[i]
                if left[s] == 0:
                    worst = -1
                    for at in range(shift_start[s], shift_start[s + 1]):
                        other = by_shift[at]
                        if chosen[other] and fresh[other] != trial and (worst < 0 or worth[other] < worth[worst]):
                            worst = other
                    chosen[worst] = False
                    left[s] += 1
                    change -= worth[worst]
                    logged[log] = worst
                    log += 1
                    h = owner[worst]
                    if not queued[h]:
                        queued[h] = 1
                        waiting[queue] = h
                        queue += 1
                chosen[i] = True
                fresh[i] = trial
                left[s] -= 1
                change += worth[i]
                logged[log] = i
                log += 1
                if queue > longest:
                    failed = True
                    break
            if failed:
                break
        while queue:
            queue -= 1
            queued[waiting[queue]] = 0
        if failed or change < 0:
            for at in range(log - 1, -1, -1):
                i = logged[at]
                chosen[i] = not chosen[i]
                left[shift[i]] += -1 if chosen[i] else 1
        else:
            gained += change
    return gained


@compiled
def keep_order(  # type: ignore[no-untyped-def]
    start, shift, worth, length, day, square, clash, most, most_a_day, shift_start, by_shift, owner, chosen, left
):
    """Whoever waits longer for a shift and could come without giving anything up takes a free place, or that of somebody later,
    where the plan gains by it; until nobody can. Returns how many did."""
    swaps, again = 0, True
    while again:
        again = False
        for s in range(len(left)):
            for at in range(shift_start[s], shift_start[s + 1]):
                i = by_shift[at]
                if chosen[i]:
                    continue
                v = owner[i]
                out = -1
                if left[s] == 0:
                    for later in range(shift_start[s + 1] - 1, at, -1):
                        other = by_shift[later]
                        if chosen[other] and worth[other] < worth[i] and (out < 0 or worth[other] < worth[out]):
                            out = other
                    if out < 0:
                        continue
                low, n = start[v], start[v + 1] - start[v]
                minutes, today, fits = length[i], length[i], True
                for j in range(low, start[v + 1]):
                    if chosen[j]:
                        minutes += length[j]
                        if day[j] == day[i]:
                            today += length[j]
                        if clash[square[v] + (i - low) * n + j - low]:
                            fits = False
                            break
                if not fits or minutes > most[v] or today > most_a_day[v]:
                    continue
                if out >= 0:
                    chosen[out] = False
                else:
                    left[s] -= 1
                chosen[i] = True
                swaps += 1
                again = True
    return swaps
