"""What holds for the project as a whole."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Engine, Node
from django.template.loader import get_template
from django.test import Client

from marketplace.core.catalogues import catalogues, is_ours
from marketplace.environment import BASE_DIR
from marketplace.front_end import FRONT_END_FILES
from tests.settings import Undefined

OUR_TEMPLATES = sorted(
    path for catalogue in catalogues() for path in (catalogue.folder / "templates").rglob("*.html") if is_ours(path)
)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "package-lock.json"])
def test_a_lock_names_no_host_and_every_hash(name: str) -> None:
    text = (BASE_DIR / name).read_text()

    assert "://" not in text
    if name.endswith(".json"):
        packages = [package for path, package in json.loads(text)["packages"].items() if path]
        assert packages
        assert all(package["integrity"].startswith("sha512-") for package in packages)
    else:
        pins = re.findall(r"^\S+==\S+", text, re.MULTILINE)
        assert len(pins) > 50
        assert len(re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]) == len(pins)
        assert all("--hash=sha256:" in pin for pin in re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:])


def test_what_is_installed_for_development_is_what_is_installed_for_use() -> None:
    use, development = (
        set(re.findall(r"^(\S+==\S+)", (BASE_DIR / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )

    assert use <= development


def test_what_pyproject_asks_for_is_locked() -> None:
    wanted = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in wanted}  # type: ignore[index]
    locked = set(re.findall(r"^([\w.-]+)==", (BASE_DIR / "requirements.lock").read_text(), re.MULTILINE))

    assert names <= locked
    assert json.loads((BASE_DIR / "package.json").read_text())["dependencies"].keys() == {
        folder.partition("/")[0] for folder in FRONT_END_FILES
    }


def test_only_the_named_front_end_files_are_served() -> None:
    assert finders.find("vendor/echarts/echarts.js") is None
    for path, _ in finders.get_finder("marketplace.front_end.FrontEndFinder").list([]):
        assert path in {name for names in FRONT_END_FILES.values() for name in names}


def test_the_layers_of_the_house_hold() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=BASE_DIR, capture_output=True, text=True
    )

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", OUR_TEMPLATES, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_a_template_compiles_and_obeys_the_content_security_policy(path: Path) -> None:
    get_template(str(path).partition("/templates/")[2])

    source = path.read_text("utf-8")
    scripts = [tag for tag in re.findall(r"<script\b[^>]*>", source) if "src=" not in tag and "json" not in tag]
    assert [tag for tag in scripts if "nonce=" not in tag] == []
    assert re.findall(r"<style\b", source) == []
    assert re.findall(r"\son[a-z]+\s*=\s*[\"']", source) == []
    assert re.findall(r"(?:src|href|action)=[\"'](?:https?:)?//(?!www\.w3\.org)", source) == []


def test_an_undefined_variable_of_ours_is_an_error() -> None:
    engine = Engine.get_default()
    assert isinstance(engine.string_if_invalid, Undefined)
    source = "{% load i18n %}{% if missing %}{% endif %}{% for x in missing %}{% endfor %}"

    def render(text: str, name: str) -> str:
        template = engine.from_string(text)
        for node in template.nodelist.get_nodes_by_type(Node):
            node.origin = type(node.origin)(name)
        return str(template.render(Context({"given": ""})))

    ours = str(BASE_DIR / "cms/templates/cms/x.html")
    theirs = str(BASE_DIR / ".venv/lib/python3/site-packages/theirs/x.html")
    assert render(source + "{{ given }}", ours) == ""
    for wrong in (
        "{{ missing }}",
        "{{ given.part|upper }}",
        "{% load i18n %}{% blocktranslate %}{{ missing }}{% endblocktranslate %}",
    ):
        with pytest.raises(AssertionError, match="does not define"):
            render(wrong, ours)
        assert render(wrong, theirs) == ""
    assert render("{{ missing|default:'x' }}", theirs) == "x"


@pytest.mark.django_db
def test_pages_say_what_a_browser_may_load() -> None:
    answer = Client().get("/account/auth/login/")

    assert answer.status_code == 200
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert "unsafe" not in policy.get("script-src", "")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
@pytest.mark.parametrize(("chosen", "language"), [("", "zh-hans"), ("en", "en"), ("fr", "zh-hans")])
def test_the_switch_decides_the_language_and_the_browser_does_not(chosen: str, language: str) -> None:
    client = Client(headers={"Accept-Language": "en-GB,en"})
    if chosen:
        client.cookies["language"] = chosen

    assert client.get("/account/auth/login/")["Content-Language"] == language
