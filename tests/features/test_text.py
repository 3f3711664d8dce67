"""The same text always has the same states, and every token knows when its word is sung."""

import re
import subprocess
import sys

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.features import text, text_encoder
from justlmd.features.text import (
    MINILM,
    EncodedLyrics,
    read_text_states,
    song_embeddings,
    stored_text_states,
    sung_texts,
    write_text_states,
)
from justlmd.features.text_encoder import embed, encode_missing
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


LINES = [(MINILM, line.text) for lyrics in (FIRST, SECOND) for line in lyrics.sung]


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "text_states.npz"
    write_text_states(path, encode_missing(LINES, {}))
    return path


def test_stored_states_give_the_same_arrays_as_encoding_a_song_by_itself(store, embedded):
    for lyrics, alone in zip((FIRST, SECOND), embedded, strict=True):
        wanted = {(MINILM, line.text) for line in lyrics.sung}
        states = read_text_states(store, wanted)
        assert states.keys() == wanted
        again = song_embeddings(lyrics, states)
        assert set(again) == set(alone)
        assert all(np.array_equal(again[name], alone[name]) for name in alone)


def test_the_order_of_runs_does_not_show_in_the_store(store, tmp_path):
    grown = tmp_path / "grown.npz"
    for lines in (LINES[2:], LINES[1:], LINES):
        write_text_states(grown, encode_missing(lines, stored_text_states(grown)))
    assert grown.read_bytes() == store.read_bytes()


def test_a_store_of_several_blocks_and_encoders_gives_each_text_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 3)
    rng = np.random.default_rng(0)
    states = {
        (encoder, f"line {n}"): (np.full((n % 4 + 1, 3), n, np.int32), rng.random((n % 4 + 1, width), np.float32))
        for encoder, width in (("large", 5), ("small", 2))
        for n in range(8)
    }
    path = tmp_path / "blocks.npz"
    write_text_states(path, states)
    wanted = {("large", "line 2"), ("large", "line 3"), ("small", "line 7"), ("small", "never stored")}
    for found, keys in ((read_text_states(path), states), (read_text_states(path, wanted), wanted & states.keys())):
        assert found.keys() == set(keys)
        for key in keys:
            assert all(np.array_equal(one, other) for one, other in zip(found[key], states[key], strict=True))
    assert EncodedLyrics(path).texts == set(states)


def test_lines_that_are_stored_are_not_encoded_again_and_unused_ones_go(store, monkeypatch):
    known = read_text_states(store)
    encoded = []
    monkeypatch.setattr(text_encoder, "encode", lambda texts, encoder: encoded.extend(texts) or {})
    found = encode_missing(LINES[:1], known)
    assert encoded == []
    assert found == {LINES[0]: known[LINES[0]]}
    with pytest.raises(KeyError):
        encode_missing([*LINES, (MINILM, "new"), ("another", LINES[0][1])], known)
    assert encoded == [LINES[0][1], "new"]  # what another encoder says of a line is another matter


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", None])
def test_a_damaged_store_is_left_aside_with_a_note(content, store, capsys):
    whole = store.read_bytes()
    store.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert stored_text_states(store) == {}
    assert f"encoded anew: {store}: " in capsys.readouterr().out
    with pytest.raises(InputError, match="delete it and run again"):
        read_text_states(store)


def test_a_store_with_arrays_of_unequal_lengths_is_damaged(store):
    tokens, rows = read_text_states(store)[LINES[0]]
    write_text_states(store, {LINES[0]: (tokens, rows[1:])})
    assert stored_text_states(store) == {}


def test_there_is_nothing_to_say_about_a_store_that_is_not_there(tmp_path, capsys):
    assert stored_text_states(tmp_path / "none.npz") == {}
    assert capsys.readouterr().out == ""


def test_a_line_that_is_not_stored_is_named(store):
    states = read_text_states(store, {LINES[0]})
    with pytest.raises(InputError, match="'round and round' is not encoded by minilm"):
        song_embeddings(FIRST, states)


def test_the_texts_are_those_of_the_sung_lines_and_a_faulty_file_holds_up_no_other(tmp_path, capsys):
    good, bad = tmp_path / "good.lrc", tmp_path / "bad.lrc"
    good.write_text("[00:00.00]Words: N. N.\n[00:01.00]paper star\n[00:04.00]paper star\n[00:08.00]\n")
    bad.write_text("no stamps")
    found = sung_texts([good, bad, good], ["x", "x", "y"], -1)
    assert set().union(*found.values()) == {("x", "paper star"), ("y", "paper star")}
    assert len(found) == 2  # what another encoder reads of a file is known apart
    assert "bad.lrc" in capsys.readouterr().out


def test_a_file_is_known_by_its_digest_or_by_its_lines(tmp_path):
    song, store = tmp_path / "song.lrc", tmp_path / "text_states.npz"
    song.write_text("[00:01.00]paper star\n[00:04.00]round\n[00:08.00]\n")
    one = (np.zeros((1, 3), np.int32), np.zeros((1, 2), np.float32))
    states = {("x", "paper star"): one, ("x", "round"): one}
    files = sung_texts([song], ["x"], -1)
    assert list(files.values()) == [set(states)]
    write_text_states(store, states, files)
    stored = EncodedLyrics(store)
    assert (stored.files, stored.texts) == (set(files), set(states))
    by_lines = EncodedLyrics(store)
    by_lines.files = set()
    by_digest = EncodedLyrics(store)
    by_digest.texts = set()
    for known in (stored, by_lines, by_digest):
        assert known.have(song, "x", -1)
        assert not known.have(song, "y", -1)
    assert not by_digest.have(song, "x", 1)
    song.write_text("[00:02.00]round\n[00:08.00]\n")
    assert stored.have(song, "x", -1) and not by_digest.have(song, "x", -1)
    song.write_text("[00:02.00]rounder\n[00:08.00]\n")
    assert not stored.have(song, "x", -1)
    assert not EncodedLyrics(tmp_path / "none.npz").have(song, "x", -1)


