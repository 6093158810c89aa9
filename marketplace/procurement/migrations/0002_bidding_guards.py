"""What the tables of buying must hold, whoever writes to them: see the functions below."""

import django.db.models.deletion
from django.db import migrations, models

import marketplace.core.sealing
from marketplace.core.immutable import append_only

_REFUSE = "USING ERRCODE = 'check_violation', CONSTRAINT = '{name}', TABLE = '{table}'"


def _refuse(table: str, name: str, text: str) -> str:
    return f"RAISE EXCEPTION '{text}' {_REFUSE.format(name=name, table=table)};"


# The tender's row is shared with other bids and closed to an amendment of its deadline, which takes it for itself.
_BID = f"""
CREATE FUNCTION procurement_guard_bid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tender_state text;
    closes timestamptz;
BEGIN
    IF TG_OP = 'DELETE' THEN
        {_refuse("procurement_bid", "bid_never_goes", "a received bid never goes")}
    END IF;
    SELECT t.state, t.bid_deadline INTO tender_state, closes
        FROM procurement_tender t JOIN procurement_lot l ON l.tender_id = t.id
        WHERE l.id = NEW.lot_id FOR SHARE OF t;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'sealed' THEN
            {_refuse("procurement_bid", "bid_arrives_sealed", "a bid arrives sealed")}
        END IF;
        IF tender_state IS DISTINCT FROM 'published' OR closes IS NULL OR NEW.received_at > closes THEN
            {_refuse("procurement_bid", "bid_in_time", "bidding is not open at this time")}
        END IF;
        IF encode(sha256(NEW.sealed_content), 'hex') <> NEW.digest THEN
            {_refuse("procurement_bid", "bid_digest_fits", "the digest is not that of the sealed content")}
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.id, OLD.lot_id, OLD.supplier_id, OLD.submitted_by_id, OLD.receipt_id, OLD.digest, OLD.request_key,
        OLD.received_at, OLD.sealed_content)
        IS DISTINCT FROM
       (NEW.id, NEW.lot_id, NEW.supplier_id, NEW.submitted_by_id, NEW.receipt_id, NEW.digest, NEW.request_key,
        NEW.received_at, NEW.sealed_content)
       OR (OLD.receipt <> '{{}}'::jsonb AND OLD.receipt IS DISTINCT FROM NEW.receipt) THEN
        {_refuse("procurement_bid", "received_bid_stays", "a received bid and its receipt never change")}
    END IF;
    IF OLD.state <> NEW.state THEN
        IF NEW.state = 'sealed' OR OLD.state IN ('replaced', 'withdrawn') THEN
            {_refuse("procurement_bid", "ended_bid_stays", "an ended or opened bid is not sealed again")}
        END IF;
        IF NEW.state IN ('replaced', 'withdrawn')
           AND (tender_state IS DISTINCT FROM 'published' OR NEW.ended_at IS NULL OR NEW.ended_at > closes) THEN
            {_refuse("procurement_bid", "bid_ended_in_time", "a bid is replaced or withdrawn before the deadline only")}
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_bid_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_bid
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_bid();
"""  # noqa: S608

_BID_BACK = """
DROP TRIGGER IF EXISTS procurement_bid_guard ON procurement_bid;
DROP FUNCTION IF EXISTS procurement_guard_bid();
"""

# What was published stays as it was published; its deadlines only move later, and only while bids may come.
_TENDER = f"""
CREATE FUNCTION procurement_guard_tender() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            {_refuse("procurement_tender", "tender_never_goes", "only a draft of a tender may be deleted")}
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.published_at IS NULL THEN
        RETURN NEW;
    END IF;
    IF (OLD.plan_id, OLD.organisation_id, OLD.reference, OLD.method, OLD.title, OLD.title_en, OLD.description,
        OLD.description_en, OLD.qualification, OLD.qualification_en, OLD.small_firm_cut, OLD.drafted_by_id,
        OLD.approved_by_id, OLD.official_published_at, OLD.official_url, OLD.published_at, OLD.public_key,
        OLD.key_threshold)
        IS DISTINCT FROM
       (NEW.plan_id, NEW.organisation_id, NEW.reference, NEW.method, NEW.title, NEW.title_en, NEW.description,
        NEW.description_en, NEW.qualification, NEW.qualification_en, NEW.small_firm_cut, NEW.drafted_by_id,
        NEW.approved_by_id, NEW.official_published_at, NEW.official_url, NEW.published_at, NEW.public_key,
        NEW.key_threshold) THEN
        {_refuse("procurement_tender", "published_tender_stays", "what was published stays as it was published")}
    END IF;
    IF (OLD.bid_deadline, OLD.question_deadline) IS DISTINCT FROM (NEW.bid_deadline, NEW.question_deadline)
       AND (OLD.state <> 'published' OR NEW.bid_deadline IS NULL OR NEW.bid_deadline < OLD.bid_deadline
            OR NEW.question_deadline < OLD.question_deadline) THEN
        {_refuse("procurement_tender", "deadline_moves_later_only", "a deadline moves later only, while bids may come")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_tender_guard BEFORE UPDATE OR DELETE ON procurement_tender
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_tender();
"""

_TENDER_BACK = """
DROP TRIGGER IF EXISTS procurement_tender_guard ON procurement_tender;
DROP FUNCTION IF EXISTS procurement_guard_tender();
"""

