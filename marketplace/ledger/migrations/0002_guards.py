"""What the ledger must hold, whoever writes to it: see the functions below."""

import django.db.models.functions.math
import django.db.models.lookups
from django.db import migrations, models
from django.db.models import F, Q

from marketplace.core.immutable import append_only

# Runs once a statement, so that a thousand transfers cost one pass. The order of the locks is the order of the
# accounts' keys, so that nobody waits in a circle; the floor of an account is its CHECK constraint.
_KEEP_BOOKS = """
CREATE FUNCTION ledger_keep_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ledger_account
        WHERE id IN (SELECT debit_id FROM fresh UNION SELECT credit_id FROM fresh)
        ORDER BY id FOR NO KEY UPDATE;

    IF EXISTS (SELECT FROM fresh t JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
               WHERE d.unit <> t.amount_currency OR c.unit <> t.amount_currency) THEN
        RAISE EXCEPTION 'a transfer and its two accounts are in one unit'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_unit_agrees', TABLE = 'ledger_transfer';
    END IF;

    IF EXISTS (SELECT FROM fresh t JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
               WHERE d.holder <> c.holder AND (d.holder LIKE 'budget:%' OR c.holder LIKE 'budget:%')) THEN
        RAISE EXCEPTION 'the money of a budget line moves only between its own accounts'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_within_budget_line', TABLE = 'ledger_transfer';
    END IF;

    IF EXISTS (SELECT FROM fresh t LEFT JOIN ledger_transfer o ON o.id = t.reverses_id
               WHERE t.reverses_id IS NOT NULL
                 AND (o.debit_id, o.credit_id, o.amount, o.amount_currency, o.reverses_id)
                     IS DISTINCT FROM (t.credit_id, t.debit_id, t.amount, t.amount_currency, NULL::bigint)) THEN
        RAISE EXCEPTION 'a reversal is the mirror image of a transfer that is no reversal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_reversal_mirrors', TABLE = 'ledger_transfer';
    END IF;

    UPDATE ledger_account a SET balance = a.balance + moved.amount
    FROM (SELECT account, sum(amount) AS amount
          FROM (SELECT credit_id AS account, amount FROM fresh UNION ALL SELECT debit_id, -amount FROM fresh) sides
          GROUP BY account) moved
    WHERE a.id = moved.account AND moved.amount <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_transfer_keep_books AFTER INSERT ON ledger_transfer
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep_books();
"""

# A depth of zero is a statement of a client's own: the trigger above runs deeper.
_KEEP_ACCOUNTS = """
CREATE FUNCTION ledger_refuse_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'only transfers move the balance of an account; its code, unit and holder stay'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'account_moved_by_transfers_only', TABLE = 'ledger_account';
END $$;

CREATE TRIGGER ledger_account_opens_empty BEFORE INSERT ON ledger_account
    FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION ledger_refuse_account_change();
CREATE TRIGGER ledger_account_balance_kept BEFORE UPDATE ON ledger_account
    FOR EACH ROW WHEN (pg_trigger_depth() = 0
        AND (OLD.id, OLD.code, OLD.unit, OLD.holder, OLD.balance)
            IS DISTINCT FROM (NEW.id, NEW.code, NEW.unit, NEW.holder, NEW.balance))
    EXECUTE FUNCTION ledger_refuse_account_change();
-- Balances change in place: room on each page keeps that cheap.
ALTER TABLE ledger_account SET (fillfactor = 60);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("amount_currency", "CNY"),
                    Q(
                        ("amount_currency__in", ["XMN", "XPT"]),
                        django.db.models.lookups.Exact(F("amount"), django.db.models.functions.math.Floor("amount")),
                    ),
                    _connector="OR",
                ),
                name="transfer_whole_numbers",
            ),
        ),
        append_only("ledger_transfer"),
        migrations.RunSQL(
            sql=_KEEP_BOOKS,
            reverse_sql="DROP TRIGGER ledger_transfer_keep_books ON ledger_transfer; DROP FUNCTION ledger_keep_books();",
        ),
        migrations.RunSQL(
            sql=_KEEP_ACCOUNTS,
            reverse_sql="""
            ALTER TABLE ledger_account RESET (fillfactor);
            DROP TRIGGER ledger_account_balance_kept ON ledger_account;
            DROP TRIGGER ledger_account_opens_empty ON ledger_account;
            DROP FUNCTION ledger_refuse_account_change();
            """,
        ),
    ]
