"""Encoders that do not read a song's language are refused; one for many languages; long lines; hubs that are away."""

import re
import urllib.error
import urllib.request

import numpy as np
import pytest

from benchmarks.lyrics_files import TRANSLATIONS
from justlmd.core.errors import InputError
from justlmd.features.text import MINILM, MULTILINGUAL, UNKNOWN_TOKEN, TextStates, song_embeddings
from justlmd.features.text_encoder import embed, encode
from justlmd.features.text_languages import check_known, check_languages, unknown_share
from justlmd.lyrics.lrc import parse_lrc


def lyrics(texts):
    rows = [f"[00:{10 + 4 * number:02d}.00]{text}" for number, text in enumerate(texts)]
    return parse_lrc("\n".join(rows).encode(), "song.lrc")


def features(encoder=MINILM, **text_encoders):
    return {"text_encoder": encoder, "text_encoders": text_encoders}


def songs(*languages):
    return {f"song{n}": code for n, code in enumerate(languages)}


def test_an_encoder_of_another_language_is_refused_before_any_job_with_the_next_step():
    check_languages(songs("en", "en-GB", ""), features())
    with pytest.raises(InputError) as caught:
        check_languages(songs("en", "zh-TW", "es", "es"), features())
    chinese, spanish, _ = str(caught.value).splitlines()
    assert "minilm does not read 'zh-TW' (song1); set features.text_encoder to multilingual" in chinese
    assert "(song2, song3)" in spanish
    with pytest.raises(InputError, match=r"bert-base-uncased does not read 'fr'"):
        check_languages(songs("fr"), features("bert-base-uncased"))
    with pytest.raises(InputError, match=r"multilingual does not read 'hi' .* folder or name of a BERT"):
        check_languages(songs("hi"), features(MULTILINGUAL))


def test_an_encoder_that_is_named_for_the_language_or_of_which_nothing_is_known_is_taken():
    check_languages(songs("es"), features(es=MINILM))
    check_languages(songs(*TRANSLATIONS), features(MULTILINGUAL))
    check_languages(songs(*TRANSLATIONS), features("bert-base-multilingual-cased"))


@pytest.mark.parametrize(
    ("code", "what"), [("zh", "tokens are unknown"), ("ja", "letters are not Latin"), ("ko", "letters are not Latin")]
)
def test_songs_whose_words_the_encoder_does_not_know_are_refused_whatever_the_table_says(code, what):
    song = lyrics(TRANSLATIONS[code])
    (arrays,) = embed([song])
    with pytest.raises(InputError, match=f"text encoder minilm: .* lyrics' .*(?:{what}|not Latin)"):
        check_known(arrays, TRANSLATIONS[code], MINILM)


def test_unknown_tokens_are_marked_and_their_share_counts_words_only():
    (arrays,) = embed([lyrics(["my heart 爱"])])
    unknown = arrays["token_ids"] == UNKNOWN_TOKEN
    assert arrays["token_words"][unknown].tolist() == [2]
    assert unknown_share(arrays) == pytest.approx(1 / 3)
    (english,) = embed([lyrics(TRANSLATIONS["en"])])
    assert unknown_share(english) == 0.0
    check_known(english, TRANSLATIONS["en"], MINILM)


@pytest.fixture(scope="module")
def translated() -> TextStates:
    return encode((text for texts in TRANSLATIONS.values() for text in texts), MULTILINGUAL)


def test_translations_are_nearer_than_strangers_to_the_multilingual_encoder(translated):
    lines = {
        code: np.stack([translated[MULTILINGUAL, text][1][0] for text in row]) for code, row in TRANSLATIONS.items()
    }
    for code, vectors in lines.items():
        similarity = lines["en"] @ vectors.T
        assert similarity.argmax(1).tolist() == [0, 1, 2], code
        assert np.diag(similarity).min() > similarity[~np.eye(3, dtype=bool)].max(), code


def test_its_words_have_their_own_vectors_and_times_and_the_line_has_one(translated):
    song = lyrics(TRANSLATIONS["es"])
    arrays = song_embeddings(song, translated, MULTILINGUAL)
    assert arrays["dimension"] == 512
    assert arrays["token_states"].shape == (len(song.words) + 3, 512)
    assert arrays["token_words"][:7].tolist() == [-1, 0, 1, 2, 3, 4, 5]
    assert arrays["token_times"][1].tolist() == [song.words[0].start_s, song.words[0].end_s]
    assert arrays["token_times"][0].tolist() == [song.sung[0].start_s, song.sung[0].end_s]
    np.testing.assert_array_equal(arrays["line_states"], arrays["token_states"][arrays["token_words"] < 0])
    assert arrays["encoder"] == "universal-sentence-encoder-multilingual-3"
    assert unknown_share(arrays) == 0.0
    assert unknown_share(embed([lyrics(["मैं तुमसे प्यार करता हूँ"])], MULTILINGUAL)[0]) > 0.1


def test_korean_syllables_have_the_vector_of_their_word(translated):
    tokens, states = translated[MULTILINGUAL, "달이 바다를 비춘다"]
    assert len(tokens) == 1 + 2 + 3 + 3
    assert (tokens[:, 0] != UNKNOWN_TOKEN).all()
    assert np.array_equal(states[1], states[2])
    assert not np.array_equal(states[2], states[3])


def test_the_same_text_has_the_same_vectors_in_every_company(translated):
    text = TRANSLATIONS["fr"][1]
    alone = encode([text], MULTILINGUAL)[MULTILINGUAL, text]
    assert all(map(np.array_equal, alone, translated[MULTILINGUAL, text]))


def test_a_line_longer_than_the_context_is_read_in_windows_and_no_token_is_lost():
    words = [f"star{number}" for number in range(400)]
    long, short = " ".join(words), " ".join(words[:20])
    states = encode([long, short])
    tokens, rows = states[MINILM, long]
    assert len(tokens) == len(rows) > 1000
    assert (np.diff(tokens[1:-1, 1]) > 0).all()  # each token once, in order
    covered = {int(place) for _, first, last in tokens for place in range(first, last)}
    assert covered == {place for place, letter in enumerate(long) if letter != " "}
    assert (tokens[0, 0], tokens[-1, 0]) == (states[MINILM, short][0][0, 0], states[MINILM, short][0][-1, 0])
    (arrays,) = embed([lyrics([long])])
    assert set(arrays["token_words"]) == {-1, *range(400)}


def test_a_hub_that_does_not_answer_is_one_error_and_no_minute_of_retries(monkeypatch):
    asked = []

    def away(request, timeout):
        asked.append((request.get_method(), timeout))
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", away)
    with pytest.raises(InputError) as caught:
        encode(["x"], "nobody/no-such-encoder")
    assert asked == [("HEAD", 10)]
    message = str(caught.value)
    assert re.match(
        r"text encoder nobody/no-such-encoder: cannot be loaded \(there is no folder .* does not answer\);", message
    )
    assert "without a network use minilm (English) or multilingual" in message
    assert "\n" not in message
