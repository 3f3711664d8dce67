"""Audio features on exactly 30 frames per second, and beats of music whose beats are known."""

import numpy as np
import pytest
import soundfile

from demo.drum_songs import IN_EIGHTHS, PATTERNS, SAMPLE_RATE, beat_times, drum_song
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.features.audio import SILENCE_DB, audio_features, edge_features, phase
from justlmd.features.beats import f_measure, track_beats
from justlmd.features.metrical_level import right_level

SEED = 3


def clicks(times_s, seconds, sr):
    y = np.zeros(round(seconds * sr), np.float32)
    for at in times_s:
        y[round(at * sr) : round(at * sr) + sr // 200] = 0.9
    return y


@pytest.mark.parametrize("sr", [22050, 44100, 48000, 18000])
def test_frame_k_is_at_k_thirtieths_of_a_second_without_drift(sr):
    frames = np.array([30, 95, 1000, 3000, 5390])
    features = audio_features((clicks(frames / 30, 180.0, sr), sr))
    assert features["log_mel"].shape == (5400, 128)
    loudness = features["log_mel"].mean(axis=1)
    for frame in frames:
        assert frame - 5 + int(np.argmax(loudness[frame - 5 : frame + 6])) == frame


@pytest.mark.parametrize("seconds", [0.01, 1.0, 6.0, 7.49, 33.4])
def test_the_number_of_frames_is_the_duration_times_thirty_or_what_the_video_has(seconds):
    y = 0.1 * np.random.default_rng(SEED).standard_normal((2, round(seconds * 44100)))
    for frames in (None, 17, 400):
        features = audio_features((y, 44100), frames)
        count = round(seconds * 30) if frames is None else frames
        for name in ("log_mel", "onset_envelope", "beat", "beat_phase", "downbeat", "bar_phase"):
            assert len(features[name]) == count
            assert features[name].dtype == np.float32
            assert np.isfinite(features[name]).all()


def test_log_mel_keeps_loudness():
    y = 0.2 * np.random.default_rng(SEED).standard_normal(5 * 22050).astype(np.float32)
    loud, soft = (audio_features((level * y, 22050))["log_mel"] for level in (1.0, 0.1))
    assert np.allclose(loud - soft, 20.0, atol=1e-3)


def test_silence_has_no_beats_and_the_lowest_level():
    features = audio_features((np.zeros(10 * 22050, np.float32), 22050))
    assert features["tempo"] == 0.0
    assert len(features["beat_times"]) == 0
    assert not features["beat_phase"].any()
    assert np.allclose(features["log_mel"], SILENCE_DB)


def test_features_of_a_wav_file_are_the_same_bytes_each_time(tmp_path):
    song = drum_song("house", PATTERNS["house"], beat_times((120, 120), 12), SEED)
    soundfile.write(tmp_path / "audio.wav", np.stack([song.y, song.y], axis=1), SAMPLE_RATE)
    for name in ("first", "second"):
        write_npz(tmp_path / f"{name}.npz", **audio_features(tmp_path / "audio.wav", edge35=True))
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    stored = read_npz(tmp_path / "first.npz")
    assert stored["edge35"].shape == (len(stored["log_mel"]), 35)
    assert (int(stored["sr"]), int(stored["hop_length"]), int(stored["fps"])) == (22050, 735, 30)


def test_a_file_that_is_no_sound_is_refused_by_name(tmp_path):
    for content in (b"", b"not a sound"):
        (tmp_path / "audio.wav").write_bytes(content)
        with pytest.raises(InputError, match=r"audio\.wav"):
            audio_features(tmp_path / "audio.wav")
    with pytest.raises(InputError, match="no sound"):
        audio_features((np.zeros(0), 22050))


@pytest.mark.parametrize("bpm", [72, 118, 172, 176])
@pytest.mark.parametrize("name", PATTERNS)
def test_beats_are_found_at_the_right_tempo_whatever_the_hats_and_the_bass_play(bpm, name):
    song = drum_song(name, PATTERNS[name], beat_times((bpm, bpm), 30), SEED)
    found = track_beats(song.y, SAMPLE_RATE)
    assert f_measure(found.beats_s, song.beats_s) >= 0.95
    assert found.tempo_bpm == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize(
    ("name", "bpm"),
    [("bass in eighths alone", 84), ("bass in eighths alone", 98), ("eighths with snare", 76),
     ("eighths with snare", 98), ("kick in eighths alone", 95), ("kick and hats in eighths", 98)],
)  # fmt: skip
def test_even_eighths_are_not_heard_at_twice_the_tempo(name, bpm):
    song = drum_song(name, IN_EIGHTHS[name], beat_times((bpm, bpm), 30), SEED)
    found = track_beats(song.y, SAMPLE_RATE)
    assert found.tempo_bpm == pytest.approx(bpm, rel=0.02)
    assert f_measure(found.beats_s, song.beats_s) >= 0.95


def grid(bpm, count):
    """Frames of beats at 90 per second."""
    return np.round(90 * 60 / bpm * (1 + np.arange(count))).astype(int)


def struck(frames, length, level=1.0):
    curve = np.zeros(length)
    curve[frames] = level
    return curve


SAME_CHORD = np.ones((12, 2000))


def test_near_the_fastest_tempo_only_a_backbeat_or_a_division_is_believed():
    beats = grid(196, 64)
    length = beats[-1] + 200
    silent, each = np.zeros(length), struck(beats, length)
    assert np.array_equal(right_level(beats, each, silent, SAME_CHORD, 90), beats[::2])
    backbeat = struck(beats[1::2], length)
    assert np.array_equal(right_level(beats, each, backbeat, SAME_CHORD, 90), beats)
    divided = each + struck((beats[:-1] + beats[1:]) // 2, length)
    assert np.array_equal(right_level(beats, divided, silent, SAME_CHORD, 90), beats)
    slower = grid(150, 64)
    assert np.array_equal(right_level(slower, struck(slower, length + 999), np.zeros(9999), SAME_CHORD, 90), slower)


def test_a_backbeat_between_slow_beats_makes_them_twice_as_fast():
    beats = grid(72, 32)
    between = (beats[:-1] + beats[1:]) // 2
    length = beats[-1] + 200
    strength = struck(np.concatenate([beats, between]), length)
    found = right_level(beats, strength, struck(between, length), SAME_CHORD, 90)
    assert np.array_equal(found, np.sort(np.concatenate([beats, between])))
    ballad = struck(beats[1::2], length)
    assert np.array_equal(right_level(beats, strength, ballad, SAME_CHORD, 90), beats)


@pytest.mark.parametrize(
    ("start", "end", "jump"), [(100, 125, True), (135, 90, True), (85, 130, False), (165, 115, False)]
)
def test_beats_follow_a_tempo_that_jumps_or_glides(start, end, jump):
    song = drum_song("rock", PATTERNS["rock"], beat_times((start, end), 40, jump), SEED)
    assert f_measure(track_beats(song.y, SAMPLE_RATE).beats_s, song.beats_s) >= 0.95


def test_beats_are_exact_to_ten_milliseconds_and_bars_begin_where_the_chords_change():
    song = drum_song("synth", PATTERNS["bass in eighths"], beat_times((96, 96), 40), SEED)
    found = track_beats(song.y, SAMPLE_RATE)
    nearest = np.array([min(found.beats_s - beat, key=abs) for beat in song.beats_s])
    assert np.median(np.abs(nearest)) < 0.01
    assert f_measure(found.downbeats_s, song.downbeats_s) >= 0.9


@pytest.mark.slow
def test_beats_of_the_demo_songs_are_found():
    from demo.music import SAMPLE_RATE as DEMO_RATE
    from demo.music import mix
    from demo.score import beats_s
    from demo.song_list import SONGS

    for song in SONGS:
        found = track_beats(mix(song).mean(axis=1).astype(np.float32), DEMO_RATE)
        assert f_measure(found.beats_s, beats_s(song)) >= 0.95, song.id


def test_phase_runs_from_beat_to_beat_and_on_beyond_the_first_and_last():
    found = phase(np.array([1.0, 1.5, 2.5]), 120)
    assert found[30] == 0.0
    assert found[45] == 0.0
    assert found[60] == pytest.approx(0.5)
    assert found[0] == 0.0  # two beats of half a second earlier
    assert found[90] == pytest.approx(0.5)  # the last interval was a second
    assert ((found >= 0) & (found < 1)).all()
    assert not phase(np.array([1.0]), 10).any()


def test_edge_features_have_a_row_per_frame_and_marks_for_peaks_and_beats():
    song = drum_song("rock", PATTERNS["rock"], beat_times((120, 120), 10), SEED)
    rows = edge_features(song.y, SAMPLE_RATE)
    assert rows.shape == (1 + len(song.y) * 15360 // SAMPLE_RATE // 512, 35)
    assert set(np.unique(rows[:, 33:])) == {0.0, 1.0}
