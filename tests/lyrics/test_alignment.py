"""Words get the times at which they are sung; truth: made songs, a real song's syllables, paths by brute force."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from demo.music import SAMPLE_RATE, mix
from demo.random_songs import random_song
from demo.score import lines as true_lines
from demo.score import lrc
from justlmd.core.errors import InputError
from justlmd.lyrics.alignment import SR, align, aligned_with, centre, ctc_aligner, ctc_path, pocketsphinx_aligner
from justlmd.lyrics.document import Lyrics
from justlmd.lyrics.lrc import parse_lrc
from justlmd.media.audio import read_audio

FRESH = 71


def sung(seed: int) -> tuple[Lyrics, np.ndarray, list[float]]:
    """Lyrics, the middle of the sound at 16 kHz, and the true start of every word."""
    import librosa

    song = random_song(seed)
    sound = librosa.resample(mix(song).T.astype(np.float32), orig_sr=SAMPLE_RATE, target_sr=SR)
    return (
        parse_lrc(lrc(song).encode(), song.id),
        centre(sound),
        [word.start for line in true_lines(song) for word in line.words],
    )


def errors_s(lyrics: Lyrics, true_starts: list[float]) -> np.ndarray:
    return np.abs(np.array([word.start_s for word in lyrics.words]) - true_starts)


def assert_in_order(lyrics: Lyrics) -> None:
    for line in lyrics.lines:
        times = [t for word in line.words for t in (word.start_s, word.end_s)]
        assert times == sorted(times)
        assert not times or line.start_s <= times[0] <= times[-1] <= line.end_s


def test_pocketsphinx_hears_the_words_of_a_made_song_better_than_interpolation_guesses_them():
    lyrics, voice, truth = sung(FRESH)
    aligned = align(lyrics, voice, pocketsphinx_aligner())
    assert [line.text for line in aligned.lines] == [line.text for line in lyrics.lines]
    assert_in_order(aligned)
    assert {line.timing for line in aligned.sung} <= {"aligned", "interpolated"}
    assert np.median(errors_s(aligned, truth)) < 0.5 * np.median(errors_s(lyrics, truth))
    assert align(lyrics, voice, pocketsphinx_aligner()) == aligned


@pytest.mark.slow
def test_pocketsphinx_hears_the_words_of_a_real_song(shared_data):
    folder = shared_data / "songs" / "joshua_morin_on_the_run"
    lyrics = parse_lrc((folder / "joshua_morin_on_the_run.lrc").read_bytes(), "on_the_run")
    truth = [
        start
        for line in json.loads((folder / "lines.json").read_text())
        for number, (start, _, text) in enumerate(line["syl"])
        if number == 0 or text.startswith(" ")
    ]
    aligned = aligned_with("pocketsphinx", lyrics, folder / "audio.ogg", "en")
    assert np.median(errors_s(aligned, truth)) < 0.1 < np.median(errors_s(lyrics, truth))


def test_lines_with_unknown_words_silence_or_word_stamps_keep_their_times():
    aligner = pocketsphinx_aligner()
    silence = np.zeros(20 * SR, np.float32)
    lyrics = parse_lrc(b"[00:01.00]xyzzyx qwrtz\n[00:04.00]<00:04.00>one <00:05.00>two<00:06.00>\n[00:08.00]", "x")
    aligned = align(lyrics, silence, aligner)
    assert aligned.lines == lyrics.lines
    assert aligned.warnings == (*lyrics.warnings, "1 of 1 lines could not be aligned; their words are interpolated")
    outside = parse_lrc(b"[00:30.00]far beyond the sound\n[00:33.00]", "x")
    assert align(outside, silence, aligner).lines == outside.lines


def test_pocketsphinx_leaves_other_languages_alone(tmp_path):
    lyrics = parse_lrc(b"[00:01.00]hola mi amor\n[00:04.00]", "x")
    left = aligned_with("pocketsphinx", lyrics, tmp_path / "never_read.wav", "es")
    assert left.lines == lyrics.lines
    assert "English only" in left.warnings[-1]


def test_times_outside_the_line_are_brought_into_it_and_unsure_ones_not_used():
    lyrics = parse_lrc(b"[00:01.00]one two three\n[00:04.00]", "x")
    voice = np.zeros(5 * SR)
    wild = [(0.0, 0.5), (0.4, 9.0), (9.0, 9.5)]
    aligned = align(lyrics, voice, lambda sound, words: (wild, 0.9))
    assert_in_order(aligned)
    assert aligned.timing == "aligned"
    assert align(lyrics, voice, lambda sound, words: (wild, 0.4)).lines == lyrics.lines


def by_brute_force(log_probs: np.ndarray, labels: list[int], blank: int) -> float:
    """Log probability of the best path, from all sequences of classes that collapse to the labels."""
    best = -np.inf
    for classes in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        collapsed = [c for number, c in enumerate(classes) if number == 0 or c != classes[number - 1]]
        if [c for c in collapsed if c != blank] == labels:
            best = max(best, float(log_probs[np.arange(len(classes)), classes].sum()))
    return best


@pytest.mark.parametrize("labels", [[1], [1, 2], [1, 1], [2, 1, 2], [1, 1, 1], [1, 2, 2]])
def test_the_path_is_the_most_probable_of_all(labels):
    rng = np.random.default_rng(len(labels))
    for _ in range(5):
        log_probs = np.log(rng.dirichlet(np.ones(3), size=6))
        path = ctc_path(log_probs, labels, blank=0)
        classes = [labels[place] if place >= 0 else 0 for place in path]
        assert [place for place, _ in itertools.groupby(path) if place >= 0] == list(range(len(labels)))
        assert log_probs[np.arange(6), classes].sum() == pytest.approx(by_brute_force(log_probs, labels, 0))


def test_there_is_no_path_through_fewer_frames_than_labels():
    assert ctc_path(np.log(np.full((3, 3), 1 / 3)), [1, 1, 1], blank=0) is None


@pytest.fixture
def ctc_folder(tmp_path):
    """A folder in the format of real checkpoints: a tiny random wav2vec 2.0 and a vocabulary of letters."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    (tmp_path / "letters.json").write_text(json.dumps({letter: number for number, letter in enumerate(letters)}))
    folder = tmp_path / "ctc"
    Wav2Vec2CTCTokenizer(str(tmp_path / "letters.json")).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, pad_token_id=0,
    )  # fmt: skip
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