def test_a_store_of_an_earlier_version_knows_lines_but_no_files(store):
    with np.load(store) as arrays:
        np.savez(store, **{name: array for name, array in arrays.items() if name != "files"})
    stored = EncodedLyrics(store)
    assert (stored.files, stored.texts) == (set(), set(LINES))


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


@pytest.fixture
def work(repo, tmp_path):
    """A folder with two songs of the same lyrics and one whose lyrics are missing."""
    (tmp_path / "good.lrc").write_text("[00:01.00]paper star\n[00:04.00]round and round\n[00:08.00]\n")
    (tmp_path / "other.lrc").write_text("[00:01.00]round and round\n[00:04.00]something else\n[00:08.00]\n")
    rows = ["id\turl\tlyrics\tmotion"]  # without a video no word is heard, so that the text is all there is to do
    rows += [f"{song}\t\t{lyrics}.lrc\tx.json" for song, lyrics in (("a", "good"), ("b", "good"), ("c", "none"))]
    (tmp_path / "songs.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "config.yaml").write_text("songs: songs.tsv\n")
    return tmp_path


def snakemake(repo, work, *arguments: str) -> str:
    place = ("-s", str(repo / "Snakefile"), "--directory", str(work), "--configfile", str(work / "config.yaml"))
    command = [sys.executable, "-m", "snakemake", *place, "--cores", "1", *arguments]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def run(repo, work, *arguments: str) -> list[tuple[str, str]]:
    """Stage and song of each job that was done; of ``text_states`` what it said."""
    said = snakemake(repo, work, *arguments).splitlines()
    done = [re.split(r"  +", line) for line in said if line.startswith("done ")]
    return sorted((stage, result if stage == "text_states" else song) for _, song, stage, _, result in done)


def states_of(song: str) -> str:
    return f"results/songs/{song}/lyrics_embeddings.npz"


@pytest.mark.workflow
def test_a_table_with_a_language_that_the_encoder_does_not_read_is_refused_before_any_job(repo, work):
    (work / "songs.tsv").write_text("id\turl\tlyrics\tlanguage\na\tx.mp4\tgood.lrc\tzh\n")
    place = ("-s", str(repo / "Snakefile"), "--directory", str(work), "--configfile", str(work / "config.yaml"))
    command = [sys.executable, "-m", "snakemake", *place, "--dry-run", states_of("a")]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode != 0
    assert "minilm does not read 'zh' (a); set features.text_encoder to multilingual" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.workflow
@pytest.mark.slow
def test_a_new_song_costs_its_own_lines_and_one_lookup(repo, work):
    encoded = ("text_states", "2 different lines, 2 of them new")
    assert run(repo, work, states_of("a")) == [("lyrics", "a"), ("lyrics_embeddings", "a"), encoded]
    assert run(repo, work, states_of("b")) == [("lyrics", "b"), ("lyrics_embeddings", "b")]
    first = (work / states_of("a")).read_bytes()
    assert first == (work / states_of("b")).read_bytes()
    with (work / "songs.tsv").open("a") as table:
        table.write("d\t\tother.lrc\tx.json\n")
    encoded = ("text_states", "3 different lines, 1 of them new")
    assert run(repo, work, states_of("a"), states_of("d")) == [("lyrics", "d"), ("lyrics_embeddings", "d"), encoded]
    assert run(repo, work, *map(states_of, "abd")) == []
    (work / "other.lrc").write_text("[00:01.00]round and round\n[00:08.00]\n")
    assert run(repo, work, *map(states_of, "ad")) == [("lyrics", "d"), ("lyrics_embeddings", "d")]
    (work / "other.lrc").write_text("[00:01.00]round and round and up\n[00:08.00]\n")
    encoded = ("text_states", "3 different lines, 1 of them new")
    assert run(repo, work, *map(states_of, "ad")) == [("lyrics", "d"), ("lyrics_embeddings", "d"), encoded]
    (work / states_of("a")).unlink()
    with (work / "songs.tsv").open("a") as table:
        table.write("e\t\tnew.lrc\tx.json\n")
    (work / "new.lrc").write_text("[00:01.00]one more\n[00:08.00]\n")
    wanted = [("lyrics", "e"), ("lyrics_embeddings", "a"), ("lyrics_embeddings", "e")]
    assert [job for job in run(repo, work, *map(states_of, "ae")) if job[0] != "text_states"] == wanted
    another = ("--config", "features={text_encoder: another}")
    said = snakemake(repo, work, *map(states_of, "ad"), "--dry-run", "--quiet", "host", *another)
    planned = dict(re.findall(r"^(\w+) +(\d)$", said, re.MULTILINE))
    assert planned == {"lyrics_embeddings": "2", "text_states": "1", "total": "3"}
