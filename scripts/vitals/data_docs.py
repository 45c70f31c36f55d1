"""Data Docs: one offline page that shows what the gates checked, on what, and what they found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from vitals import __version__
from vitals.gates import GateReport
from vitals.shown import visible

# In the order in which a run passes them.
GATES = {
    "raw": "Raw data, before the build",
    "marts": "Candidate marts, before publishing",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2329; --paper: #fff; --soft: #f3f5f7;
  --line: #d5dbe1; --muted: #56616c; --good: #14663c; --bad: #a3131f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf0; --paper: #14191e; --soft: #1e252c;
  --line: #37424d; --muted: #a3afba; --good: #6fd39d; --bad: #ff8d92; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem;
  background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; font-family: ui-monospace, monospace; }
p { margin: .25rem 0; }
.muted { color: var(--muted); } .pass { color: var(--good); } .fail { color: var(--bad); }
.status { font-weight: 600; white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--muted); padding: .35rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem .4rem 0; text-align: left;
  vertical-align: top; }
th { font-weight: 600; }
.sample { background: var(--soft); border: 1px solid var(--line); border-radius: .4rem;
  padding: .25rem .75rem .5rem; margin: .5rem 0; }
.sample td { font: .82rem ui-monospace, monospace; max-width: 24rem; overflow-wrap: anywhere; }
details > summary { cursor: pointer; padding: .35rem 0; }
"""


def write_docs(folder: Path, report: GateReport) -> Path:
    """Keep the report and write the page anew, with the latest report of every gate. Returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{report.name}.json").write_text(
        json.dumps(asdict(report) | {"passed": report.passed}, default=str, indent=1), encoding="utf-8"
    )
    reports = []
    for name in GATES:
        kept = folder / f"{name}.json"
        if kept.exists():
            reports.append(json.loads(kept.read_text(encoding="utf-8")))
    page = folder / "index.html"
    page.write_text(render(reports, datetime.now(UTC)), encoding="utf-8")
    return page


def render(reports: Sequence[Mapping[str, Any]], written_at: datetime) -> str:
    """The page for these reports, as HTML that asks nothing from outside."""
    body = "\n".join(_gate(one) for one in reports)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Vitals: data docs</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Data docs</h1>
<p class="muted">What Great Expectations checked before anything was built or published.
Vitals {_html(__version__)}, written {_moment(written_at.isoformat())}.</p>
{body}
</body>
</html>
"""


def _gate(report: Mapping[str, Any]) -> str:
    results = report["results"]
    failures = [one for one in results if not one["passed"]]
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    for one in results:
        by_table.setdefault(one["check"]["table"], []).append(one)
    verdict = (
        f"{len(failures)} of {len(results)} checks failed: stopped here"
        if failures
        else f"all {len(results)} checks passed"
    )
    # Tables with findings first; the rest folded away.
    ordered = sorted(by_table.items(), key=lambda item: all(one["passed"] for one in item[1]))
    tables = "\n".join(_table(name, members) for name, members in ordered)
    return f"""<section>
<h2>{_html(GATES[report["name"]])}: {_status(not failures)}</h2>
<p>{verdict}. Checked {_moment(report["checked_at"])} in {report["seconds"]:.1f} s, on
<code>{_html(report["subject"])}</code>.</p>
{tables}
</section>"""


def _table(name: str, members: Sequence[Mapping[str, Any]]) -> str:
    failed = sum(not one["passed"] for one in members)
    summary = f"{failed} of {len(members)} failed" if failed else f"{len(members)} passed"
    rows = "\n".join(_row(one) for one in members)
    return f"""<details{" open" if failed else ""}>
<summary><code>{_html(name)}</code> <span class="{"fail" if failed else "muted"}">{summary}</span></summary>
<div class="scroll"><table>
<thead><tr>
<th scope="col">Result</th><th scope="col">What must hold</th><th scope="col">Found</th>
</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</details>"""


def _row(result: Mapping[str, Any]) -> str:
    sample = _sample(result["sample"]) if result["sample"] else ""
    return (
        f"<tr><td>{_status(result['passed'])}</td><td>{_html(result['check']['says'])}{sample}</td>"
        f"<td>{_html(result['observed'])}</td></tr>"
    )


def _sample(rows: Sequence[Mapping[str, str | None]]) -> str:
    names = list(rows[0])
    head = "".join(f'<th scope="col">{_html(name)}</th>' for name in names)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_value(row[name])}</td>" for name in names) + "</tr>" for row in rows
    )
    return (
        f'<div class="sample scroll"><table><caption>First {len(rows)} offending row'
        f"{'s' if len(rows) != 1 else ''}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _value(value: str | None) -> str:
    if value is None:
        return '<span class="muted">null</span>'
    return _html(value if len(value) <= 200 else value[:200] + "…")


def _status(passed: bool) -> str:
    # A word and a sign beside the colour: not everybody sees the colour.
    return (
        '<span class="status pass">✓ passed</span>' if passed else '<span class="status fail">✗ failed</span>'
    )


def _moment(iso: str) -> str:
    return _html(datetime.fromisoformat(iso).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))


def _html(text: str) -> str:
    return escape(visible(text))
