"""Films keep their clock: every frame and every sample is where the source has it."""

import hashlib
import subprocess
import time
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import RATE, clicks, constant_rate, numbered_frame, read_number, write_source_video

from justlmd.core.errors import InputError
from justlmd.media.ffmpeg import SAMPLE_RATE, ffmpeg_exe
from justlmd.media.standardise import standardise
from justlmd.media.video import probe, read_chosen_frames, read_frames, verify
from justlmd.media.writer import write_video


def nearest(times: list[Fraction], at: Fraction) -> int:
    return min(range(len(times)), key=lambda index: (abs(times[index] - at), index))


def numbers(path: Path) -> list[int]:
    return [read_number(frame) for frame in read_frames(path)]


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, SAMPLE_RATE, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)


def click_seconds(sound: np.ndarray) -> np.ndarray:
    loud = np.flatnonzero(np.abs(sound[:, 0].astype(int)) > 6000) / SAMPLE_RATE
    return loud[np.concatenate([[True], np.diff(loud) > 0.05])] if len(loud) else loud


def cut(tmp_path: Path, source: Path, **options: object) -> tuple[Path, Path]:
    video, audio = tmp_path / "video.mp4", tmp_path / "audio.wav"
    standardise(source, video, audio, **options)  # type: ignore[arg-type]
    return video, audio


RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50), Fraction(60), Fraction(120)]
RATES += [Fraction(24000, 1001), Fraction(15), Fraction(60000, 1001)]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.2f}fps")
def test_every_frame_shows_the_nearest_picture_of_the_source(tmp_path: Path, rate: Fraction) -> None:
    times = constant_rate(rate, 6)
    source = write_source_video(tmp_path / "source.mp4", times, clicks(6, [1, 3]), time_base=1 / rate)
    video, audio = cut(tmp_path, source)
    shown = numbers(video)
    assert shown == [nearest(times, Fraction(k, 30)) for k in range(180)]
    assert probe(video).fps == 30
    assert len(read_wav(audio)) == 180 * SAMPLE_RATE // 30


def test_a_variable_frame_rate_keeps_every_picture_at_its_time(tmp_path: Path) -> None:
    steps = np.random.default_rng(3).choice([3003, 1500, 3750, 9000, 27000], size=150)
    times = [Fraction(int(total), 90_000) for total in np.concatenate([[0], np.cumsum(steps)])]
    source = write_source_video(tmp_path / "source.mp4", times, clicks(float(times[-1]), [1]))
    video, _ = cut(tmp_path, source)
    shown = numbers(video)
    assert len(shown) >= int(times[-1] * 30)
    assert shown == [nearest(times, Fraction(k, 30)) for k in range(len(shown))]


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(("start", "end"), [(1.0, 3.0), (0.55, 2.517), (4.9, None)])
def test_a_cut_is_exact_away_from_key_frames(tmp_path: Path, container: str, start: float, end: float | None) -> None:
    times = constant_rate(25, 6)
    source = write_source_video(tmp_path / f"source.{container}", times, clicks(6, [1.5, 2, 5.5]))
    video, audio = cut(tmp_path, source, start_s=start, end_s=end)
    shown = numbers(video)
    stop = 6.0 if end is None else end
    assert abs(len(shown) - (stop - start) * 30) < 1.5
    clock = 1000 if container == "mkv" else 90_000  # Matroska counts milliseconds
    # A transport stream has no edit list that hides the encoder's lead-in, so that its clock begins with that.
    lead = Fraction(1024, RATE) if container == "ts" else Fraction(0)
    stamped = [Fraction(round((time + lead) * clock), clock) for time in times]
    exact = [nearest(stamped, Fraction(start).limit_denominator(1000) + Fraction(k, 30)) for k in range(len(shown))]
    assert shown == exact
    sound = read_wav(audio)
    assert len(sound) == len(shown) * SAMPLE_RATE // 30
    expected = [second + lead - start for second in (1.5, 2, 5.5) if start <= second < start + len(shown) / 30]
    np.testing.assert_allclose(click_seconds(sound), expected, atol=0.003)


@pytest.mark.parametrize("delay", [Fraction(1, 2), Fraction(1, 25)])
def test_sound_that_begins_late_stays_late(tmp_path: Path, delay: Fraction) -> None:
    times = constant_rate(30, 3)
    source = write_source_video(tmp_path / "source.mkv", times, clicks(2.5, [0.5, 1.0]), delay, audio_codec="pcm_s16le")
    video, audio = cut(tmp_path, source)
    assert numbers(video) == list(range(90))
    np.testing.assert_allclose(click_seconds(read_wav(audio)), [0.5 + delay, 1.0 + delay], atol=0.001)


