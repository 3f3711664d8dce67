"""Pages for people: the table of tests is whole, and links lead somewhere."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/*.md"), REPO / "tests" / "README.md"])


def anchors(page: Path) -> set[str]:
    """The anchors that headings of a page get where it is shown: small letters, no marks, lines for blanks."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_test_file_stands_in_the_table():
    folder = REPO / "tests"
    first_cells = re.findall(r"^\| (`.+?) \|", (folder / "README.md").read_text(), re.MULTILINE)
    patterns = [Path(name) for cell in first_cells for name in re.findall(r"`([\w/*]+\.py)`", cell)]
    named = {path for pattern in patterns for path in folder.glob(str(pattern))}
    assert sorted({*folder.rglob("test_*.py")} - named) == []
    assert [str(pattern) for pattern in patterns if not list(folder.glob(str(pattern)))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    lost = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []
