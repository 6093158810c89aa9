"""What this room does when a contract has news. The sweep does the same for what got lost."""

from __future__ import annotations

from collections.abc import Collection

from marketplace.contracts import shifts
from marketplace.contracts.events import ContractEnded, PostFilled, PostVacated
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.selectors import leavings
from marketplace.core import clock, events

from . import letters, selectors
from .calls import close_answered_calls
from .rosters.duties import cancel_with_contracts
from .services_proposals import settle
from .services_repair import end_with_contracts


def follow_post(event: PostFilled | PostVacated) -> None:
    settle(now=clock.now(), post_ids=[event.post_id])


def tell_of_leaving(event: PostVacated) -> None:
    post = Post.objects.select_related("region", "contract__buyer", "contract__supplier").get(pk=event.post_id)
    letters.post_left(post, leavings(Post.objects.filter(pk=post.pk))[post.pk, event.adviser_id][-1])


def close_call(event: PostFilled) -> None:
    close_answered_calls(now=clock.now(), post_ids=[event.post_id])


def follow_contract(event: ContractEnded) -> None:
    now, ended = clock.now(), [event.contract_id]
    posts = Post.objects.filter(contract__in=ended).values_list("pk", flat=True)
    settle(now=now, post_ids=list(posts))
    end_with_contracts(now=now, contract_ids=ended)
    cancel_with_contracts(now=now, contract_ids=ended)


def by_roster(keys: Collection[int]) -> set[int]:
    return set(Contract.objects.filter(selectors.by_roster(), pk__in=keys).values_list("pk", flat=True))


def connect() -> None:
    shifts.register(by_roster)
    events.subscribe(PostFilled, follow_post)
    events.subscribe(PostFilled, close_call)
    events.subscribe(PostVacated, follow_post)
    events.subscribe(PostVacated, tell_of_leaving)
    events.subscribe(ContractEnded, follow_contract)
