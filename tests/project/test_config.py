"""Every value of the configuration, changed for the worse, is one line that names its key."""

import copy
from typing import Any

import pytest
import yaml
from wrong_values import WRONG_VALUES

from justlmd.core.errors import InputError
from justlmd.project.config import Config, parse_config
from justlmd.project.preflight import check_files, check_ids


@pytest.fixture(scope="session")
def shipped(repo) -> dict[str, Any]:
    return yaml.safe_load((repo / "config.yaml").read_text(encoding="utf-8"))


def leaves(value: Any, path: tuple = ()) -> list[tuple]:
    """Paths of all values that are no mappings with content."""
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    return [path]


def changed(content: dict[str, Any], path: tuple, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(content)
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return result


def value_at(content: Any, path: tuple) -> Any:
    for key in path:
        content = content[key]
    return content


def faults(content: dict[str, Any]) -> list[str]:
    """The lines of the error; none when the configuration is accepted."""
    try:
        parse_config(content, "mine.yaml")
    except InputError as error:
        return str(error).split("\n")
    return []


def test_the_shipped_configuration_holds_the_defaults(shipped):
    assert parse_config(shipped) == Config() == parse_config({}) == parse_config(None)


WRONG: list[Any] = [*WRONG_VALUES, [[]], {"unheard_of": 1}, object()]


FREE_TEXT = {
    "lyrics.alignment",
    "lyrics.whisper_model",
    "features.text_encoder",
    "songs",
    "generate.table",
    "generate.character",
    "generate.repertoire",
    "publish.contact",
}
"""Keys whose text may be anything: a name, or a path that is looked for afterwards."""

FREE_SECTIONS = ("body_model", "download.", "mmpose.", "easymocap.", "models.", "export.blender_python")

SWITCHES = {"plan_songs", "download.allow_private_addresses", "features.edge35", "export.in_place", "export.mirror"}


def accepted(key: str, default: Any, wrong: Any) -> bool:
    """Whether ``wrong`` has a meaning there: "" for none, a name or path, true for a switch."""
    if isinstance(wrong, str):
        may_be_empty = default == ""
        free = key in FREE_TEXT or key.startswith(FREE_SECTIONS)
        return isinstance(default, str) and (may_be_empty if not wrong else free and len(wrong) <= 4096)
    return (wrong is True and key in SWITCHES) or (type(wrong) is int and wrong == -1 and key in SIGNED)


SIGNED = {"lyrics.offset_sign", "pitch"}


def test_every_leaf_refuses_what_it_cannot_mean_in_one_line_with_its_key(shipped):
    refused = 0
    for path in leaves(shipped):
        key, default = ".".join(path), value_at(shipped, path)
        for wrong in WRONG:
            lines = faults(changed(shipped, path, wrong))
            assert bool(lines) != accepted(key, default, wrong), (key, wrong, lines)
            for line in lines:
                assert line.startswith((f"mine.yaml: {key}: ", f"mine.yaml: {key}.")) and len(line) < 600, line
            refused += bool(lines)
    assert refused > 400


def test_an_unknown_key_beside_every_leaf_is_named_with_those_that_exist(shipped):
    for path in leaves(shipped):
        if path[0] == "models" and len(path) == 2:
            continue
        (line,) = faults(changed(shipped, (*path[:-1], "unheard_of"), 1))
        assert "unheard_of" in line and ("unknown key" in line or "must be" in line), line


def test_each_section_may_be_left_out_but_is_no_text_number_or_null(shipped):
    for section, content in shipped.items():
        rest = {key: value for key, value in shipped.items() if key != section}
        assert parse_config(rest) == Config()
        if isinstance(content, dict):
            for wrong in (None, 3, "x", []):
                (line,) = faults(shipped | {section: wrong})
                assert line.startswith(f"mine.yaml: {section}: ") and "keys and values" in line


def test_all_faults_are_named_at_once_and_a_flood_of_them_is_cut_short():
    lines = faults({"lyrics": {"stride": 0}, "focal": -1})
    assert [line.split(": ")[1] for line in lines] == ["lyrics.stride", "focal"]
    lines = faults({f"key{number}": 1 for number in range(100)})
    assert len(lines) == 21 and lines[-1] == "mine.yaml: and 80 more faults"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"quality": {"sharpness": 1}}, "no threshold 'sharpness'; the thresholds are detection_rate"),
        ({"quality": {"cuts": -1}}, "quality.cuts: -1 must be greater than or equal to 0"),
        ({"generate": {"model": "v9"}}, "mine.yaml: generate.model: 'v9' is not one of the models v2, v3"),
        ({"models": {"../x": {"config": "a.yaml"}}}, "'../x' must be a name of at most 40"),
        ({"models": {"v3": {}}}, "models.v3.config: is missing"),
        ({"features": {"learned": {"mert": "mert/a.npy"}}}, "{song}"),
        ({"features": {"text_encoders": {"Spanish": "x"}}}, "a language code such as en"),
        ({"generate": {"songs": "all"}}, "'all' must be 'auto' or a list"),
        (
            {"dataset": {"val_fraction": 0.5, "test_fraction": 0.5}},
            "mine.yaml: dataset: val_fraction 0.5 and test_fraction 0.5 must",
        ),
        ({"download": {"pause": "1e-3"}}, "download.pause: '1e-3' must be a number; write 0.001 in the file"),
        ({"evaluation": {"seed": "7"}}, "evaluation.seed: '7' must be a whole number; write 7 in the file"),
        ({"lyrics": {"provider": "file:///etc/passwd"}}, "http:// or https://"),
    ],
)
def test_what_does_not_fit_together_is_explained(content, words):
    (line,) = faults(content)
    assert words in line


