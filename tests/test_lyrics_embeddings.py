"""The same text always has the same states, and every token knows when its word is sung."""

import numpy as np
import pytest

from justlmd.errors import InputError
from justlmd.lrc import parse_lrc
from justlmd.lyrics_embeddings import embed

FIRST = parse_lrc(b"[00:01.00]Paper star, unfolding slowly\n[00:05.00]round and round\n[00:08.00]", "first.lrc")
SECOND = parse_lrc(b"[00:11.00]round and round\n[00:14.00]something else entirely\n[00:18.00]", "second.lrc")


@pytest.fixture(scope="module")
def embedded():
    return embed([FIRST, SECOND])


def test_the_same_line_has_the_same_states_in_every_song_and_in_every_company(embedded):
    first, second = embedded
    of_first = first["token_states"][first["token_lines"] == 1]
    of_second = second["token_states"][second["token_lines"] == 0]
    np.testing.assert_allclose(of_first, of_second, atol=2e-6)
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