def test_a_picture_that_begins_late_fills_the_time_before_it(tmp_path: Path) -> None:
    times = [Fraction(1, 2) + time for time in constant_rate(30, 2)]
    source = write_source_video(tmp_path / "source.mkv", times, clicks(3, [1.0]), audio_codec="pcm_s16le")
    video, audio = cut(tmp_path, source)
    assert numbers(video) == [0] * 15 + list(range(60))
    sound = read_wav(audio)
    assert len(sound) == 75 * SAMPLE_RATE // 30
    np.testing.assert_allclose(click_seconds(sound), [1.0], atol=0.001)


def test_sound_shorter_than_the_picture_ends_in_silence(tmp_path: Path) -> None:
    source = write_source_video(tmp_path / "source.mp4", constant_rate(30, 3), clicks(1, [0.5], channels=2))
    _, audio = cut(tmp_path, source)
    sound = read_wav(audio)
    assert len(sound) == 3 * SAMPLE_RATE
    assert not sound[2 * SAMPLE_RATE :].any()


def test_other_sample_rates_and_mono_come_out_as_48_khz_stereo(tmp_path: Path) -> None:
    sound = clicks(3, [0.25, 1.0, 2.5], rate=22_050)
    source = write_source_video(
        tmp_path / "source.mkv", constant_rate(30, 3), sound, audio_codec="pcm_s16le", rate=22_050
    )
    _, audio = cut(tmp_path, source)
    written = read_wav(audio)
    np.testing.assert_allclose(click_seconds(written), [0.25, 1.0, 2.5], atol=0.001)
    assert (written[:, 0] == written[:, 1]).all()


@pytest.mark.parametrize(("crop", "expected"), [("left", [255, 0]), ("center", [0, 128]), ("right", [128, 255])])
def test_a_crop_keeps_its_half_of_the_width(tmp_path: Path, crop: str, expected: list[int]) -> None:
    # Four quarters: white, black, grey, white. Each crop must show its own two.
    quarters = np.repeat(np.array([255, 0, 128, 255], np.uint8), 50)
    frame = np.repeat(np.repeat(quarters[None, :], 63, axis=0)[:, :, None], 3, axis=2)
    frame = np.pad(frame, ((0, 1), (0, 0), (0, 0)))
    source = write_source_video(tmp_path / "source.mp4", constant_rate(30, 1), clicks(1, []), frames=[frame] * 30)
    video, _ = cut(tmp_path, source, crop=crop)
    frame = next(read_frames(video))
    assert frame.shape == (64, 100, 3)
    np.testing.assert_allclose(frame[10, [25, 75], 1], expected, atol=6)


