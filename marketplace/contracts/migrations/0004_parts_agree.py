"""A contract says what its award says; its posts and instalments add up to it when it begins, and stay.

`contracts_keep_contract` compares a new contract with its award and, when it becomes active, its parts with its
amount. `contracts_keep_part` lets parts be written only before that, and what was paid never change.
"""

from django.db import migrations

_CONTRACT = """
CREATE FUNCTION contracts_keep_contract() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parts record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a contract begins as a draft'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_begins_as_draft';
        END IF;
        IF NOT EXISTS (
            SELECT FROM procurement_award a JOIN procurement_bid b ON b.id = a.bid_id
                JOIN procurement_lot l ON l.id = a.lot_id JOIN procurement_tender t ON t.id = l.tender_id
            WHERE a.id = NEW.award_id AND (a.amount, a.amount_currency) = (NEW.amount, NEW.amount_currency)
                AND b.supplier_id = NEW.supplier_id AND t.organisation_id = NEW.buyer_id) THEN
            RAISE EXCEPTION 'parties and amount of a contract are those of its award'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_fits_award';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.award_id, OLD.number, OLD.buyer_id, OLD.supplier_id, OLD.amount, OLD.amount_currency, OLD.starts_on,
        OLD.ends_on, OLD.drafted_by_id)
       IS DISTINCT FROM
       (NEW.award_id, NEW.number, NEW.buyer_id, NEW.supplier_id, NEW.amount, NEW.amount_currency, NEW.starts_on,
        NEW.ends_on, NEW.drafted_by_id)
       OR (OLD.supplier_signed_at IS NOT NULL AND (OLD.supplier_signed_at, OLD.supplier_signed_by_id)
           IS DISTINCT FROM (NEW.supplier_signed_at, NEW.supplier_signed_by_id))
       OR (OLD.buyer_signed_at IS NOT NULL AND (OLD.buyer_signed_at, OLD.buyer_signed_by_id)
           IS DISTINCT FROM (NEW.buyer_signed_at, NEW.buyer_signed_by_id)) THEN
        RAISE EXCEPTION 'what a contract says stays as it was drawn up and signed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_stays';
    END IF;
    IF NEW.state = 'active' AND OLD.state <> 'active' THEN
        SELECT (SELECT sum(amount) FROM contracts_post WHERE contract_id = NEW.id) AS posts,
               (SELECT sum(amount) FROM contracts_instalment WHERE contract_id = NEW.id) AS instalments INTO parts;
        IF parts.posts IS DISTINCT FROM NEW.amount OR parts.instalments IS DISTINCT FROM NEW.amount THEN
            RAISE EXCEPTION 'posts (%) and instalments (%) add up to the contract (%)',
                parts.posts, parts.instalments, NEW.amount
                USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_parts_add_up';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER contracts_contract_kept BEFORE INSERT OR UPDATE ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION contracts_keep_contract();
CREATE TRIGGER contracts_contract_stays BEFORE DELETE ON contracts_contract
    FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_change();
"""

_PARTS = """
CREATE FUNCTION contracts_keep_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- The row of the contract is locked, so that it cannot become active between this look and the commit.
        PERFORM FROM contracts_contract WHERE id = NEW.contract_id AND state = 'draft' FOR SHARE;
        changed := NOT FOUND;
    ELSIF TG_TABLE_NAME = 'contracts_post' THEN
        changed := (OLD.contract_id, OLD.region_id, OLD.seat, OLD.amount, OLD.amount_currency, OLD.starts_on)
            IS DISTINCT FROM (NEW.contract_id, NEW.region_id, NEW.seat, NEW.amount, NEW.amount_currency, NEW.starts_on)
            OR NEW.ends_on > OLD.ends_on;
    ELSIF TG_TABLE_NAME = 'contracts_instalment' THEN
        changed := (OLD.contract_id, OLD.number, OLD.period_from, OLD.period_to, OLD.amount, OLD.amount_currency)
            IS DISTINCT FROM (NEW.contract_id, NEW.number, NEW.period_from, NEW.period_to, NEW.amount, NEW.amount_currency)
            OR OLD.state IN ('paid', 'void')
            OR (OLD.state = 'accepted' AND (OLD.deduction, OLD.accepted_by_id, OLD.accepted_at)
                IS DISTINCT FROM (NEW.deduction, NEW.accepted_by_id, NEW.accepted_at));
    ELSE
        changed := true;
    END IF;
    IF changed THEN
        RAISE EXCEPTION 'what was contracted, accepted and paid in % stays', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'contracted_part_stays';
    END IF;
    RETURN NEW;
END $$;
"""


def _guard(table: str) -> str:
    return f"""
    CREATE TRIGGER {table}_kept BEFORE INSERT OR UPDATE ON {table}
        FOR EACH ROW EXECUTE FUNCTION contracts_keep_part();
    CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION marketplace_refuse_change();
    """


_TABLES = ("contracts_post", "contracts_instalment", "contracts_obligation")


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0003_endings_seats_deductions"),
        # Its first append-only table brings the function that refuses.
        ("ledger", "0002_guards"),
        ("procurement", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            sql=_CONTRACT,
            reverse_sql="""
            DROP TRIGGER contracts_contract_kept ON contracts_contract;
            DROP TRIGGER contracts_contract_stays ON contracts_contract;
            DROP FUNCTION contracts_keep_contract();
            """,
        ),
        migrations.RunSQL(
            sql=_PARTS + "".join(_guard(table) for table in _TABLES),
            reverse_sql="".join(
                f"DROP TRIGGER {table}_kept ON {table}; DROP TRIGGER {table}_stays ON {table};" for table in _TABLES
            )
            + "DROP FUNCTION contracts_keep_part();",
        ),
    ]
