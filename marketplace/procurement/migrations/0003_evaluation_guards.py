"""What opening, evaluation and award must hold, whoever writes to the tables: see the functions below."""

# ruff: noqa: S608 (the text of the refusals is our own)

import django.db.models.deletion
import djmoney.models.fields
from django.conf import settings
from django.db import migrations, models

from marketplace.core.immutable import append_only


def _refuse(table: str, name: str, text: str) -> str:
    return (
        f"RAISE EXCEPTION '{text}' "
        f"USING ERRCODE = 'check_violation', CONSTRAINT = '{name}', TABLE = 'procurement_{table}';"
    )


# A share is released after the deadline and before the opening, and is nowhere in the clear afterwards.
_SHARE = f"""
CREATE FUNCTION procurement_guard_share() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tender_state text;
    closes timestamptz;
BEGIN
    IF TG_OP = 'DELETE' THEN
        {_refuse("keyshare", "share_never_goes", "a key share never goes")}
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.tender_id, OLD.holder_id, OLD.holder_key_id, OLD.sealed_share)
        IS DISTINCT FROM (NEW.tender_id, NEW.holder_id, NEW.holder_key_id, NEW.sealed_share) THEN
        {_refuse("keyshare", "share_stays", "a key share stays as it was sealed")}
    END IF;
    IF NEW.released_at IS NOT NULL OR octet_length(NEW.released) > 0 THEN
        SELECT t.state, t.bid_deadline INTO tender_state, closes FROM procurement_tender t WHERE t.id = NEW.tender_id;
        IF NEW.released_at IS NULL OR closes IS NULL OR NEW.released_at <= closes THEN
            {_refuse("keyshare", "share_released_after_deadline", "a share is released after the deadline only")}
        END IF;
        IF octet_length(NEW.released) > 0 AND tender_state <> 'published' THEN
            {_refuse("keyshare", "share_wiped_at_opening", "no share stands open after the opening")}
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_keyshare_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_keyshare
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_share();
"""

_SHARE_BACK = """
DROP TRIGGER IF EXISTS procurement_keyshare_guard ON procurement_keyshare;
DROP FUNCTION IF EXISTS procurement_guard_share();
"""

# What was read at the opening stays; what the check found stays once the panel is drawn.
_OPENED = f"""
CREATE FUNCTION procurement_guard_opened_bid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closes timestamptz;
    tender bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        {_refuse("openedbid", "opened_bid_never_goes", "an opened bid never goes")}
    END IF;
    SELECT t.id, t.bid_deadline INTO tender, closes
        FROM procurement_bid b JOIN procurement_lot l ON l.id = b.lot_id JOIN procurement_tender t ON t.id = l.tender_id
        WHERE b.id = NEW.bid_id;
    IF TG_OP = 'INSERT' THEN
        IF closes IS NULL OR NEW.opened_at <= closes THEN
            {_refuse("openedbid", "opened_past_the_deadline", "bids are opened after the deadline only")}
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.bid_id, OLD.price, OLD.price_currency, OLD.small_or_micro, OLD.content, OLD.opened_at)
        IS DISTINCT FROM
       (NEW.bid_id, NEW.price, NEW.price_currency, NEW.small_or_micro, NEW.content, NEW.opened_at) THEN
        {_refuse("openedbid", "opened_bid_stays", "what was read at the opening never changes")}
    END IF;
    IF (OLD.qualified, OLD.invalid_code, OLD.invalid_reason, OLD.price_explanation)
        IS DISTINCT FROM (NEW.qualified, NEW.invalid_code, NEW.invalid_reason, NEW.price_explanation)
       AND EXISTS (SELECT FROM procurement_evaluator e WHERE e.tender_id = tender) THEN
        {_refuse("openedbid", "check_ends_with_draw", "the check of the bids ends when the panel is drawn")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_openedbid_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_openedbid
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_opened_bid();
"""

