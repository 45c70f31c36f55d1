"""The documentation site: docs/ and the project's other pages as HTML, for the file system or a server.

`python -m vitals.site` builds it; MkDocs calls the functions `on_…` (mkdocs.yml names this file as a hook).
Pages keep the links that work in the repository: what they link to outside docs/ becomes a page of its own.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from vitals.catalogue import LANGUAGES, read_catalogue
from vitals.dbt_build import parse, write_docs
from vitals.errors import VitalsError
from vitals.paths import Paths

SITE = Path("target", "site")
_DBT_DOCS = SITE.parent / "dbt_docs"
DBT_PAGE = "dbt/index.html"
LINEAGE = "lineage.md"
# Pages that do not lie in docs/.
_ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
}
_WHEN_THERE = frozenset({"scale.md"})
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^ *(```|~~~)")
_ITEM = re.compile(r"^(?:[-*]|\d+\.) ")
_LEXERS = {".sql": "sql", ".yml": "yaml", ".py": "python", ".toml": "toml", ".csv": "text", ".md": "markdown"}


# --- what MkDocs calls -------------------------------------------------------------------------


def on_config(config: Any) -> Any:
    """Add the pages of KPIs and platforms to the navigation, and leave out what does not exist yet."""
    config.nav = navigation(_project(config), config.nav)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie outside docs/, the files that pages link to, and dbt's own page."""
    from mkdocs.structure.files import File

    project = _project(config)
    contents = pages(project)
    for uri, text in contents.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, content=text))
    for path in sorted(_linked_files(project, contents)):
        files.append(File.generated(config, site_uri(path), content=_file_page(project, path)))
    dbt_page = project / _DBT_DOCS / "target" / "static_index.html"
    if dbt_page.exists():
        files.append(File.generated(config, DBT_PAGE, abs_src_path=str(dbt_page)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """A page as the repository has it, with the site's links, lists and diagrams."""
    project = _project(config)
    uri: str = page.file.src_uri
    text = _outside_fences(markdown, lambda line: _relinked(line, uri, project), _spaced)
    text = re.sub(r"```mermaid\n(.*?)```", lambda found: _drawn(found[1]), text, flags=re.DOTALL)
    kpi = re.fullmatch(r"kpis/(?:\w+/)?(?!README)(\w+)\.md", uri)
    if kpi and files.get_file_from_path(DBT_PAGE) is not None:
        target = posixpath.relpath(DBT_PAGE, posixpath.dirname(uri))
        text += f"\n\n[dbt: kpi_{kpi[1]}]({target}#!/model/model.vitals.kpi_{kpi[1]})\n"
    return text


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Name the language of a page, for those who have it read to them."""
    parts = page.file.src_uri.split("/")
    language = parts[1] if parts[0] == "kpis" and len(parts) == 3 else "en"
    return output.replace('<html lang="en"', f'<html lang="{language}"', 1)


# --- pages, navigation, links ------------------------------------------------------------------


def navigation(project: Path, nav: list[Any]) -> list[Any]:
    """The navigation of mkdocs.yml with a page per KPI, language and platform, and without missing pages.

    Args:
        project: the project's folder.
        nav: as mkdocs.yml has it.
    """
    kpis = read_catalogue(project)
    grown: dict[str, list[Any]] = {
        f"kpis/{folder}README.md": [
            {kpi.names[language].name: f"kpis/{folder}{kpi.kpi_id}.md"} for kpi in kpis
        ]
        for language in LANGUAGES
        for folder in ["" if language == "en" else f"{language}/"]
    }
    grown["platforms/README.md"] = [
        f"platforms/{file.name}"
        for file in sorted((project / "docs" / "platforms").glob("*.md"))
        if file.name != "README.md"
    ]

    def entries(listed: list[Any]) -> list[Any]:
        kept: list[Any] = []
        for entry in listed:
            if isinstance(entry, dict):
                ((name, below),) = entry.items()
                kept.append({name: entries(below) if isinstance(below, list) else below})
            elif entry == "platforms/README.md":
                kept.append({"Platforms": [entry, *grown[entry]]})
            elif entry not in _WHEN_THERE or (project / "docs" / entry).exists():
                kept += [entry, *grown.get(entry, [])]
        return kept

    return entries(nav)


def pages(project: Path) -> dict[str, str]:
    """The Markdown of every page but those of linked files, by its address within the site's sources."""
    docs = project / "docs"
    found = {
        file.relative_to(docs).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(docs.rglob("*.md"))
    }
    for path, uri in _ELSEWHERE.items():
        found[uri] = (project / path).read_text(encoding="utf-8")
    found[LINEAGE] = _lineage_page(project)
    return found


def site_uri(path: str) -> str:
    """Where a file of the project stands among the site's sources.

    Args:
        path: below the project, with slashes.
    """
    if path in _ELSEWHERE:
        return _ELSEWHERE[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}.md"


def links(project: Path, uri: str, text: str) -> Iterator[tuple[str, str]]:
    """Each link of a page to another file, as it is written and as a path below the project.

    Args:
        project: the project's folder.
        uri: the page among the site's sources.
        text: its Markdown.
    """
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            for found in _LINK.finditer(line):
                target = found["target"]
                if not urlsplit(target).scheme:
                    yield target, _meant(uri, target)


def _meant(uri: str, target: str) -> str:
    """The path below the project that a link of a page means."""
    own = next((path for path, its in _ELSEWHERE.items() if its == uri), f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(own), target))


def _relinked(line: str, uri: str, project: Path) -> str:
    def moved(found: re.Match[str]) -> str:
        target = found["target"]
        if urlsplit(target).scheme:
            return found[0]
        path = _meant(uri, target)
        if not (project / path).is_file():
            return found[0]  # MkDocs tells of it, or knows it: a page that is made here
        return posixpath.relpath(site_uri(path), posixpath.dirname(uri) or ".") + (found["anchor"] or "")

    return _LINK.sub(moved, line)


def _spaced(before: str, line: str) -> bool:
    """Whether a list begins right below a paragraph, which GitHub takes for a list and MkDocs does not."""
    return bool(_ITEM.match(line) and before.strip() and not _ITEM.match(before) and before[0] not in " |")


def _outside_fences(text: str, change: Callable[[str], str], is_spaced: Callable[[str, str], bool]) -> str:
    fenced = False
    made: list[str] = []
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            if made and is_spaced(made[-1], line):
                made.append("")
            line = change(line)
        made.append(line)
    return "\n".join(made) + "\n"


def _drawn(diagram: str) -> str:
    """A diagram as it is shown: drawn now, since the theme would fetch what draws it."""
    from mmdr import render

    drawing = re.sub(r"\s*\n\s*", " ", render(diagram).svg().strip())
    width = re.search(r'viewBox="\S+ \S+ (\S+) ', drawing)
    # Letters stay legible: a wide one scrolls.
    size = f"width:{width[1]}px;max-width:none" if width else ""
    sized = re.sub(r'max-width:[^;"]+', size, drawing, count=1)
    return f'<div class="lineage">{sized}</div>'


def _linked_files(project: Path, contents: dict[str, str]) -> set[str]:
    """Files of the project that pages link to and that are neither pages nor in docs/."""
    return {
        path
        for uri, text in contents.items()
        for _, path in links(project, uri, text)
        if not path.startswith("docs/") and path not in _ELSEWHERE and (project / path).is_file()
    }


def _file_page(project: Path, path: str) -> str:
    """A file of the project as a page, which the search leaves out."""
    text = (project / path).read_text(encoding="utf-8")
    lexer = _LEXERS.get(Path(path).suffix, "text")
    return f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n~~~~{lexer}\n{text.rstrip()}\n~~~~\n"


def _lineage_page(project: Path) -> str:
    """What each page of the dashboard reads, and the way to dbt's own page with all models."""
    exposures = yaml.safe_load((project / "models" / "exposures.yml").read_text(encoding="utf-8"))[
        "exposures"
    ]
    rows = "\n".join(
        f"| [{one['label']}]({DBT_PAGE}#!/exposure/exposure.vitals.{one['name']}) "
        f"| {', '.join('`' + re.sub(r'^ref..|..$', '', ref) + '`' for ref in one['depends_on'])} |"
        for one in exposures
    )
    return f"""\
# Models and lineage

[Every model, column, test and exposure, with the lineage between them]({DBT_PAGE}), as dbt documents them.
The graph opens at the lower right; it reads best on a wide screen.

Each page of the [dashboard](dashboard.md), and the one in [Superset](bi.md), is an exposure: what it reads
stands below, and the graph shows what that is made of.

| Page | Reads |
|---|---|
{rows}
"""


def _project(config: Any) -> Path:
    return Path(config.config_file_path).resolve().parent


# --- build and check ---------------------------------------------------------------------------


class _References(HTMLParser):
    """What a page makes the browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag refers to; links to other pages are not fetched until somebody follows them."""
        if tag == "a":
            return
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "poster") and value:
                self.found.append(value)


