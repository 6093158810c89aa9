"""What must hold over all contracts, each as one question to the database whose answer should be empty."""

# ruff: noqa: S608 (the questions are our own text)

from __future__ import annotations

from django.conf import settings
from django.db import connection

from marketplace.ledger.checks import LIMIT, Finding

_SIGNED = "(c.state IN ('active', 'completed') OR (c.state = 'terminated' AND c.buyer_signed_at IS NOT NULL))"
#: in which a contract is signed
_LANGUAGES = ", ".join(f"('{language}')" for language, _name in settings.LANGUAGES)

_RULES = {
    "a contract says what its award says": """
        SELECT c.number, c.amount, a.amount AS awarded, c.supplier_id, b.supplier_id AS winner
        FROM contracts_contract c JOIN procurement_award a ON a.id = c.award_id
        JOIN procurement_bid b ON b.id = a.bid_id JOIN procurement_lot l ON l.id = a.lot_id
        JOIN procurement_tender t ON t.id = l.tender_id
        WHERE c.amount <> a.amount OR c.supplier_id <> b.supplier_id OR c.buyer_id <> t.organisation_id""",
    "posts add up to the contract": f"""
        SELECT c.number, c.amount, sum(p.amount) AS posts FROM contracts_contract c
        LEFT JOIN contracts_post p ON p.contract_id = c.id
        WHERE {_SIGNED} GROUP BY c.id HAVING c.amount IS DISTINCT FROM sum(p.amount)""",
    "instalments add up to the contract": f"""
        SELECT c.number, c.amount, sum(i.amount) AS instalments FROM contracts_contract c
        LEFT JOIN contracts_instalment i ON i.contract_id = c.id
        WHERE {_SIGNED} GROUP BY c.id HAVING c.amount IS DISTINCT FROM sum(i.amount)""",
    "a contract has its product's obligations": f"""
        SELECT c.number, count(o.id) AS obligations, jsonb_array_length(v.content -> 'obligations') AS of_product
        FROM contracts_contract c JOIN procurement_award a ON a.id = c.award_id
        JOIN procurement_lot l ON l.id = a.lot_id JOIN catalog_productversion v ON v.id = l.product_version_id
        LEFT JOIN contracts_obligation o ON o.contract_id = c.id
        WHERE {_SIGNED} GROUP BY c.id, v.id HAVING count(o.id) <> jsonb_array_length(v.content -> 'obligations')""",
    "a signed paper is what its digest says": """
        SELECT c.number, p.language, p.digest, encode(sha256(p.content), 'hex') AS of_content
        FROM contracts_signedpaper p JOIN contracts_contract c ON c.id = p.contract_id
        WHERE p.digest <> encode(sha256(p.content), 'hex')""",
    # Papers are kept since the first signature whose event names them.
    "a signature's papers are kept": f"""
        WITH signature AS (
            SELECT e.subject_id::bigint AS contract_id, coalesce(e.data -> 'papers', '{{}}') AS papers
            FROM audit_event e WHERE e.action = 'contract.activate' AND e.id >= (
                SELECT min(id) FROM audit_event WHERE action = 'contract.activate' AND data ? 'papers'))
        SELECT c.number, l.language, s.papers ->> l.language AS signed, p.digest AS kept
        FROM signature s JOIN contracts_contract c ON c.id = s.contract_id
        CROSS JOIN (VALUES {_LANGUAGES}) AS l (language)
        LEFT JOIN contracts_signedpaper p ON p.contract_id = c.id AND p.language = l.language
        WHERE p.digest IS NULL OR p.digest IS DISTINCT FROM s.papers ->> l.language""",
    "a draft has no parts": """
        SELECT c.number FROM contracts_contract c WHERE c.state = 'draft' AND (
            EXISTS (SELECT FROM contracts_post p WHERE p.contract_id = c.id)
            OR EXISTS (SELECT FROM contracts_instalment i WHERE i.contract_id = c.id)
            OR EXISTS (SELECT FROM contracts_signedpaper s WHERE s.contract_id = c.id))""",
    "a village has one post in a contract": """
        SELECT contract_id, region_id, seat, count(*) FROM contracts_post GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "posts of an ended contract are closed": """
        SELECT c.number, p.id AS post, p.state FROM contracts_contract c JOIN contracts_post p ON p.contract_id = c.id
        WHERE (c.state IN ('completed', 'terminated')) <> (p.state = 'closed')""",
    "the amount of a signed contract was committed": f"""
        SELECT c.number, c.amount, t.amount AS committed FROM contracts_contract c
        LEFT JOIN ledger_transfer t ON t.idempotency_key = 'contract:' || c.id || ':commit'
        WHERE {_SIGNED} AND c.amount IS DISTINCT FROM t.amount""",
    "what was paid was spent and received": """
        SELECT c.number, i.number AS instalment, i.amount - i.deduction AS payable, s.amount AS spent, p.amount AS received
        FROM contracts_instalment i JOIN contracts_contract c ON c.id = i.contract_id
        LEFT JOIN ledger_transfer s ON s.idempotency_key = 'instalment:' || i.id || ':spend'
        LEFT JOIN ledger_transfer p ON p.idempotency_key = 'instalment:' || i.id || ':pay'
        WHERE (CASE WHEN i.state = 'paid' AND i.amount > i.deduction THEN i.amount - i.deduction END)
            IS DISTINCT FROM s.amount OR s.amount IS DISTINCT FROM p.amount""",
    "what was deducted went back to the budget line": """
        SELECT c.number, i.number AS instalment, i.deduction, u.amount AS given_back
        FROM contracts_instalment i JOIN contracts_contract c ON c.id = i.contract_id
        LEFT JOIN ledger_transfer u ON u.idempotency_key = 'instalment:' || i.id || ':uncommit'
        WHERE (CASE WHEN i.state = 'paid' AND i.deduction > 0 THEN i.deduction END) IS DISTINCT FROM u.amount""",
    "each budget line has committed what its contracts still owe": f"""
        SELECT b.id AS line, k.balance AS committed, coalesce(sum(i.amount), 0) AS owed
        FROM procurement_budgetline b
        JOIN ledger_account k ON k.code = 'budget:' || b.id || ':committed'
        LEFT JOIN procurement_plan n ON n.budget_line_id = b.id LEFT JOIN procurement_tender t ON t.plan_id = n.id
        LEFT JOIN procurement_lot l ON l.tender_id = t.id LEFT JOIN procurement_award a ON a.lot_id = l.id
        LEFT JOIN contracts_contract c ON c.award_id = a.id AND {_SIGNED}
        LEFT JOIN contracts_instalment i ON i.contract_id = c.id AND i.state NOT IN ('paid', 'void')
        GROUP BY b.id, k.balance HAVING k.balance <> coalesce(sum(i.amount), 0)""",
    "a tender under contract has no award without one": """
        SELECT t.reference, t.state FROM procurement_tender t WHERE t.state = 'contracted' AND EXISTS (
            SELECT FROM procurement_lot l JOIN procurement_award a ON a.lot_id = l.id
            LEFT JOIN contracts_contract c ON c.award_id = a.id
            WHERE l.tender_id = t.id AND (c.id IS NULL OR c.state = 'draft'))""",
    "nobody serves more villages than a standard allows": """
        SELECT p.adviser_id, count(DISTINCT p.region_id) AS villages, min(o.quantity) AS allowed
        FROM contracts_post p JOIN regions_region r ON r.code = p.region_id AND r.level = 5
        LEFT JOIN contracts_obligation o ON o.contract_id = p.contract_id AND o.kind = 'limit'
            AND o.quantity_unit = 'villages'
        WHERE p.state = 'filled' GROUP BY p.adviser_id HAVING count(DISTINCT p.region_id) > max(o.quantity)""",
}


def check_contracts() -> list[Finding]:
    """Every rule with the rows that break it (none, where all agree)."""
    findings = []
    with connection.cursor() as cursor:
        for name, question in _RULES.items():
            cursor.execute(f"{question} LIMIT {LIMIT}")
            columns = [column[0] for column in cursor.description or ()]
            findings.append(Finding(name, columns, cursor.fetchall()))
    return findings