_OPENED_BACK = """
DROP TRIGGER IF EXISTS procurement_openedbid_guard ON procurement_openedbid;
DROP FUNCTION IF EXISTS procurement_guard_opened_bid();
"""

# A seat is taken by somebody with no part in the tender; who left does not come back; who handed in, only for a re-review.
_EVALUATOR = f"""
CREATE FUNCTION procurement_guard_evaluator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        {_refuse("evaluator", "evaluator_never_goes", "a seat on the panel never goes")}
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'drawn' THEN
            {_refuse("evaluator", "evaluator_begins_drawn", "an evaluator declares after the draw")}
        END IF;
        IF EXISTS (SELECT FROM procurement_tender t WHERE t.id = NEW.tender_id
                   AND NEW.user_id IN (t.drafted_by_id, t.approved_by_id))
           OR EXISTS (SELECT FROM procurement_keyshare k WHERE k.tender_id = NEW.tender_id AND k.holder_id = NEW.user_id)
           OR EXISTS (SELECT FROM procurement_bid b JOIN procurement_lot l ON l.id = b.lot_id
                      JOIN accounts_membership m ON m.organisation_id = b.supplier_id AND m.state = 'active'
                      WHERE l.tender_id = NEW.tender_id AND b.state IN ('sealed', 'opened', 'invalid')
                        AND m.user_id = NEW.user_id) THEN
            {_refuse("evaluator", "evaluator_has_no_part", "an evaluator has no other part in the tender")}
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.tender_id, OLD.user_id, OLD.is_expert, OLD.is_law_expert, OLD.replaces_id, OLD.draw)
        IS DISTINCT FROM (NEW.tender_id, NEW.user_id, NEW.is_expert, NEW.is_law_expert, NEW.replaces_id, NEW.draw) THEN
        {_refuse("evaluator", "drawn_evaluator_stays", "the draw of an evaluator never changes")}
    END IF;
    IF OLD.state <> NEW.state AND NOT (
        (OLD.state = 'drawn' AND NEW.state IN ('declared', 'recused'))
        OR (OLD.state = 'declared' AND NEW.state IN ('submitted', 'recused'))
        OR (OLD.state = 'submitted' AND NEW.state = 'declared' AND NEW.reopened_at IS NOT NULL
            AND NEW.reopened_at IS DISTINCT FROM OLD.reopened_at
            AND EXISTS (SELECT FROM procurement_tender t WHERE t.id = NEW.tender_id AND t.state = 'opened'))) THEN
        {_refuse("evaluator", "evaluator_state_path", "an evaluator does not go back")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_evaluator_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_evaluator
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_evaluator();
"""

_EVALUATOR_BACK = """
DROP TRIGGER IF EXISTS procurement_evaluator_guard ON procurement_evaluator;
DROP FUNCTION IF EXISTS procurement_guard_evaluator();
"""

# The evaluator's row is shared while a score is written, so that handing in waits for it, and it for handing in.
_SCORE = f"""
CREATE FUNCTION procurement_guard_score() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cell procurement_score;
    seat record;
    factor record;
    bid_of record;
BEGIN
    IF TG_OP = 'DELETE' THEN cell := OLD; ELSE cell := NEW; END IF;
    IF TG_OP = 'UPDATE' AND (OLD.evaluator_id, OLD.opened_bid_id, OLD.criterion_id)
        IS DISTINCT FROM (NEW.evaluator_id, NEW.opened_bid_id, NEW.criterion_id) THEN
        {_refuse("score", "score_keeps_its_cell", "a score stays in its cell")}
    END IF;
    SELECT e.state, e.tender_id, e.reopened_at INTO seat FROM procurement_evaluator e
        WHERE e.id = cell.evaluator_id FOR SHARE;
    IF seat.state IS DISTINCT FROM 'declared' THEN
        {_refuse("score", "score_by_declared_evaluator", "only who has declared and not yet handed in writes scores")}
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    SELECT c.kind, c.points, c.lot_id INTO factor FROM procurement_criterion c WHERE c.id = NEW.criterion_id;
    SELECT b.lot_id, l.tender_id, o.qualified INTO bid_of FROM procurement_openedbid o
        JOIN procurement_bid b ON b.id = o.bid_id JOIN procurement_lot l ON l.id = b.lot_id
        WHERE o.id = NEW.opened_bid_id;
    IF factor.kind = 'price' OR NEW.points > factor.points THEN
        {_refuse("score", "score_within_factor", "points lie within their factor, and the price is computed")}
    END IF;
    IF bid_of.lot_id <> factor.lot_id OR bid_of.tender_id <> seat.tender_id OR bid_of.qualified IS DISTINCT FROM true THEN
        {_refuse("score", "score_of_own_bid", "factor, bid and evaluator belong together and the bid is valid")}
    END IF;
    IF seat.reopened_at IS NOT NULL AND factor.kind <> 'objective' THEN
        {_refuse("score", "re_review_is_objective", "a re-review changes objective points only")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_score_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_score
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_score();
"""

