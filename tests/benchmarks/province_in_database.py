"""A province in the database: Henan's real villages, each a vacant post of one contract, and invented lawyers of one firm."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import numpy as np
from django.core.management import call_command
from django.db import connection, transaction

from marketplace.accounts.models import Credential, Membership, PractitionerProfile, Specialty, SpokenLanguage, User
from marketplace.contracts.models import Contract, Post
from marketplace.core import clock
from marketplace.core.bulk import copy_rows
from marketplace.regions.models import Level, Region
from tests.factories.contracts import make_contract, make_parties, parties_of

from .instances_at_scale import instance

HENAN = 410000000000


def build_province(*, posts: int, people: int, limit: int) -> Contract:
    """A contract in performance with ``posts`` vacant villages, whose supplier has ``people`` licensed lawyers; nobody serves
    more than ``limit``.

    Villages and offices lie as in ``instances_at_scale``, where the file knows only the township's place.
    """
    drawn = instance("province", posts=posts, people=people)
    call_command("import_regions", "--under", str(HENAN), stdout=StringIO())
    villages = list(Region.objects.under(HENAN, Level.VILLAGE).order_by("code").values_list("code", flat=True)[:posts])
    assert len(villages) == posts
    _scatter(villages, drawn.posts.longitude, drawn.posts.latitude)
    seat = Region.objects.get(code=HENAN)
    parties = make_parties()
    contract = make_contract(parties, regions=[Region.objects.get(code=villages[0])])
    for organisation in (parties.buyer, parties.supplier):
        type(organisation).objects.filter(pk=organisation.pk).update(region=seat)
    terms = ("contract_id", "seat", "amount", "amount_currency", "starts_on", "ends_on", "state")
    [first] = contract.posts.values_list(*terms)
    with connection.cursor() as cursor, transaction.atomic():
        # A contract that is signed takes no more posts, and its terms stay.
        cursor.execute("ALTER TABLE contracts_post DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE contracts_obligation DISABLE TRIGGER USER")
        contract.obligations.filter(kind="limit").update(quantity=limit)
        copy_rows(Post, ("region_id", *terms), ((code, *first) for code in villages[1:]))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE contracts_post ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE contracts_obligation ENABLE TRIGGER USER")
    _lawyers(contract, drawn.people.columns())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return contract


def _scatter(villages: list[int], longitude: np.ndarray, latitude: np.ndarray) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE regions_region r SET longitude = s.lon, latitude = s.lat, location_source = 'estimated'
            FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) AS s(code, lon, lat) WHERE r.code = s.code""",
            [villages, longitude.tolist(), latitude.tolist()],
        )


def _lawyers(contract: Contract, drawn: dict[str, list[float]]) -> None:
    firm, now, today = contract.supplier, clock.now(), clock.today()
    count = len(drawn["longitude"])
    User.objects.bulk_create(
        (
            User(
                username=f"province{n}",
                display_name=f"示例律师{n}",
                display_name_en=f"Lawyer {n} (sample)",
                password="!",
            )
            for n in range(count)
        ),
        batch_size=2000,
    )
    keys = list(User.objects.filter(username__startswith="province").order_by("pk").values_list("pk", flat=True))
    copy_rows(
        Membership,
        ("user_id", "organisation_id", "role", "state", "valid_from"),
        ((key, firm.pk, "lawyer", "active", today - timedelta(400)) for key in keys),
    )
    copy_rows(
        Credential,
        ("user_id", "kind", "number", "issuer", "valid_from", "valid_until", "state", "submitted_at", "reviewed_at",
         "reviewed_by_id", "review_note"),
        (
            (key, "lawyer", f"示例{key}", "示例省司法厅", today - timedelta(365), today + timedelta(365), "verified", now,
             now, parties_of(contract).officer.pk, "")
            for key in keys
        ),
    )  # fmt: skip
    fields, spoken = Specialty.values, SpokenLanguage.values
    copy_rows(
        PractitionerProfile,
        ("user_id", "region_id", "longitude", "latitude", "specialties", "languages", "capacity", "max_travel_minutes",
         "open_to_posts", "about", "about_en"),
        (
            (
                key, HENAN, drawn["longitude"][n], drawn["latitude"][n],
                [name for bit, name in enumerate(fields) if int(drawn["specialties"][n]) >> bit & 1],
                [name for bit, name in enumerate(spoken) if int(drawn["languages"][n]) >> bit & 1],
                drawn["capacity"][n], 240, True, "", "",
            )
            for n, key in enumerate(keys)
        ),
    )  # fmt: skip
