"""The two files of a run prove it without a database, and every tampering is named."""

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from marketplace.staffing.models import AssignmentRun
from marketplace.staffing.proof_files import answer_document, flaws, problem_document
from tests.factories.staffing import make_case, run_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def files():
    """One village too many, so that somebody stays empty, and two lawyers alike, so that the lot decides."""
    run = run_case(make_case((0.01, 0.02, 0.05), (0.0, 0.0), capacity=1))
    # As they arrive: through JSON.
    return tuple(json.loads(json.dumps(made)) for made in (problem_document(run), answer_document(run)))


def test_they_prove_the_plan(files):
    assert list(flaws(*files, draw=True)) == []


def _moved(problem, answer):
    answer["plan"][0][1] = next(p for p in problem["problem"]["people"]["key"] if p != answer["plan"][0][1])


def _swapped(problem, answer):
    first, second = answer["plan"]
    first[1], second[1] = second[1], first[1]


def _reseeded(problem, answer):
    problem["problem"]["parameters"]["seed"] += 1


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p, a: a.pop("prices"), "cannot be read"),
        (lambda p, a: p["problem"]["people"].pop("capacity"), "cannot be read"),
        (lambda p, a: a.update(format=2), "format 2"),
        (lambda p, a: a.update(digest="0" * 64), "answers the problem"),
        (lambda p, a: p.update(digest="0" * 64), "says that its digest"),
        (_reseeded, "seed"),
        (lambda p, a: a["plan"].append(a["plan"][0]), "twice"),
        (lambda p, a: a["plan"].append([10**9, 1]), "not in the problem"),
        (lambda p, a: a["plan"].pop(), "do not prove"),
        (_moved, "do not prove"),
        (lambda p, a: a.update(prices=[0, 0]), "do not prove"),
        (lambda p, a: a["proof"].update(primal=0), "claimed cost"),
        (lambda p, a: a["objective"].update(filled=3), "claimed are 3"),
        (_swapped, "computed anew"),
    ],
)
def test_every_tampering_is_named(files, spoil, said):
    spoil(*files)
    assert said in "\n".join(flaws(*files, draw=True))


def test_the_command_needs_no_database(files, tmp_path):
    paths = [tmp_path / "problem.json", tmp_path / "answer.json"]
    for path, made in zip(paths, files, strict=True):
        path.write_text(json.dumps(made))
    program = subprocess.run(
        [sys.executable, "manage.py", "verify_run_file", *map(str, paths), "--draw"],
        cwd=settings.BASE_DIR,
        # Nobody listens there.
        env={
            **os.environ,
            "DEBUG": "1",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "VAR_DIR": str(tmp_path),
        },
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert program.returncode == 0, program.stderr.decode()[-2000:]
    assert f"no better plan exists ({files[1]['proof']['pairs_read']} pairs read" in program.stdout.decode()


def test_the_command_says_what_is_wrong(files, tmp_path):
    paths = [tmp_path / "problem.json", tmp_path / "answer.json"]
    _moved(*files)
    for path, made in zip(paths, files, strict=True):
        path.write_text(json.dumps(made))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_run_file", *map(str, paths), stdout=out)
    assert ended.value.code == 1
    assert "do not prove" in out.getvalue()
    paths[0].write_text("{")
    with pytest.raises(CommandError):
        call_command("verify_run_file", *map(str, paths))


def test_whoever_sees_the_run_downloads_them(client_for):
    case = make_case()
    run = AssignmentRun.objects.get(pk=run_case(case).pk)
    for user, language in ((case.parties.bidder, "en"), (case.parties.officer, "zh-hans")):
        client = client_for(user, language=language)
        answer = json.loads(client.get(reverse("staffing:answer", args=[run.pk])).content)
        assert answer == json.loads(json.dumps(answer_document(run)))
        text = client.get(reverse("staffing:instructions", args=[run.pk])).content.decode()
        assert run.digest in text
        assert str(run.summary["weights"]["seed"]) in text
        assert "verify_run_file" in text
        assert ("How to check" in text) == (language == "en")
    for name in ("answer", "instructions"):
        assert client_for(case.lawyers[0]).get(reverse(f"staffing:{name}", args=[run.pk])).status_code == 404
