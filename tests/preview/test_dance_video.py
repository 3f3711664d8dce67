"""An exported video has every frame, sound of the same length and the words, whatever the lyrics contain."""

import re
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line
from justlmd.lyrics.word_timing import Word
from justlmd.media.video import read_frames
from justlmd.motion.motion import Motion
from justlmd.preview.captions import safe_text, write_captions
from justlmd.preview.dance_video import dance_frames, export_mp4, following_camera

BODY = load_body()
SIZE = (320, 180)
HOSTILE = [
    'it\'s 100%: [chorus], "quoted" {\\i1}italic{\\i0}',
    "back\\Nslash \\n \\h and {brace",
    "Dialogue: 0,0:00:00.00,0:00:09.99,Line,,0,0,0,,injected",
    "line\nbreak\r\n[Events]\x00\x1b",
    "é ñ 漢字 \u202e rtl {\\pos(0,0)\\fs200}big",
    "{\\clip(0,0,1,1)}",
]


def dance(frames: int, walk_m: float = 0.0) -> Motion:
    pose = np.zeros((frames, 69))
    pose[:, 3 * 15 + 2], pose[:, 3 * 16 + 2] = -1.0, 1.0
    transl = np.tile([0.0, -float(BODY.v_template[:, 1].min()), 0.0], (frames, 1))
    transl[:, 0] += np.linspace(0, walk_m, frames)
    return Motion(np.zeros((frames, 3)), pose, transl, np.zeros(10), np.ones(frames, bool))


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    path = tmp_path / "a 'tone': 100%.wav"
    samples = (8000 * np.sin(2 * np.pi * 440 * np.arange(24_000 * 4) / 24_000)).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def durations(path: Path) -> tuple[int, float, float]:
    """Frames, and seconds of video and of audio, decoded by PyAV."""
    import av

    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        samples = sum(frame.samples for frame in container.decode(audio=0))
    return frames, frames / 30, samples / rate


def test_an_exported_video_has_every_frame_and_sound_of_the_same_length(tmp_path: Path, tone: Path) -> None:
    lines = [Line(1.2, 2.0, "hello dance", (Word(1.2, 1.5, "hello"), Word(1.5, 2.0, "dance")))]
    path = tmp_path / "it's a dance.mp4"
    assert export_mp4(path, dance(45), BODY, tone, 1.0, lines, "A 'title': 100%", SIZE) == []
    frames, video_s, audio_s = durations(path)
    assert frames == 45
    assert audio_s == pytest.approx(video_s, abs=0.05)