# What the second officer approved is what is published: lots, their villages and criteria change in a draft only.
_LOTS = f"""
CREATE FUNCTION procurement_guard_lots() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row_now record;
    tender_state text;
BEGIN
    IF TG_OP = 'DELETE' THEN row_now := OLD; ELSE row_now := NEW; END IF;
    IF TG_TABLE_NAME = 'procurement_lot' THEN
        SELECT t.state INTO tender_state FROM procurement_tender t WHERE t.id = row_now.tender_id;
    ELSE
        SELECT t.state INTO tender_state FROM procurement_tender t
            JOIN procurement_lot l ON l.tender_id = t.id WHERE l.id = row_now.lot_id;
    END IF;
    IF tender_state NOT IN ('draft', 'returned') THEN
        {_refuse("procurement_lot", "lots_change_in_draft_only", "lots, villages and criteria change in a draft only")}
    END IF;
    RETURN row_now;
END $$;
CREATE TRIGGER procurement_lot_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_lot
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_lots();
CREATE TRIGGER procurement_lot_regions_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_lot_regions
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_lots();
CREATE TRIGGER procurement_criterion_guard BEFORE INSERT OR UPDATE OR DELETE ON procurement_criterion
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_lots();

CREATE FUNCTION procurement_village_in_one_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM procurement_lot own JOIN procurement_lot other
                   ON other.tender_id = own.tender_id AND other.id <> own.id
               JOIN procurement_lot_regions taken ON taken.lot_id = other.id AND taken.region_id = NEW.region_id
               WHERE own.id = NEW.lot_id) THEN
        {_refuse("procurement_lot_regions", "village_in_one_lot", "a village stands in one lot of a tender")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_village_once BEFORE INSERT OR UPDATE ON procurement_lot_regions
    FOR EACH ROW EXECUTE FUNCTION procurement_village_in_one_lot();
"""  # noqa: S608

_LOTS_BACK = """
DROP TRIGGER IF EXISTS procurement_village_once ON procurement_lot_regions;
DROP TRIGGER IF EXISTS procurement_criterion_guard ON procurement_criterion;
DROP TRIGGER IF EXISTS procurement_lot_regions_guard ON procurement_lot_regions;
DROP TRIGGER IF EXISTS procurement_lot_guard ON procurement_lot;
DROP FUNCTION IF EXISTS procurement_village_in_one_lot();
DROP FUNCTION IF EXISTS procurement_guard_lots();
"""

# What waits for approval, or was approved, is what the approver saw.
_PLAN = f"""
CREATE FUNCTION procurement_guard_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            {_refuse("procurement_plan", "plan_never_goes", "only a draft of a plan may be deleted")}
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.state NOT IN ('draft', 'returned')
       AND (OLD.organisation_id, OLD.budget_line_id, OLD.product_id, OLD.title, OLD.title_en, OLD.amount, OLD.method,
            OLD.method_reason, OLD.need, OLD.service_from, OLD.service_to, OLD.drafted_by_id)
           IS DISTINCT FROM
           (NEW.organisation_id, NEW.budget_line_id, NEW.product_id, NEW.title, NEW.title_en, NEW.amount, NEW.method,
            NEW.method_reason, NEW.need, NEW.service_from, NEW.service_to, NEW.drafted_by_id) THEN
        {_refuse("procurement_plan", "submitted_plan_stays", "a plan changes in a draft only")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_plan_guard BEFORE UPDATE OR DELETE ON procurement_plan
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_plan();
"""

_PLAN_BACK = """
DROP TRIGGER IF EXISTS procurement_plan_guard ON procurement_plan;
DROP FUNCTION IF EXISTS procurement_guard_plan();
"""

_QUESTION = f"""
CREATE FUNCTION procurement_guard_question() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.answer <> ''
       OR (OLD.tender_id, OLD.asker_id, OLD.asked_by_id, OLD.text, OLD.asked_at)
           IS DISTINCT FROM (NEW.tender_id, NEW.asker_id, NEW.asked_by_id, NEW.text, NEW.asked_at) THEN
        {_refuse("procurement_question", "question_stays", "a question and its published answer never change or go")}
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER procurement_question_guard BEFORE UPDATE OR DELETE ON procurement_question
    FOR EACH ROW EXECUTE FUNCTION procurement_guard_question();
"""

_QUESTION_BACK = """
DROP TRIGGER IF EXISTS procurement_question_guard ON procurement_question;
DROP FUNCTION IF EXISTS procurement_guard_question();
"""


class Migration(migrations.Migration):
    dependencies = [("procurement", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DraftAttachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", marketplace.core.sealing.EncryptedTextField(blank=True, default="")),
                ("size", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("content", marketplace.core.sealing.EncryptedTextField(blank=True, default="")),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="procurement.biddraft",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=["draft", "digest"], name="attached_once"),
                ],
            },
        ),
        append_only("procurement_notice"),
        migrations.RunSQL(_BID, _BID_BACK),
        migrations.RunSQL(_TENDER, _TENDER_BACK),
        migrations.RunSQL(_LOTS, _LOTS_BACK),
        migrations.RunSQL(_PLAN, _PLAN_BACK),
        migrations.RunSQL(_QUESTION, _QUESTION_BACK),
    ]