_SCORE_BACK = """
DROP TRIGGER IF EXISTS procurement_score_guard ON procurement_score;
DROP FUNCTION IF EXISTS procurement_guard_score();
"""

# A lot ends once: with an award to a bid of its own, decided by nobody who judged it or drafted it, or with a failure.
_AWARD = f"""
CREATE FUNCTION procurement_guard_award() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tender procurement_tender;
BEGIN
    SELECT t.* INTO tender FROM procurement_tender t JOIN procurement_lot l ON l.tender_id = t.id
        WHERE l.id = NEW.lot_id FOR SHARE OF t;
    IF TG_TABLE_NAME = 'procurement_lotfailure' THEN
        IF EXISTS (SELECT FROM procurement_award a WHERE a.lot_id = NEW.lot_id) THEN
            {_refuse("lotfailure", "lot_ends_once", "an awarded lot does not fail")}
        END IF;
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM procurement_lotfailure f WHERE f.lot_id = NEW.lot_id) THEN
        {_refuse("award", "lot_ends_once", "a failed lot is not awarded")}
    END IF;
    IF NOT EXISTS (SELECT FROM procurement_bid b JOIN procurement_openedbid o ON o.bid_id = b.id
                   WHERE b.id = NEW.bid_id AND b.lot_id = NEW.lot_id AND b.state = 'opened'
                     AND o.qualified AND o.price = NEW.amount) THEN
        {_refuse("award", "award_to_valid_bid", "an award goes to a valid bid of its lot, at its price")}
    END IF;
    IF NEW.decided_by_id = tender.drafted_by_id
       OR EXISTS (SELECT FROM procurement_evaluator e WHERE e.tender_id = tender.id AND e.user_id = NEW.decided_by_id) THEN
        {_refuse("award", "award_decided_by_another", "who drafted or judged does not decide")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_award_guard BEFORE INSERT ON procurement_award
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_award();
CREATE TRIGGER procurement_lotfailure_guard BEFORE INSERT ON procurement_lotfailure
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_award();
"""

