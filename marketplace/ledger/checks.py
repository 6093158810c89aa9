"""What must hold over the whole ledger, each as one question to the database whose answer should be empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Finding:
    """``rows`` break the rule ``name`` (at most ``LIMIT`` are told); ``columns`` names their parts."""

    name: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


LIMIT = 20

_RULES = {
    "balances equal the sum of transfers": """
        SELECT a.code, a.balance, coalesce(m.amount, 0) AS recomputed
        FROM ledger_account a LEFT JOIN (
            SELECT account, sum(amount) AS amount FROM (
                SELECT credit_id AS account, amount FROM ledger_transfer
                UNION ALL SELECT debit_id, -amount FROM ledger_transfer) sides GROUP BY account
        ) m ON m.account = a.id
        WHERE a.balance <> coalesce(m.amount, 0)""",
    "the balances of each unit add up to zero": """
        SELECT unit, sum(balance) AS total FROM ledger_account GROUP BY unit HAVING sum(balance) <> 0""",
    "a transfer and its accounts are in one unit": """
        SELECT t.id, t.amount_currency, d.code AS debit, c.code AS credit FROM ledger_transfer t
        JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
        WHERE d.unit <> t.amount_currency OR c.unit <> t.amount_currency""",
    "minutes and points are whole, amounts positive": """
        SELECT id, amount, amount_currency FROM ledger_transfer
        WHERE amount <= 0 OR (amount_currency <> 'CNY' AND amount <> floor(amount))""",
    "a reversal mirrors its original": """
        SELECT t.id, o.id AS original FROM ledger_transfer t JOIN ledger_transfer o ON o.id = t.reverses_id
        WHERE (o.debit_id, o.credit_id, o.amount, o.amount_currency) <>
              (t.credit_id, t.debit_id, t.amount, t.amount_currency) OR o.reverses_id IS NOT NULL""",
    "a transfer is reversed once": """
        SELECT reverses_id, count(*) FROM ledger_transfer
        WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING count(*) > 1""",
    "no constrained account is below zero": """
        SELECT code, balance FROM ledger_account WHERE never_negative AND balance < 0""",
    "available + reserved + committed + spent = appropriated": """
        SELECT holder, sum(balance) AS difference FROM ledger_account WHERE holder LIKE 'budget:%'
        GROUP BY holder HAVING sum(balance) <> 0""",
    "the money of a budget line stays in its accounts": """
        SELECT t.id, d.code AS debit, c.code AS credit FROM ledger_transfer t
        JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
        WHERE d.holder <> c.holder AND (d.holder LIKE 'budget:%' OR c.holder LIKE 'budget:%')""",
}


def check_ledger() -> list[Finding]:
    """Every rule with the rows that break it (none, in a sound ledger)."""
    findings = []
    with connection.cursor() as cursor:
        for name, question in _RULES.items():
            cursor.execute(f"{question} LIMIT {LIMIT}")
            columns = [column[0] for column in cursor.description or ()]
            findings.append(Finding(name, columns, cursor.fetchall()))
    return findings


def write_findings(findings: list[Finding], write: Callable[[str], object]) -> bool:
    """Tell the findings as a short table; whether all is well."""
    for finding in findings:
        write(f"{'BROKEN' if finding.rows else 'ok    '}  {finding.name}")
        for row in finding.rows:
            parts = zip(finding.columns, row, strict=True)
            write("        " + "  ".join(f"{column}={value}" for column, value in parts))
    return not any(finding.rows for finding in findings)