def test_numbers_and_switches_within_sections_may_be_given_on_the_command_line():
    """Snakemake makes text of whatever stands within braces of ``--config``."""
    given = {
        "quality": {"uncertainty": "80"},
        "export": {"fps": "24"},
        "generate": {"samples": "2", "guidance": {"lyrics": "2.5"}},
        "download": {"attempts": "3", "pause": "1e-3", "allow_private_addresses": "true"},
        "lyrics": {"offset_sign": "1"},
        "exclude": ["1985"],
    }
    config = parse_config(given, on_command_line=given)
    assert config.quality == {"uncertainty": 80} and config.export.fps == 24
    assert config.generate.samples == 2 and config.generate.guidance.lyrics == 2.5
    assert config.download.attempts == 3 and config.download.pause == 0.001
    assert config.download.allow_private_addresses is True and config.lyrics.offset_sign == 1
    assert config.exclude == ("1985",)  # an id stays text
    assert len(faults(given)) == 8  # in a file the same is refused


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"export": {"fps": "25"}}, "config: export.fps: 25 must be 20, 24, 30 or 60"),
        ({"lyrics": {"stride": "nan"}}, "config: lyrics.stride: nan must be a finite number"),
        ({"quality": {"uncertainty": "much"}}, "config: quality.uncertainty: 'much' must be a number"),
        ({"quality": "80"}, "config: quality: 80 must be keys and values"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_refused_as_in_a_file(given, line):
    with pytest.raises(InputError) as caught:
        parse_config(given, on_command_line=given)
    assert str(caught.value).startswith(line)


def test_files_and_songs_that_do_not_exist_are_named(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = parse_config({"body_model": "smpl.pkl", "lyrics": {"alignment": "models/ctc"}}).model_dump(mode="json")
    with pytest.raises(InputError) as caught:
        check_files(config)
    lines = str(caught.value).split("\n")
    for key in ("songs", "body_model", "models.v2.config", "models.v3.config", "lyrics.alignment"):
        assert sum(f"config '{key}': " in line for line in lines) == 1
    config = parse_config({"keep": ["a", "b"], "generate": {"songs": ["c", "d"]}}).model_dump(mode="json")
    with pytest.raises(InputError) as caught:
        check_ids(config, ["a"], ["c"])
    assert str(caught.value).split("\n") == [
        "config 'keep': there is no song 'b' in songs.tsv",
        "config 'generate.songs': there is no song 'd' in songs.tsv",
    ]