_AWARD_BACK = """
DROP TRIGGER IF EXISTS procurement_lotfailure_guard ON procurement_lotfailure;
DROP TRIGGER IF EXISTS procurement_award_guard ON procurement_award;
DROP FUNCTION IF EXISTS procurement_guard_award();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("procurement", "0002_bidding_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LotFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ground",
                    models.CharField(
                        choices=[
                            ("too_few", "too few bidders, or too few that meet the conditions (art. 36 (1))"),
                            ("unlawful", "unlawful acts that affect fairness (art. 36 (2))"),
                            ("over_budget", "every price is above what the buyer can pay (art. 36 (3))"),
                            ("cancelled", "the task is cancelled by a major change of circumstances (art. 36 (4))"),
                        ],
                        max_length=12,
                        verbose_name="ground",
                    ),
                ),
                ("reason", models.TextField(verbose_name="reason")),
                ("reason_en", models.TextField(blank=True, verbose_name="reason in English")),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
            ],
            options={
                "verbose_name": "failed lot",
                "verbose_name_plural": "failed lots",
                "ordering": ["lot_id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="openedbid",
            name="unqualified_bid_says_why",
        ),
        migrations.RemoveConstraint(
            model_name="openedbid",
            name="opened_price_positive",
        ),
        migrations.AddField(
            model_name="evaluator",
            name="declaration",
            field=models.TextField(blank=True, verbose_name="declaration"),
        ),
        migrations.AddField(
            model_name="evaluator",
            name="is_law_expert",
            field=models.BooleanField(default=False, verbose_name="law expert"),
        ),
        migrations.AddField(
            model_name="evaluator",
            name="recusal_reason",
            field=models.TextField(blank=True, verbose_name="why recused"),
        ),
        migrations.AddField(
            model_name="evaluator",
            name="reopened_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sent back for re-review"),
        ),
        migrations.AddField(
            model_name="evaluator",
            name="replaces",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replacement",
                to="procurement.evaluator",
                verbose_name="replaces",
            ),
        ),
        migrations.AddField(
            model_name="openedbid",
            name="invalid_code",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unreadable", "cannot be read: the stored bytes are not a valid bid"),
                    ("unqualified", "the bidder does not meet the conditions"),
                    ("over_ceiling", "the price is above the ceiling"),
                    ("conditions", "it sets conditions the buyer cannot accept"),
                    ("low_price", "an abnormally low price was not explained"),
                    ("other", "another ground of the tender documents"),
                ],
                max_length=12,
                verbose_name="ground",
            ),
        ),
        migrations.AddField(
            model_name="openedbid",
            name="price_explanation",
            field=models.TextField(blank=True, verbose_name="how the bidder explains a low price"),
        ),
        migrations.AlterField(
            model_name="openedbid",
            name="price",
            field=djmoney.models.fields.MoneyField(
                decimal_places=2, default=None, max_digits=16, null=True, verbose_name="price"
            ),
        ),
        migrations.AlterField(
            model_name="openedbid",
            name="price_currency",
            field=djmoney.models.fields.CurrencyField(
                choices=[("CNY", "Chinese Yuan")], default="CNY", editable=False, max_length=3, null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluator",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["declared", "submitted"]), _negated=True),
                    models.Q(("declared_at__isnull", False), models.Q(("declaration", ""), _negated=True)),
                    _connector="OR",
                ),
                name="who_sees_bids_has_declared",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluator",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "recused"), _negated=True),
                    models.Q(("recusal_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="recused_evaluator_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="openedbid",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("qualified", False), _negated=True),
                    models.Q(("invalid_code", ""), _negated=True),
                    _connector="OR",
                ),
                name="unqualified_bid_names_ground",
            ),
        ),
        migrations.AddConstraint(
            model_name="openedbid",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("price__isnull", False),
                    models.Q(("invalid_code", "unreadable"), ("qualified", False)),
                    _connector="OR",
                ),
                name="readable_bid_has_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="openedbid",
            constraint=models.CheckConstraint(
                condition=models.Q(("price__isnull", True), ("price__gt", 0), _connector="OR"),
                name="opened_price_positive",
            ),
        ),
        migrations.AddField(
            model_name="lotfailure",
            name="decided_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="lotfailure",
            name="lot",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="failure", to="procurement.lot"
            ),
        ),
        migrations.AddConstraint(
            model_name="lotfailure",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="failed_lot_says_why"
            ),
        ),
        append_only("procurement_bidresult"),
        append_only("procurement_award"),
        append_only("procurement_lotfailure"),
        migrations.RunSQL(_SHARE, _SHARE_BACK),
        migrations.RunSQL(_OPENED, _OPENED_BACK),
        migrations.RunSQL(_EVALUATOR, _EVALUATOR_BACK),
        migrations.RunSQL(_SCORE, _SCORE_BACK),
        migrations.RunSQL(_AWARD, _AWARD_BACK),
    ]