def outside(site: Path) -> list[str]:
    """What pages and styles of a built site would fetch from another host, as `page: address`.

    Args:
        site: the folder with the built site.
    """
    found = []
    for file in sorted(site.rglob("*")):
        if file.suffix == ".html":
            references = _References()
            references.feed(file.read_text(encoding="utf-8"))
            fetched = references.found
        elif file.suffix == ".css":
            fetched = re.findall(
                r"(?:url\(|@import\s)\s*['\"]?([^'\")\s]+)", file.read_text(encoding="utf-8")
            )
        else:
            continue
        found += [
            f"{file.relative_to(site)}: {one}"
            for one in fetched
            if one.startswith("//") or urlsplit(one).scheme in ("http", "https", "ws", "wss")
        ]
    return found


def dbt_docs(project: Path) -> Path:
    """dbt's own documentation as one file, from the models alone: no database is read.

    Args:
        project: the dbt project's folder.

    Raises:
        VitalsError: when dbt cannot read the project or write the page.
    """
    # A relative warehouse: no path of this machine gets into the page.
    paths = Paths(project, Path("landing"), _DBT_DOCS)
    page = write_docs(paths, parse(paths))
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(str(project), "."), encoding="utf-8")
    return page


def build(project: Path) -> Path:
    """Build the whole site and return its folder.

    Args:
        project: the project's folder.

    Raises:
        VitalsError: when a link is broken, a page is missing, or one would fetch from another host.
    """
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    dbt_docs(project)
    config = load_config(str(project / "mkdocs.yml"))
    try:
        build_site(config)
    except Abort as problem:
        raise VitalsError(f"The site is not whole: {problem}", "Mend what is named above.") from None
    site = Path(config.site_dir)
    foreign = outside(site)
    if foreign:
        shutil.rmtree(site)
        raise VitalsError(
            "Pages fetch from other hosts: " + "; ".join(foreign[:10]), "Put what they need into docs/assets."
        )
    return site


def main() -> int:
    """Build the site of the project in the current folder; 1 when it is not whole."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    try:
        site = build(Path.cwd())
    except VitalsError as problem:
        print(problem, file=sys.stderr)
        return 1
    count = sum(1 for _ in site.rglob("*.html"))
    print(f"{count} pages. Next: open {site.relative_to(Path.cwd())}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