def test_odd_sizes_lose_one_column_or_row(tmp_path: Path) -> None:
    frames = [np.full((51, 101, 3), 90, np.uint8)] * 10
    source = tmp_path / "source.mkv"
    write_source_video(source, constant_rate(30, 1)[:10], clicks(1, []), frames=frames, codec="ffv1")
    video, _ = cut(tmp_path, source)
    assert (probe(video).width, probe(video).height) == (100, 50)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_phone_videos_are_turned_upright(tmp_path: Path, turn: int) -> None:
    frame = np.zeros((64, 192, 3), np.uint8)
    frame[:32, :96, 0] = 255  # a red corner shows which way is up
    lying = write_source_video(tmp_path / "lying.mp4", constant_rate(30, 1), clicks(1, []), frames=[frame] * 30)
    source = tmp_path / "source.mp4"
    command = [ffmpeg_exe(), "-v", "error", "-display_rotation", str(turn), "-i", str(lying), "-c", "copy", str(source)]
    subprocess.run(command, check=True)
    info = probe(source)
    assert (info.width, info.height) == ((64, 192) if turn != 180 else (192, 64))
    assert info.rotation == turn
    video, _ = cut(tmp_path, source)
    upright = next(read_frames(video))
    expected = np.rot90(frame, turn // 90)
    assert upright.shape == expected.shape
    assert np.abs(upright.astype(int) - expected).mean() < 6
    assert probe(video).rotation == 0
    assert np.abs(next(read_frames(source)).astype(int) - expected).mean() < 6


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    plain = write_source_video(tmp_path / "plain.mp4", constant_rate(30, 1), clicks(1, []))
    source = tmp_path / "source.mp4"
    arguments = ["-i", str(plain), "-vf", "setsar=4/3", "-c:a", "copy", str(source)]
    subprocess.run([ffmpeg_exe(), "-v", "error", *arguments], check=True)
    video, _ = cut(tmp_path, source)
    assert (probe(video).width, probe(video).height) == (256, 64) == (probe(source).width, probe(source).height)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    source = write_source_video(tmp_path / "source.mp4", constant_rate(24, 2), clicks(2, [1]))
    hashes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        outputs = cut(tmp_path / name, source)
        hashes.append([hashlib.sha256(output.read_bytes()).hexdigest() for output in outputs])
    assert hashes[0] == hashes[1]


def test_a_video_without_sound_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = write_source_video(tmp_path / "source.mp4", constant_rate(30, 1))
    with pytest.raises(InputError, match="has no audio"):
        cut(tmp_path, source)
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": "middle"}, "crop is 'middle', not one of full, left, center, right"),
        ({"start_s": 9.0}, "start 9 s is not inside the video, which lasts 1.00 s"),
        ({"start_s": -1.0}, "start -1 s"),
        ({"start_s": float("nan")}, "start nan s"),
        ({"start_s": 0.5, "end_s": 0.25}, "end 0.25 s must lie after the start"),
        ({"end_s": 7.0}, "end 7 s"),
    ],
)
def test_impossible_wishes_are_named(tmp_path: Path, options: dict[str, object], message: str) -> None:
    source = write_source_video(tmp_path / "source.mp4", constant_rate(30, 1), clicks(1, []))
    with pytest.raises(InputError, match=message):
        cut(tmp_path, source, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


def damaged_files(folder: Path) -> dict[str, Path]:
    noise = np.random.default_rng(0).integers(0, 255, (120, 64, 96, 3), dtype=np.uint8)
    whole = write_source_video(folder / "whole.mp4", constant_rate(30, 4), clicks(4, []), frames=noise)
    front = folder / "front.mp4"
    command = [ffmpeg_exe(), "-v", "error", "-i", str(whole), "-c", "copy", "-movflags", "+faststart", str(front)]
    subprocess.run(command, check=True)
    data = front.read_bytes()
    files = {
        "text, not a video": b"hello, this is no video at all\n" * 20,
        "a web page, not a video": b"<!DOCTYPE html><html><body>not found</body></html>",
        "is empty": b"",
        "not a video that can be read": bytes(range(1, 256)) * 9,
        "is text": b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/secret.ts\n",
        "is cut short: it claims 4.0 s": data[: len(data) // 2],
        "is cut short": data[:-500],
        "its index is cut short": data[:300],
        "damaged: .* of 120 frames": data[: len(data) // 4] + bytes(len(data) // 2) + data[len(data) * 3 // 4 :],
    }
    paths = {}
    for number, (message, content) in enumerate(files.items()):
        paths[message] = folder / f"damaged{number}.mp4"
        paths[message].write_bytes(content)
    return paths


def test_damaged_files_are_refused_with_what_is_wrong(tmp_path: Path) -> None:
    for message, path in damaged_files(tmp_path).items():
        with pytest.raises(InputError, match=message) as caught:
            verify(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be opened"):
        verify(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="is no file"):
        verify(tmp_path)


def test_sound_alone_is_not_a_video(tmp_path: Path) -> None:
    source = tmp_path / "song.m4a"
    command = [ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", "-f", "mp4", str(source)]
    subprocess.run(command, check=True)
    with pytest.raises(InputError, match="holds no video track"):
        verify(source)


def test_reading_from_the_middle_gives_the_same_frames(tmp_path: Path) -> None:
    source = write_source_video(tmp_path / "source.mp4", constant_rate(25, 8))
    whole = list(read_frames(source))
    assert [read_number(frame) for frame in whole] == list(range(200))
    part = list(read_frames(source, 77, 123))
    assert [read_number(frame) for frame in part] == list(range(77, 123))
    assert all((one == other).all() for one, other in zip(part, whole[77:123], strict=True))
    assert list(read_frames(source, 200)) == []
    assert len(list(read_frames(source, 199, 500))) == 1


def test_odd_file_names_are_only_names(tmp_path: Path) -> None:
    name = "-y it's 100% [a:b],c;d='x' \\n émoji 🕺"
    source = write_source_video(tmp_path / f"{name}.mp4", constant_rate(30, 1), clicks(1, [0.5]))
    video, audio = tmp_path / f"{name} video.mp4", tmp_path / f"{name}.wav"
    standardise(source, video, audio, start_s=np.float64(0))
    subtitles = tmp_path / f"{name}.ass"
    subtitles.write_text(ASS, encoding="utf-8")
    write_video(tmp_path / f"{name} out.mp4", read_frames(video), audio=audio, subtitles=subtitles)
    assert verify(tmp_path / f"{name} out.mp4").has_audio


ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 192
PlayResY: 64

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment
Style: Default,DejaVu Sans,24,&H00FFFFFF,2

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,hello
"""


def test_written_videos_have_the_pictures_the_sound_and_the_captions(tmp_path: Path) -> None:
    audio, subtitles = tmp_path / "audio.wav", tmp_path / "words.ass"
    with wave.open(str(audio), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(clicks(4, [0.5, 2.5], channels=2).T.tobytes())
    subtitles.write_text(ASS)
    video = tmp_path / "video.mp4"
    write_video(video, (np.zeros((64, 192, 3), np.uint8) for _ in range(90)), audio=audio, audio_start_s=2.0,
                subtitles=subtitles)  # fmt: skip
    info = verify(video)
    assert (info.frames, info.fps, info.has_audio) == (90, 30, True)
    bright = np.array([frame.max() > 200 for frame in read_frames(video)])
    assert bright.tolist() == [False] * 30 + [True] * 30 + [False] * 30
    _, sound = cut(tmp_path, video)
    np.testing.assert_allclose(click_seconds(read_wav(sound)), [0.5], atol=0.003)


def test_equal_pictures_and_sound_give_equal_bytes_however_slowly_they_come(tmp_path: Path) -> None:
    audio = tmp_path / "audio.wav"
    with wave.open(str(audio), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(clicks(4, [0.5, 2.5], channels=1).T.tobytes())

    def frames(pause: float):
        for number in range(60):
            time.sleep(pause * (number % 15 == 14))
            yield numbered_frame(number)

    for name, pause in (("at once", 0.0), ("slowly", 0.2)):
        write_video(tmp_path / f"{name}.mp4", frames(pause), audio=audio)
    assert (tmp_path / "at once.mp4").read_bytes() == (tmp_path / "slowly.mp4").read_bytes()


@pytest.mark.parametrize("count", [60, 61, 62])
def test_the_sound_lasts_until_the_last_picture_ends(tmp_path: Path, count: int) -> None:
    """ffmpeg's own ``-shortest`` ends it up to one AAC frame early, and not always at the same place."""
    tone = (15000 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE)).astype("<i2")
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone.tobytes())
    video = tmp_path / "video.mp4"
    write_video(video, [numbered_frame(number) for number in range(count)], audio=tmp_path / "tone.wav")
    _, sound = cut(tmp_path, video)
    samples = read_wav(sound)
    heard = np.flatnonzero(np.abs(samples).reshape(len(samples), -1).max(1) > 0.2 * np.abs(samples).max())
    assert len(samples) == count * RATE // 30
    assert len(samples) - heard[-1] < 0.002 * RATE


def test_written_pictures_come_back_in_their_colours(tmp_path: Path) -> None:
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (250, 250, 250), (5, 5, 5)]
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours]
    write_video(tmp_path / "video.mp4", frames, fps=25)
    assert probe(tmp_path / "video.mp4").fps == 25
    for frame, expected in zip(read_frames(tmp_path / "video.mp4"), colours, strict=True):
        np.testing.assert_allclose(frame[24, 32], expected, atol=6)


def test_pictures_that_fail_half_way_leave_the_old_file(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    video.write_bytes(b"old")

    def frames():
        for number in range(40):
            yield numbered_frame(number)
        raise RuntimeError("renderer died")

    with pytest.raises(RuntimeError, match="renderer died"):
        write_video(video, frames())
    with pytest.raises(ValueError, match="not \\(64, 192, 3\\) uint8"):
        write_video(video, [numbered_frame(1), numbered_frame(2)[:32]])
    with pytest.raises(InputError, match="no frames"):
        write_video(video, [])
    with pytest.raises(InputError, match="cannot be written"):
        write_video(video, [numbered_frame(number) for number in range(90)], audio=tmp_path / "missing.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]
    assert video.read_bytes() == b"old"


def test_real_clips_become_30_frames_per_second(tmp_path: Path, shared_data: Path) -> None:
    sizes = {"musepose_dance": (540, 1920), "pzsp_dance": (180, 640), "mpm_dance": (360, 1280)}
    for name, size in sizes.items():
        source = shared_data / "clips" / f"{name}.mp4"
        video, audio = cut(tmp_path, source, crop="center", start_s=1, end_s=4)
        info = verify(video)
        assert (info.width, info.height, info.fps, info.frames) == (*size, 30, 90)
        assert len(read_wav(audio)) == 3 * SAMPLE_RATE


def test_chosen_frames_are_those_of_the_whole_video_and_scaled_ones_are_their_means(tmp_path):
    video = write_source_video(tmp_path / "a.mp4", constant_rate(30, 4))
    chosen = read_chosen_frames(video, [0, 1, 49, 50, 51, 119, 119, 120, -1, 10**9])
    assert {number: read_number(frame) for number, frame in chosen.items()} == {n: n for n in (0, 1, 49, 50, 51, 119)}
    assert read_chosen_frames(video, []) == {}
    whole, small = next(read_frames(video, 77)), next(read_frames(video, 77, size=(96, 32)))
    assert small.shape == (32, 96, 3)
    means = whole.reshape(32, 2, 96, 2, 3).mean((1, 3))
    assert np.abs(small - means).mean() < 4
