"""One post: who serves it, and what its village says."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.accounts.selectors import licensed, practitioners_of
from marketplace.core import clock
from marketplace.core.errors import DomainError, StaleState
from marketplace.core.i18n import localized

from . import rules, services
from .forms import FillForm, LeaveForm, RateForm, RemoveForm, refuse
from .fulfilment import fulfilment
from .models import Post, VillageRating
from .selectors import leavings
from .services_posts import quarter_asked, quarter_name, quarter_of, quarter_words, quarters_to_rate, villages_limit
from .states import ContractState, PostState
from .views import signed_in


def _post(pk: int) -> Post:
    return get_object_or_404(
        Post.objects.select_related(
            "region",
            "adviser",
            "contract__buyer__region",
            "contract__supplier",
            "contract__award__lot__product_version",
        ),
        pk=pk,
    )


@require_http_methods(["GET", "POST"])
def staff(request: HttpRequest, pk: int) -> HttpResponse:
    """Name an adviser for a vacant post, or take the one it has away, with a reason."""
    post = _post(pk)
    if not rules.can_staff(request.user, post.contract):
        raise Http404
    if post.state == PostState.CLOSED or post.contract.state != ContractState.ACTIVE:
        return redirect("contracts:detail", post.contract_id)
    today = timezone.localdate(clock.now())
    if post.state == PostState.VACANT:
        people = practitioners_of(post.contract.supplier, today)
        kind = post.contract.award.lot.product_version.content.get("required_credential")
        if kind:
            people = licensed(people, today, [kind])
        served = Count("posts", filter=Q(posts__state=PostState.FILLED))
        people = people.annotate(served=served).order_by("served", "display_name", "pk")
        form: FillForm | RemoveForm = FillForm(request.POST or None, people=people)
    else:
        form = RemoveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            if "adviser" in values:
                services.fill_post(post=post, adviser=values["adviser"], actor=signed_in(request), now=clock.now())
                done = _("%(adviser)s serves %(village)s.") % {
                    "adviser": localized(values["adviser"], "display_name"),
                    "village": localized(post.region, "name"),
                }
            else:
                services.vacate_post(post=post, actor=signed_in(request), reason=values["reason"], now=clock.now())
                done = _("The post is vacant again.")
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, done)
            return redirect("contracts:detail", post.contract_id)
    return render(
        request,
        "contracts/staff.html",
        {
            "post": post,
            "contract": post.contract,
            "form": form,
            "fills": isinstance(form, FillForm),
            "limit": villages_limit(post.contract_id),
            "own_firm": rules.belongs_to_supplier(request.user, post.contract),
        },
    )


@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The adviser gives a post up, and says why. Nobody else has this page: see ``staff``."""
    post, adviser = _post(pk), signed_in(request)
    if post.adviser_id != adviser.pk:
        if (pk, adviser.pk) not in leavings(Post.objects.filter(pk=pk)):
            raise Http404
        return _left_already(request, post)
    if post.state != PostState.FILLED or post.contract.state != ContractState.ACTIVE:
        return redirect("contracts:detail", post.contract_id)
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.vacate_post(
                post=post, actor=adviser, reason=form.cleaned_data["reason"], now=clock.now(), adviser=adviser
            )
        except StaleState:
            return _left_already(request, post)
        except DomainError as error:
            refuse(form, error)
        else:
            place = localized(post.region, "name")
            messages.success(request, _("You no longer serve %(place)s.") % {"place": place})
            return redirect("contracts:detail", post.contract_id)
    return render(request, "contracts/leave.html", {"post": post, "contract": post.contract, "form": form})


def _left_already(request: HttpRequest, post: Post) -> HttpResponse:
    """Pressed twice, or somebody else was faster."""
    messages.info(request, _("You do not serve here any more."))
    return redirect("contracts:detail", post.contract_id)


@require_http_methods(["GET", "POST"])
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """A village says how its service was: one question, five answers, in simple words."""
    post = _post(pk)
    if not rules.can_rate(request.user, post):
        raise Http404
    today = timezone.localdate(clock.now())
    quarters = quarters_to_rate(post, today)
    said = {
        rating.quarter: rating
        for rating in VillageRating.objects.filter(post=post, rated_by=signed_in(request), quarter__in=quarters)
    }
    this = quarter_name(today)
    # The quarter of which the workspace speaks; when all that is over was rated, the latest.
    asked = quarter_asked(post, today, said) or (quarters[0] if quarters else this)
    before = said.get(asked)
    initial: dict[str, object] = {"quarter": asked}
    if before is not None:
        initial |= {"stars": before.stars, "comment": before.comment}
    form = RateForm(request.POST or None, quarters=[(q, quarter_words(q)) for q in quarters], initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.rate_post(actor=signed_in(request), post=post, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Thank you. It is taken into account when the service is accepted."))
            return redirect("dashboards:coverage", post.region_id)
    first, last = quarter_of(asked)
    return render(
        request,
        "contracts/rate.html",
        {
            "post": post,
            "contract": post.contract,
            "form": form if quarters else None,
            "before": before,
            "months": "" if asked == this else quarter_words(asked),
            "items": [i for i in fulfilment([post], first, last)[post.pk] if i.due is not None or i.done],
        },
    )