def test_the_same_dance_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        export_mp4(tmp_path / name, dance(5), BODY, title="x", size=SIZE)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_the_sung_word_is_seen_at_its_time(tmp_path: Path) -> None:
    line = Line(10.5, 11.0, "WWWWWW", (Word(10.5, 11.0, "WWWWWW"),))
    export_mp4(tmp_path / "with.mp4", dance(40), BODY, audio_start_s=10.0, lines=[line], size=SIZE)
    export_mp4(tmp_path / "without.mp4", dance(40), BODY, size=SIZE)
    bottom = slice(SIZE[1] * 3 // 4, None)
    with_words, without = (
        np.stack(list(read_frames(tmp_path / name)))[:, bottom].astype(int) for name in ("with.mp4", "without.mp4")
    )
    changed = (np.abs(with_words - without).max(-1) > 60).sum(axis=(1, 2))
    assert changed[16] > 200 and changed[28] > 200  # 0.5 to 1.0 s
    assert changed[31] == 0 and changed[39] == 0
    blue = with_words[..., 2].min(axis=2).min(axis=1)
    assert blue[28] <= blue[16]  # white turns to gold, which has little blue


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_lyrics_are_shown_as_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "captions.ass"
    words = tuple(Word(1 + i / 10, 1.1 + i / 10, word) for i, word in enumerate(text.split()))
    write_captions(path, [Line(1.0, 3.0, text, words)], 5.0, SIZE, titles=[text])
    events = pysubs2.load(str(path)).events
    assert sorted(event.style for event in events) == ["Line", "Next", "Title"]
    for event in events:
        plain = re.sub(r"\{\\kf?\d+\}", "", event.text)
        assert "{" not in plain and "}" not in plain
        assert not re.search(r"\\(?!\u2060)", plain)
        assert plain.strip() == plain and plain


def test_hostile_lyrics_reach_the_video_and_stay_in_their_place(tmp_path: Path) -> None:
    lines = [Line(i * 0.2, (i + 1) * 0.2, text) for i, text in enumerate(HOSTILE)]
    warnings = export_mp4(tmp_path / "hostile.mp4", dance(36), BODY, lines=lines, size=SIZE)
    assert len(warnings) == 1 and "漢" in warnings[0]
    export_mp4(tmp_path / "plain.mp4", dance(36), BODY, size=SIZE)
    hostile, plain = (np.stack(list(read_frames(tmp_path / name))).astype(int) for name in ("hostile.mp4", "plain.mp4"))
    changed = np.abs(hostile - plain).max(-1) > 60
    for index in range(len(HOSTILE)):
        assert changed[index * 6 + 3, SIZE[1] // 2 :].sum() > 100
        assert changed[index * 6 + 3, : SIZE[1] // 2].sum() == 0


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(min_size=1, max_size=40),
    times=st.lists(st.floats(0, 20), min_size=2, max_size=8),
    start=st.floats(0, 10),
)
def test_karaoke_times_always_add_up_to_the_event(
    tmp_path_factory: pytest.TempPathFactory, text: str, times: list[float], start: float
) -> None:
    path = tmp_path_factory.mktemp("captions") / "captions.ass"
    times = sorted(times)
    words = tuple(Word(a, b, text) for a, b in pairwise(times))
    write_captions(path, [Line(times[0], times[-1], text, words)], 6.0, SIZE, start_s=start)
    for event in pysubs2.load(str(path)).events:
        assert 0 <= event.start <= event.end <= 6000
        if event.style == "Line":
            assert sum(map(int, re.findall(r"\{\\kf?(\d+)\}", event.text))) * 10 == event.end - event.start


def test_a_line_begun_before_the_excerpt_starts_with_its_sung_words_filled(tmp_path: Path) -> None:
    line = Line(8.0, 12.0, "one two three", (Word(8, 9, "one"), Word(9, 11, "two"), Word(11, 12, "three")))
    write_captions(tmp_path / "c.ass", [line], 6.0, SIZE, start_s=10.0)
    (event,) = pysubs2.load(str(tmp_path / "c.ass")).events
    assert (event.start, event.end) == (0, 2000)
    assert event.text == r"{\kf0}one {\kf100}two {\kf100}three"


def test_chinese_signs_get_no_blanks_between_them(tmp_path: Path) -> None:
    line = Line(0.0, 1.0, "漢字 abc", (Word(0, 0.3, "漢"), Word(0.3, 0.6, "字"), Word(0.6, 1.0, "abc")))
    missing = write_captions(tmp_path / "c.ass", [line], 6.0, SIZE)
    assert missing == "字漢"
    assert pysubs2.load(str(tmp_path / "c.ass")).events[-1].text == r"{\kf30}漢{\kf30}字 {\kf40}abc"


def test_long_lines_are_cut() -> None:
    assert len(safe_text("word " * 1000)) <= 160
    assert safe_text("a" * 1000).endswith("…")


def test_the_camera_follows_a_dancer_who_walks_away_and_stands_still_otherwise() -> None:
    for walk_m in (0.0, 30.0):
        motion = dance(90, walk_m)
        joints = motion.joints(BODY)
        camera, trajectory = following_camera(joints, SIZE)
        assert trajectory.any() == (walk_m > 0)
        pixels = camera.project(joints - trajectory[:, None])
        assert (pixels >= 0).all() and (pixels < SIZE).all()
        assert np.ptp(pixels[..., 1], axis=1).min() > 0.3 * SIZE[1]  # big enough to see


def test_frames_without_a_person_are_drawn_faintly() -> None:
    motion = dance(2)
    motion.valid[1] = False
    solid, faint = (frame.astype(int) for frame in dance_frames(motion, BODY, SIZE, np.random.default_rng(0)))
    room = np.median(np.concatenate([solid[:, :20], solid[:, -20:]], axis=1), axis=1)[:, None]
    assert np.abs(faint - room).sum() < 0.7 * np.abs(solid - room).sum()


def test_nothing_to_show_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dance\.mp4: the motion has no frames"):
        export_mp4(tmp_path / "dance.mp4", dance(3).cut(0, 0), BODY)
    motion = dance(3)
    motion.transl[1] = np.nan
    with pytest.raises(InputError, match=r"dance\.mp4: .*not finite"):
        export_mp4(tmp_path / "dance.mp4", motion, BODY)
    assert not list(tmp_path.iterdir())
