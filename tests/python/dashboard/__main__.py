"""Pictures of the dashboard for the README, of what is published now: `make screenshots`."""

import sys
from pathlib import Path

from playwright.sync_api import expect

from centre import PROJECT
from dashboard.browser import CHROMIUM, launched, serving
from vitals.paths import Paths

IMAGES = PROJECT / "docs" / "images"
MOST_BYTES = 300_000
# name, page, width, height
PICTURES = (
    ("dashboard_vital_signs", "", 1280, 900),
    ("dashboard_running_day", "running_day", 1280, 900),
    ("dashboard_phone", "?lang=fr", 390, 844),
)


def main() -> int:
    """Take every picture; 1 when there is nothing to take them with, or one is too heavy for a README."""
    paths = Paths.from_environment(PROJECT)
    if CHROMIUM is None:
        print("No Chromium here: apt install chromium, or name one in VITALS_CHROMIUM.", file=sys.stderr)
        return 1
    if not paths.published_db.exists():
        print("Nothing is published: make build.", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    heavy = 0
    with serving(paths.warehouse) as address, launched() as browser:
        for name, page, width, height in PICTURES:
            context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
            tab = context.new_page()
            tab.goto(f"{address}/{page}")
            tab.wait_for_selector(".v .tile .value")
            expect(tab.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
            tab.wait_for_timeout(1500)  # charts fade in
            file: Path = IMAGES / f"{name}.png"
            tab.screenshot(path=file)
            context.close()
            size = file.stat().st_size
            print(f"{file.relative_to(PROJECT)}  {size / 1000:.0f} kB")
            heavy += size > MOST_BYTES
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main())
