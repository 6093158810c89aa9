# ruff: noqa: S608, PT012
"""Seals: in order, once, whoever seals; and whatever is altered afterwards is found and named."""

import json
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from marketplace.audit import verify_export
from marketplace.audit.models import Event, Seal, SealedEvent, Unsealed
from marketplace.audit.sealing import faults, seal_batch, seal_pending
from tests.factories.accounts import make_organisation, make_user
from tests.factories.audit import make_event

pytestmark = pytest.mark.django_db
at_once = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm():
    return make_organisation()


def sealed(firm, *sizes):
    for size in sizes:
        for n in range(size):
            make_event(subject=firm, data={"n": n})
        assert seal_batch() is not None


def tamper(sql, *params):
    """As somebody who owns the database and switches the guards off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        tables = ("audit_event", "audit_seal", "audit_sealedevent")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, params)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_every_event_gets_its_place_once(firm):
    sealed(firm, 3, 2)
    assert [(s.number, s.event_count) for s in Seal.objects.order_by("number")] == [(1, 3), (2, 2)]
    first, second = Seal.objects.order_by("number")
    assert first.previous_digest == "0" * 64
    assert second.previous_digest == first.digest
    keys = list(Event.objects.order_by("pk").values_list("pk", flat=True))
    assert list(SealedEvent.objects.order_by("seal_id", "position").values_list("event_id", flat=True)) == keys
    assert not Unsealed.objects.exists()
    assert seal_pending() == []
    assert list(faults()) == []


def test_a_large_backlog_is_sealed_in_several_steps(firm):
    for _n in range(7):
        make_event(subject=firm)
    assert [seal.event_count for seal in seal_pending(batch=3)] == [3, 3, 1]
    assert list(faults()) == []


@at_once
def test_an_event_numbered_early_and_committed_late_is_in_the_next_seal(firm):
    numbered, may_commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            make_event(subject=firm, action="slow.act")
            numbered.set()
            may_commit.wait(10)
        connections.close_all()

    writer = threading.Thread(target=slow)
    writer.start()
    assert numbered.wait(10)
    make_event(subject=firm, action="fast.act")
    seal_pending()
    may_commit.set()
    writer.join()
    seal_pending()
    sealed_acts = SealedEvent.objects.order_by("seal_id", "position").values_list("seal", "event__action")
    assert list(sealed_acts) == [(1, "fast.act"), (2, "slow.act")]
    assert list(faults()) == []


def test_a_rolled_back_seal_leaves_its_events_waiting(firm):
    make_event(subject=firm)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        seal_pending()
        raise ZeroDivisionError
    assert (Seal.objects.count(), Unsealed.objects.count()) == (0, 1)
    assert len(seal_pending()) == 1


@at_once
def test_two_sealers_at_once_make_one_chain(firm):
    for _n in range(40):
        make_event(subject=firm)
    barrier = threading.Barrier(4)

    def seal():
        barrier.wait()
        seal_pending(batch=3)
        connections.close_all()

    sealers = [threading.Thread(target=seal) for _n in range(4)]
    for each in sealers:
        each.start()
    for each in sealers:
        each.join()
    assert sum(Seal.objects.values_list("event_count", flat=True)) == 40
    assert sorted(Seal.objects.values_list("number", flat=True)) == list(range(1, 15))
    assert list(faults()) == []


def test_a_number_that_the_database_writes_with_a_point_is_sealed_as_the_whole_number_it_is(firm):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event (action, subject_type, subject_id, occurred_at, reason, data)"
            """ VALUES ('x', 'y', '1', now(), '', '{"n": [1.0, 2e3]}')"""
        )
    seal_pending()
    assert list(faults()) == []


@pytest.mark.parametrize(
    "change",
    [
        "action = 'tender.award'",
        "actor_id = NULL",
        "subject_id = '0'",
        "subject_type = 'x.y'",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "recorded_at = recorded_at - interval '1 microsecond'",
        "reason = reason || ' '",
        """data = '{"n": 9}'""",
        "transaction = transaction - 1",
    ],
)
def test_a_changed_event_is_named(firm, change):

    person = make_user()
    for n in range(3):
        make_event(person, firm, data={"n": n})
    seal_batch()
    victim = Event.objects.order_by("pk")[1]
    tamper(f"UPDATE audit_event SET {change} WHERE id = %s", victim.pk)
    assert list(faults()) == [f"event {victim.pk} (seal 1, place 1) is not what was sealed"]
    with pytest.raises(SystemExit):
        call_command("check_audit")


def test_a_removed_event_is_missed(firm):
    sealed(firm, 3)
    victim = Event.objects.order_by("pk")[1].pk
    tamper("DELETE FROM audit_sealedevent WHERE event_id = %s; DELETE FROM audit_event WHERE id = %s", victim, victim)
    assert any("seal 1 holds 2 events" in fault for fault in faults())
    assert "seal 1 does not fit its events" in list(faults())


def test_an_event_slipped_past_the_sealer_is_found(firm):
    sealed(firm, 1)
    event = make_event(subject=firm)
    tamper("DELETE FROM audit_unsealed WHERE event_id = %s", event.pk)
    assert list(faults()) == [f"event {event.pk} is neither sealed nor waiting to be"]


def test_a_whole_chain_made_anew_fits_itself_but_not_what_was_noted(firm):
    sealed(firm, 2, 2)
    noted = dict(Seal.objects.values_list("number", "digest"))
    tamper("UPDATE audit_event SET reason = 'rewritten'; DELETE FROM audit_sealedevent; DELETE FROM audit_seal")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_unsealed (event_id) SELECT id FROM audit_event")
    seal_pending(batch=2)
    assert list(faults()) == []
    assert list(faults(noted)) == ["seal 1 is not the one that was noted", "seal 2 is not the one that was noted"]


def test_seals_cut_off_at_the_end_are_missed_by_who_noted_one(firm):
    sealed(firm, 2, 2)
    noted = dict(Seal.objects.values_list("number", "digest"))
    tamper("DELETE FROM audit_sealedevent WHERE seal_id = 2; DELETE FROM audit_seal WHERE number = 2")
    assert any("neither sealed nor waiting" in fault for fault in faults())
    assert "seal 2 was noted but is not there: the chain ends with seal 1" in list(faults(noted))


# The export and its stand-alone check


@pytest.fixture
def export(firm, tmp_path):
    sealed(firm, 3, 2)
    call_command("export_audit", out=tmp_path, stdout=StringIO())
    return tmp_path


def test_an_export_is_checked_by_python_alone(export):
    script = Path(verify_export.__file__)
    # -I and -S: no site packages, nothing of the project.
    run = [sys.executable, "-I", "-S", str(script), str(export)]
    good = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    wrong = subprocess.run([*run, "--expect", f"2:{'f' * 64}"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "seal 2 is not the one that was noted" in wrong.stdout


def test_the_export_agrees_with_the_database(export):
    seals = [json.loads(line) for line in (export / "seals.jsonl").read_bytes().splitlines()]
    assert {seal["number"]: seal["digest"] for seal in seals} == dict(Seal.objects.values_list("number", "digest"))
    assert list(verify_export.verify(export, dict(Seal.objects.values_list("number", "digest")))) == []


@pytest.mark.parametrize("name", ["events.jsonl", "seals.jsonl"])
def test_every_changed_byte_is_found(export, name):
    """Each byte in turn, by another one: the check fails and says in which line, whatever byte it was."""
    file = export / name
    whole = file.read_bytes()
    for place, byte in enumerate(whole):
        changed = bytearray(whole)
        changed[place] = byte ^ 1
        file.write_bytes(changed)
        found = list(verify_export.verify(export))
        assert found, (place, whole[max(0, place - 20) : place + 20])
        assert all("line" in fault for fault in found)
    file.write_bytes(whole)
    assert list(verify_export.verify(export)) == []


def test_a_changed_value_names_its_event(export):
    file = export / "events.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    entry = json.loads(lines[3])
    entry["event"]["reason"] = "另一个理由"
    lines[3] = verify_export.canonical(entry) + b"\n"
    file.write_bytes(b"".join(lines))
    assert list(verify_export.verify(export)) == [
        f"events.jsonl line 4: event {entry['event']['id']} is not what was sealed"
    ]


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("events.jsonl", lambda lines: lines[:-1]),
        ("events.jsonl", lambda lines: [*lines, lines[-1]]),
        ("events.jsonl", lambda lines: [lines[1], lines[0], *lines[2:]]),
        ("events.jsonl", lambda lines: [*lines[:-1], lines[-1].rstrip(b"\n")]),
        ("seals.jsonl", lambda lines: lines[:-1]),
        ("seals.jsonl", lambda lines: lines[1:]),
        ("seals.jsonl", lambda lines: lines[::-1]),
        ("seals.jsonl", lambda lines: [b"{}\n", *lines]),
    ],
)
def test_lines_left_out_added_or_moved_are_found(export, name, edit):
    file = export / name
    file.write_bytes(b"".join(edit(file.read_bytes().splitlines(keepends=True))))
    assert list(verify_export.verify(export))


def test_the_script_says_which_file_is_missing(tmp_path, capsys):
    with pytest.raises(SystemExit) as refused:
        verify_export.main([str(tmp_path)])
    assert refused.value.code == 2
    assert "there is no events.jsonl" in capsys.readouterr().err
