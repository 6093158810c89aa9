"""What this room does when a contract has news. The sweep does the same for what got lost."""

from __future__ import annotations

from marketplace.contracts.events import ContractEnded, PostFilled, PostVacated
from marketplace.contracts.models import Post
from marketplace.core import clock, events

from .calls import close_answered_calls
from .services import settle


def follow_post(event: PostFilled | PostVacated) -> None:
    settle(now=clock.now(), post_ids=[event.post_id])


def close_call(event: PostFilled) -> None:
    close_answered_calls(now=clock.now(), post_ids=[event.post_id])


def follow_contract(event: ContractEnded) -> None:
    posts = Post.objects.filter(contract_id=event.contract_id).values_list("pk", flat=True)
    settle(now=clock.now(), post_ids=list(posts))


def connect() -> None:
    events.subscribe(PostFilled, follow_post)
    events.subscribe(PostFilled, close_call)
    events.subscribe(PostVacated, follow_post)
    events.subscribe(ContractEnded, follow_contract)