def test_a_ctc_model_from_a_folder_gives_every_word_its_interval(ctc_folder):
    sound = 0.1 * np.random.default_rng(0).standard_normal(3 * SR).astype(np.float32)
    times, confidence = ctc_aligner(ctc_folder)(sound, ["So", "far,", "away"])
    flat = [t for interval in times for t in interval]
    assert len(times) == 3 and flat == sorted(flat)
    assert flat[0] >= 0 and flat[-1] <= 3.0
    assert 0 < confidence < 0.5  # random weights are not confident
    assert ctc_aligner(ctc_folder)(sound, ["我", "far"]) is None
    assert ctc_aligner(ctc_folder)(sound[: SR // 5], ["incomprehensibilities"] * 3) is None


def test_words_of_a_confident_ctc_model_become_the_lines(ctc_folder):
    lyrics = parse_lrc(b"[00:01.00]so far away\n[00:03.00]", "x")
    voice = 0.1 * np.random.default_rng(1).standard_normal(4 * SR).astype(np.float32)
    aligner = ctc_aligner(ctc_folder)

    def confident(sound, words):
        found = aligner(sound, words)
        return None if found is None else (found[0], 1.0)

    aligned = align(lyrics, voice, confident)
    assert aligned.timing == "aligned"
    assert_in_order(aligned)
    assert replace(aligned, lines=lyrics.lines) == lyrics


def test_a_folder_without_a_model_is_refused_by_name(tmp_path):
    for folder, what in ((tmp_path / "nowhere", "no such folder"), (tmp_path, "no CTC model")):
        with pytest.raises(InputError, match=what) as error:
            ctc_aligner(folder)
        assert str(folder) in str(error.value)


def test_only_the_middle_of_the_stereo_image_is_left():
    t = np.arange(2 * SR) / SR
    voice, left = np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 1000 * t)
    heard = centre(np.stack([voice + left, voice]).astype(np.float32))
    spectrum = np.abs(np.fft.rfft(heard))
    assert spectrum[2 * 1000] < 0.1 * spectrum[2 * 300]


def test_sound_at_another_rate_is_read_at_ours(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros((44100, 2)), 44100)
    assert read_audio(tmp_path / "a.wav", SR, 2).shape == (2, SR)
