"""The same text always has the same states, and every token knows when its word is sung."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.features import text as lyrics_embeddings
from justlmd.features.text import compat_projection, embed, read_text_states, text_states, write_text_states
from justlmd.lyrics.lrc import parse_lrc

FIRST = parse_lrc(b"[00:01.00]Paper star, unfolding slowly\n[00:05.00]round and round\n[00:08.00]", "first.lrc")
SECOND = parse_lrc(b"[00:11.00]round and round\n[00:14.00]something else entirely\n[00:18.00]", "second.lrc")


@pytest.fixture(scope="module")
def embedded():
    return embed([FIRST, SECOND])


def test_the_same_line_has_the_same_states_in_every_song_and_in_every_company(embedded):
    first, second = embedded
    of_first = first["token_states"][first["token_lines"] == 1]
    of_second = second["token_states"][second["token_lines"] == 0]
    assert np.array_equal(of_first, of_second)
    again = embed([FIRST])[0]
    assert all(np.array_equal(again[name], first[name]) for name in first)


def test_tokens_carry_the_interval_of_their_word(embedded):
    first = embedded[0]
    line = FIRST.sung[0]
    for number, word in enumerate(line.words):
        rows = (first["token_lines"] == 0) & (first["token_words"] == number)
        assert rows.any()
        np.testing.assert_allclose(first["token_times"][rows], [[word.start_s, word.end_s]] * rows.sum())
    special = (first["token_lines"] == 0) & (first["token_words"] < 0)
    assert special.sum() == 2
    np.testing.assert_allclose(first["token_times"][special], [[line.start_s, line.end_s]] * 2)


def test_shapes_agree_and_the_encoder_is_named(embedded):
    for arrays in embedded:
        n = len(arrays["token_ids"])
        assert arrays["token_states"].shape == (n, arrays["dimension"]) == (n, 384)
        assert arrays["token_states"].dtype == np.float32
        assert arrays["encoder"] == "all-MiniLM-L6-v2"
        assert arrays["line_states"].shape == (2, 384)


def test_meaning_shows_lines_of_like_words_are_nearer_than_unlike_ones():
    texts = b"[00:01]a cat sits on a chair\n[00:05]a kitten sleeps on the seat\n[00:09]engines roar in tunnels\n[00:12]"
    states = embed([parse_lrc(texts, "a.lrc")])[0]["line_states"]
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    similarity = unit @ unit.T
    assert similarity[0, 1] > similarity[0, 2] + 0.2


def test_states_kept_by_a_batch_give_the_same_bytes_without_loading_the_encoder(tmp_path, embedded, monkeypatch):
    texts = [line.text for lyrics in (FIRST, SECOND) for line in lyrics.sung]
    path = tmp_path / "text_states.npz"
    write_text_states(path, text_states(texts), "minilm")
    assert read_text_states(path, "another-encoder") == {}
    assert read_text_states(tmp_path / "nowhere.npz", "minilm") == {}
    monkeypatch.setattr(lyrics_embeddings, "_load", lambda *_: pytest.fail("the encoder was loaded"))
    for lyrics, alone in zip((FIRST, SECOND), embedded, strict=True):
        (again,) = embed([lyrics], known=read_text_states(path, "minilm"))
        assert set(again) == set(alone)
        assert all(np.array_equal(again[name], alone[name]) for name in alone)


def test_the_text_tower_of_a_clip_is_an_encoder(tmp_path):
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    text = small | {"vocab_size": len(words), "bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1}
    config = CLIPConfig(text_config=text, vision_config=small | {"image_size": 8, "patch_size": 4}, projection_dim=8)
    CLIPModel(config).save_pretrained(tmp_path)
    CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=[]).save_pretrained(tmp_path)
    (arrays,) = embed([SECOND], str(tmp_path))
    assert arrays["dimension"] == 16
    assert arrays["encoder"] == tmp_path.name
    assert set(arrays["token_words"]) == {-1, 0, 1, 2}
    assert len(arrays["token_ids"]) == len("roundandround") + len("somethingelseentirely") + 4


def test_the_compat_projection_has_the_size_of_audio_features_and_never_changes(embedded):
    states = embedded[0]["token_states"]
    projected = compat_projection(states)
    assert projected.shape == (180, 128)
    assert projected.dtype == np.float32
    assert np.array_equal(projected, compat_projection(states.copy()))
    assert not np.allclose(projected, compat_projection(states, seed=1))


def test_an_encoder_that_cannot_be_had_is_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"cannot be loaded.*minilm"):
        embed([FIRST], str(tmp_path))


def test_weights_that_would_have_to_be_unpickled_are_refused(tmp_path):
    import json

    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 8}))
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(InputError, match="cannot be loaded"):
        embed([FIRST], str(tmp_path))


@pytest.mark.workflow
def test_a_batch_loads_the_encoder_once_and_single_songs_stay_single(repo, tmp_path):
    for name in ("rules", "workflow_scripts", "envs", "report", "justlmd", "model/configs"):
        shutil.copytree(repo / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(repo / name, tmp_path / name)
    (tmp_path / "good.lrc").write_text("[00:01.00]paper star\n[00:04.00]round and round\n[00:08.00]\n")
    rows = ["a\tx.mp4\tgood.lrc", "b\tx.mp4\tgood.lrc", "broken\tx.mp4\tnone.lrc"]
    (tmp_path / "songs.tsv").write_text("\n".join(["id\turl\tlyrics", *rows]) + "\n")

    def run(*targets: str) -> str:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--keep-going", *targets]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert "none.lrc" in run(*(f"results/songs/{song}/lyrics.json" for song in ("a", "b", "broken")))
    assert "2 different lines of 2 songs" in run("results/text_states.npz")
    targets = [f"results/songs/{song}/lyrics_embeddings.npz" for song in ("a", "b")]
    assert "2 of 2 steps (100%) done" in run(*targets)
    first = (tmp_path / targets[0]).read_bytes()
    (tmp_path / "results/text_states.npz").unlink()
    assert "Nothing to be done" in run(targets[0])
    assert "1 of 1 steps (100%) done" in run(targets[0], "--forcerun", "lyrics_embeddings")
    assert (tmp_path / targets[0]).read_bytes() == first
