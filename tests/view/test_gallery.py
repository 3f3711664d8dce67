"""The gallery shows every song as what it is, finds and sorts them, and makes the lines for config.yaml."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from chromium import opened, wait_until

from justlmd.project.status import Status
from justlmd.quality.criteria import thresholds_of
from justlmd.songs.table import Song
from justlmd.view.gallery import DIGITS, POINTS, encoded, scale, write_gallery
from justlmd.view.page import embedded_json
from justlmd.view.thumbnail import write_thumbnail

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"><!-- & ' \" \u2028 \x00 {{7*7}}"


def judged(keep: bool = True, error: float = 0.005, **figures: float) -> dict[str, Any]:
    """A ``quality.json``: a song of thirty seconds, with a gap in its curves."""
    curve = [error, None, 2 * error] * 20
    series = {"start_s": 0, "step_s": 0.5, "reprojection": curve, "motion_jitter": [4.0] * 60, "speed": [0.5, 1.0] * 30}
    return {
        "keep": keep,
        "reasons": [] if keep else ["several dancers: somebody else was seen"],
        "figures": {"frames": 900, "reprojection": error, "motion_jitter": 4.0} | figures,
        "thresholds": thresholds_of(),
        "ranges": {},
        "series": series,
    }


def add_song(results: Path, song: str, quality: dict[str, Any], split: str = "") -> None:
    """A song's folder, its thumbnail and its row of the manifest."""
    folder = results / "songs" / song
    folder.mkdir(parents=True)
    (folder / "quality.json").write_text(json.dumps(quality))
    write_thumbnail(results / "view/thumbnails" / f"{song}.jpg", np.full((60, 80, 3), 120, np.uint8))
    if not (results / "manifest.tsv").exists():
        (results / "manifest.tsv").write_text("song\tverdict\treason\tsequences\tgroup\tsplit\n")
    verdict = "kept" if quality["keep"] else "dropped"
    with (results / "manifest.tsv").open("a") as file:
        file.write("\t".join([song, verdict, "; ".join(quality["reasons"]), "4", song, split]) + "\n")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two kept songs, a dropped, a failed, an excluded and a waiting one; the first has a hostile title."""
    add_song(tmp_path, "one", judged(error=0.02), "train")
    add_song(tmp_path, "no", judged(error=0.004), "test")
    add_song(tmp_path, "three", judged(keep=False, other_people=0.4))
    (tmp_path / "songs/one/overlay.mp4").write_bytes(b"")
    (tmp_path / "view/no.html").write_text("the player")
    return tmp_path


SONGS = [
    Song("one", "a.mp4", "a.lrc", title=HOSTILE, artist=HOSTILE),
    Song("no", "b.mp4", "b.lrc", title="Bella", artist="Anna"),
    Song("three", "c.mp4", "c.lrc"),
    Song("gone", "d.mp4", "d.lrc", title="Gone"),
    Song("out", "e.mp4", "e.lrc"),
    Song("later", "f.mp4", "f.lrc"),
]
STATUSES = [
    Status("gone", "failed", "", "download", "not_found", HOSTILE, "correct the link"),
    Status("out", "excluded", "", "", "excluded", "excluded by configuration"),
    Status("later", "waiting", "", "download", next_step="run the workflow"),
    Status("one", "failed", "quality", "overlay", "interrupted", "begun and not ended"),  # runs just now
]


def written(results: Path) -> Path:
    path = results / "view/index.html"
    write_gallery(path, SONGS, STATUSES, results, exclude=["out"], keep=["12"])
    return path


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


def shown(page: Any) -> list[str]:
    """The ids of the songs that are seen, in their order."""
    return page.evaluate("[...document.querySelectorAll('.song:not([hidden])')].map(node => node.song.id)")


def test_every_song_is_there_with_what_became_of_it_and_why(results):
    songs = {song["id"]: song for song in data_of(written(results))["songs"]}
    assert {name: song["verdict"] for name, song in songs.items()} == {
        "one": "kept", "no": "kept", "three": "dropped", "gone": "failed", "out": "excluded", "later": "waiting"
    }  # fmt: skip
    assert songs["three"]["why"] == ["other people"] and songs["gone"]["why"] == ["download: not_found"]
    assert "correct the link" in songs["gone"]["reason"] and "\x00" not in songs["gone"]["reason"]
    assert (songs["no"]["split"], songs["no"]["sequences"], songs["no"]["seconds"]) == ("test", 4, 30)
    assert songs["one"]["figures"] == [0.02, 4.0, 0.75]
    assert songs["one"]["links"] == {"overlay": "../songs/one/overlay.mp4"}
    assert songs["no"]["links"] == {"player": "no.html"}
    assert songs["one"]["thumbnail"] == "thumbnails/one.jpg" and songs["later"]["thumbnail"] == ""


def test_curves_share_a_scale_keep_their_peaks_and_show_their_gaps():
    assert scale([[1.0, 2.0], [4.0, None], [100.0], []]) == 2 * 4.0
    assert scale([]) == 0 and encoded([1.0], 0) == "" and encoded([None], 1) == ""
    assert encoded([0.0, None, 1.0, 5.0], 1.0) == "0-zz"
    long = [0.0] * 1000
    long[777] = 1.0
    curve = encoded(long, 2.0)
    assert len(curve) == POINTS and curve[777 * POINTS // 1000] == DIGITS[30] and set(curve) == {"0", DIGITS[30]}


def test_a_quality_file_of_something_else_is_no_error(results):
    for content in ("[]", '{"figures": 3, "series": {"speed": "x"}}', '{"figures": {"frames": 1e400}}', "\x00", "{"):
        (results / "songs/one/quality.json").write_text(content)
        (song, *_) = data_of(written(results))["songs"]
        assert song["curves"] == ["", "", ""] and song["verdict"] in ("kept", "failed")


def test_what_stands_within_html_cannot_end_its_element():
    text = embedded_json([HOSTILE, "\ud800"])
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == [HOSTILE, "\ud800"]


def test_hostile_titles_and_reasons_are_seen_as_text(results):
    with opened(written(results)) as page:
        assert page.locator(".song").count() == len(SONGS)
        assert "onerror" in page.locator(".song h2").first.text_content()
        assert page.title() == "Dances"
        assert page.locator("img[src=x]").count() == 0
        page.locator(".song.failed .reason").wait_for()
        assert "<img src=x" in page.locator(".song.failed .reason").text_content()


def test_songs_are_searched_filtered_and_sorted_and_the_address_remembers_it(results):
    path = written(results)
    with opened(path) as page:
        assert shown(page) == [song.id for song in SONGS]
        page.keyboard.press("/")
        page.keyboard.type("anna bel")
        assert shown(page) == ["no"] and page.locator("#count").text_content() == "1 of 6 songs"
        page.keyboard.press("Escape")
        page.get_by_role("button", name="kept 2").click()
        assert shown(page) == ["one", "no"]
        page.locator("#split").select_option("test")
        assert shown(page) == ["no"]
        page.locator("#split").select_option("")
        page.get_by_role("button", name="all").click()
        page.locator("#why").select_option("other people")
        assert shown(page) == ["three"]
        page.locator("#why").select_option("")
        page.locator("#sort").select_option("error")
        assert shown(page)[:2] == ["one", "three"]
        page.locator("#sort").select_option("verdict")
        assert shown(page)[:2] == ["gone", "three"]
        page.get_by_role("button", name="kept 2").click()
        fragment = page.evaluate("location.hash")
    with opened(path, fragment=fragment) as page:
        assert shown(page) == ["one", "no"]
        assert page.locator("#sort").input_value() == "verdict"
        assert page.get_by_role("link", name="player").get_attribute("href") == "no.html"


def test_ticked_songs_become_lines_that_yaml_reads_as_they_are_meant(results):
    path = written(results)
    with opened(path, permissions=["clipboard-read", "clipboard-write"]) as page:
        assert page.locator("#tray").is_hidden()
        page.get_by_label("Tick Bella").focus()
        page.keyboard.press("Space")
        page.get_by_label("Tick three").check()
        lines = [page.locator(f"#{key}").text_content() for key in ("exclude", "keep")]
        assert yaml.safe_load("\n".join(lines)) == {"exclude": ["out", "no", "three"], "keep": ["12", "no", "three"]}
        page.locator("[data-copy=exclude]").click()
        page.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == lines[0]
        page.reload()
        assert page.locator("#ticked").text_content() == "2 songs ticked."
        page.get_by_role("button", name="Untick all").click()
        assert page.locator("#tray").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_its_words_can_be_read_in_both_schemes(results, scheme):
    with opened(written(results), width=390, height=844, color_scheme=scheme) as page:
        page.get_by_label("Tick Bella").check()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.locator(".song.kept .curves path").first.wait_for(state="attached")
        colors = page.evaluate(
            "['.song .by', '.song .reason', '.song.kept .verdict', '.song.dropped .verdict', '.links a'].map(name => "
            "[getComputedStyle(document.querySelector(name)).color, getComputedStyle(document.querySelector('.song'))"
            ".backgroundColor])"
        )
    for ink, paper in colors:
        assert contrast(ink, paper) >= 4.5, (ink, paper)


def contrast(ink: str, paper: str) -> float:
    """The contrast ratio of WCAG 2 of two ``rgb(r, g, b)``."""

    def luminance(color: str) -> float:
        values = np.array([int(part) for part in color.strip("rgb()").split(",")]) / 255
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(ink), luminance(paper)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.slow
def test_a_thousand_songs_are_small_and_lazy(tmp_path):
    songs = []
    for number in range(1000):
        name = f"song_{number:04d}"
        add_song(tmp_path, name, judged(number % 7 > 0, other_people=0.4 * (number % 7 == 0)), "train")
        songs.append(Song(name, "a.mp4", "a.lrc", title=f"Title of a usual length {number}", artist=f"Artist {number}"))
    path = tmp_path / "view/index.html"
    assert write_gallery(path, songs, [], tmp_path) == 1000
    assert path.stat().st_size <= 2_000_000
    images: list[str] = []
    with opened(path) as page:
        page.on("request", lambda request: images.append(request.url))
        page.reload()
        wait_until(page, "document.documentElement.dataset.ready")
        for _ in range(100):
            page.wait_for_timeout(100)
            if sum(url.endswith(".jpg") for url in images) > 4:
                break
        assert 4 < sum(url.endswith(".jpg") for url in images) < 250
        page.evaluate("(() => { search.value = '99'; search.dispatchEvent(new Event('input')); })()")
        assert len(shown(page)) == 19
