"""What make setup compiles once is all that the workflow's scripts import."""

import sys

from tools.compile_once import import_all


def test_every_import_of_a_script_is_run_also_inside_functions_and_missing_ones_hold_up_none(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("first_of_script", "within_function", "last_of_script"):
        (tmp_path / f"{name}.py").write_text("value = 1\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import first_of_script\n"
        "def main():\n"
        "    from within_function import value\n"
        "    import of_another_environment\n"
        "    raise SystemExit('not run')\n"
        "from last_of_script import value\n"
    )
    import_all(script)
    for name in ("first_of_script", "within_function", "last_of_script"):
        assert sys.modules.pop(name).value == 1
