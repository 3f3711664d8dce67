"""The notebook of the docs runs from its first cell to its last on a small made-up data set."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.dataset.build import build_dataset
from justlmd.dataset.complete import complete_dataset


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_it_promises(repo, tmp_path, monkeypatch):
    results = tmp_path / "results"
    songs = [write_song(results / "songs" / name, name, frames=400) for name in "abc"]
    build_dataset(songs, results / "dataset", load_body())
    complete_dataset(results / "dataset", songs)
    # The kernel is a process of its own: it finds this checkout, whatever is installed.
    monkeypatch.setenv("PYTHONPATH", str(repo))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(repo / "docs" / "dataset.ipynb", as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [str(output) for cell in code for output in cell.outputs]
    assert all(cell.outputs for cell in code)
    assert "DanceDataset of" in shown[0] and "'body_pose': (180, 69)" in "".join(shown)
    (frame,) = (text for text in shown if "<iframe" in text)
    assert 'sandbox="allow-scripts"' in frame and "justlmd.page=" in frame
    assert "torch.Size([2, 180, 69])" in shown[-1]
    assert {path.name for path in results.iterdir()} >= {"dance.mp4", "dance.bvh"}


def test_the_notebook_is_kept_without_results(repo):
    notebook = nbformat.read(Path(repo / "docs" / "dataset.ipynb"), as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)
