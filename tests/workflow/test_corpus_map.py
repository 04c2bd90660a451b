"""The map of a run and of a file: figures against scikit-learn, points, odd texts."""

import csv
import json
import sys
import types
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from tests.workflow.conftest import FIXED, tickets, write_csv
from textkind import MapSettings, draw_map
from textkind.classifier import predict_ids
from textkind.data.corpus import Corpus
from textkind.errors import DataError, MissingPackageError, OutputError, SettingsError
from textkind.models.ngram_vectors import ngram_vectors
from textkind.workflow.corpus_map import corpus_map, drawn_places
from textkind.workflow.train import TrainSettings, train


def corpus_of(classifier, texts, labels):
    targets = np.array([classifier.labels.id_of(label) for label in labels], np.int32)
    given = pa.array(texts, pa.large_string())
    return Corpus(given, targets, classifier.labels, np.arange(1, len(texts) + 1))


def mapped(classifier, texts, labels, *more, **options):
    corpus = corpus_of(classifier, texts, labels)
    return corpus_map(classifier, corpus, predict_ids(classifier, corpus.texts), *more, **options)


def test_points_and_figures_are_those_of_scikit_learn(run):
    texts, labels = tickets(120, seed=5)
    found = mapped(run.classifier, texts, labels)
    vectors = ngram_vectors(run.classifier.model, pa.array(texts, pa.large_string())).toarray()
    theirs = PCA(2, svd_solver="full").fit(vectors)
    points = np.array([[one["x"], one["y"]] for one in found.points])
    expected = theirs.transform(vectors)
    signs = np.sign((points * expected).sum(axis=0))
    np.testing.assert_allclose(points, expected * signs, atol=1e-5)
    np.testing.assert_allclose(
        found.figures["explained"], theirs.explained_variance_ratio_, rtol=1e-4
    )
    search = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute").fit(vectors)
    near = search.kneighbors(return_distance=False)
    same = np.array(labels)[near] == np.array(labels)[:, None]
    around = found.figures["neighbourhoods"]
    assert around["same_label"] == pytest.approx(same.mean(), abs=0.01)  # equals tie
    plane = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(points)
    drawn = plane.kneighbors(return_distance=False)
    kept = np.mean([len(set(one) & set(other)) / 5 for one, other in zip(near, drawn, strict=True)])
    assert around["kept"] == pytest.approx(kept, abs=0.02)
    assert {tuple(one["labels"]) for one in around["labels"]} == {(name,) for name in set(labels)}


def test_a_run_has_the_map_of_its_test_part(run):
    found = run.metrics["map"]
    assert found["texts"] == found["by_chance"] == run.metrics["test"]["rows"]
    page = (run.folder / "report.html").read_text()
    section = page[page.index('<section id="map"') :]
    section = section[: section.index("</section>")]
    assert section.count("<title>") == found["texts"]
    around = found["neighbourhoods"]
    for value in (*found["explained"], around["same_label"], around["by_chance"], around["kept"]):
        assert f'<data value="{value!r}">' in section


@pytest.mark.parametrize("labelled", [True, False])
def test_mistakes_are_marked_where_labels_are_known(run, labelled):
    texts, labels = tickets(40, seed=6)
    wrong = ["login" if row % 10 == 0 else label for row, label in enumerate(labels)]
    found = mapped(run.classifier, texts, wrong, labelled=labelled)
    expected = [one != other for one, other in zip(labels, wrong, strict=True)]
    assert [one["wrong"] for one in found.points] == [labelled and one for one in expected]
    assert [one["labels"][0] for one in found.points] == wrong
    assert [one["predicted"][0] for one in found.points] == labels


def test_of_many_texts_some_are_drawn_by_chance_and_mistakes_besides():
    wrong = np.random.default_rng(0).random(30_000) < 0.2
    places, number = drawn_places(wrong, 3)
    assert (number, len(places)) == (1500, 2000)
    assert len(set(places.tolist())) == 2000
    assert wrong[places[1500:]].all()
    assert 0.15 < wrong[places[:1500]].mean() < 0.25
    np.testing.assert_array_equal(drawn_places(wrong, 3)[0], places)
    assert (drawn_places(wrong, 4)[0] != places).any()
    few = np.zeros(30_000, bool)
    few[:7] = True
    assert set(range(7)) <= set(drawn_places(few, 0)[0].tolist())
    places, number = drawn_places(wrong[:2000], 0)
    assert (places.tolist(), number) == (list(range(2000)), 2000)


def test_figures_are_of_the_texts_drawn_by_chance(run, monkeypatch):
    monkeypatch.setattr("textkind.workflow.corpus_map.BY_CHANCE", 30)
    monkeypatch.setattr("textkind.workflow.corpus_map.WRONG", 9)
    texts, _ = tickets(200, seed=7)
    wrong = ["login"] * 200
    found = mapped(run.classifier, texts, wrong, seed=2)
    chosen = [one["row"] - 1 for one in found.points[:30]]
    alone = mapped(run.classifier, [texts[n] for n in chosen], ["login"] * 30)
    assert len(found.points) == 39
    assert found.figures["more_mistakes"] == 9
    assert found.figures["explained"] == pytest.approx(alone.figures["explained"])
    assert found.figures["neighbourhoods"] == alone.figures["neighbourhoods"]


@pytest.mark.parametrize(
    ("texts", "explained", "neighbours"),
    [
        (["late parcel"], None, 0),
        (["late parcel"] * 12, None, 5),
        (["late parcel", "my invoice"], [1, 0], 1),
        (["", "zq"], None, 0),
    ],
)
def test_few_and_equal_and_unknown_texts_are_drawn(run, texts, explained, neighbours):
    found = mapped(run.classifier, texts, ["delivery"] * len(texts))
    assert len(found.points) == len(texts)
    assert np.isfinite([one["x"] + one["y"] for one in found.points]).all()
    told = found.figures["explained"]
    assert told == (None if explained is None else pytest.approx(explained, abs=1e-6))
    assert found.figures["neighbourhoods"]["neighbours"] == neighbours
    assert found.figures["without_direction"] == (2 if texts[0] == "" else 0)
    json.dumps(found.figures, allow_nan=False)


def test_sets_of_labels_are_classes_where_texts_have_several(tag_run):
    found = tag_run.metrics["map"]["neighbourhoods"]
    assert any(len(one["labels"]) == 2 for one in found["labels"])
    assert sum(one["texts"] for one in found["labels"]) == tag_run.metrics["map"]["by_chance"]


def test_no_map_is_drawn_where_none_is_asked_for(ticket_file, tmp_path):
    settings = TrainSettings(out=tmp_path / "run", model=FIXED, map="none", keep_texts=0)
    found = train(ticket_file, settings)
    assert found.metrics["map"] is None
    assert 'id="map"' not in (found.folder / "report.html").read_text()


@pytest.fixture
def fake_umap(monkeypatch):
    """Stands in for the package: remembers how it was asked."""
    asked = []

    class UMAP:
        def __init__(self, **settings):
            self.settings = settings

        def fit_transform(self, vectors):
            asked.append(self.settings | {"rows": vectors.shape[0]})
            points = np.random.default_rng(self.settings["random_state"])
            return points.normal(size=(vectors.shape[0], 2)).astype(np.float32)

    module = types.ModuleType("umap")
    module.UMAP = UMAP
    monkeypatch.setitem(sys.modules, "umap", module)
    return asked


def test_umap_is_asked_with_the_seed(run, fake_umap):
    texts, labels = tickets(60, seed=8)
    found, again, other = (
        mapped(run.classifier, texts, labels, "umap", seed=seed) for seed in (1, 1, 2)
    )
    assert found.points == again.points != other.points
    assert fake_umap[0] == fake_umap[1]
    assert fake_umap[0]["metric"] == "cosine"
    assert (fake_umap[0]["rows"], fake_umap[0]["n_neighbors"]) == (60, 15)
    assert fake_umap[0]["random_state"] != fake_umap[2]["random_state"]
    assert found.figures["method"] == "umap"
    assert found.figures["explained"] is None
    few = mapped(run.classifier, texts[:19], labels[:19], "umap")
    assert few.figures["method"] == "pca"
    assert len(fake_umap) == 3


@pytest.mark.slow
def test_the_real_umap_gives_the_same_map_twice(run):
    pytest.importorskip("umap")
    texts, labels = tickets(150, seed=8)
    found, again = (mapped(run.classifier, texts, labels, "umap", seed=1) for _ in range(2))
    assert found.points == again.points
    assert np.isfinite([one["x"] for one in found.points]).all()


def test_a_map_that_there_is_not_and_a_missing_package_are_told(monkeypatch):
    with pytest.raises(SettingsError, match="there is no such map") as caught:
        TrainSettings(map="tsne")
    assert "pca" in caught.value.hint
    with pytest.raises(SettingsError, match="there is no such map"):
        MapSettings(method="none")
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingPackageError, match="the package umap, needed for a map by UMAP"):
        TrainSettings(map="umap")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_points_are_written_as_a_table(run, tmp_path, suffix):
    texts, labels = tickets(30, seed=9)
    file = write_csv(tmp_path / "in.csv", ("text", "label"), zip(texts, labels, strict=True))
    out = tmp_path / f"points{suffix}"
    result = draw_map(run.folder, file, out)
    if suffix == ".csv":
        with out.open(newline="") as opened:
            rows = list(csv.DictReader(opened))
    elif suffix == ".jsonl":
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        rows = pyarrow.parquet.read_table(out).to_pylist()
    assert [int(one["row"]) for one in rows] == list(range(2, 32))
    assert [one["text"] for one in rows] == texts
    assert list(rows[0]) == ["row", "x", "y", "labels", "predicted", "wrong", "text"]
    corpus = corpus_of(run.classifier, texts, labels)
    alike = corpus_map(run.classifier, corpus, predict_ids(run.classifier, corpus.texts))
    assert [float(one["x"]) for one in rows] == pytest.approx([one["x"] for one in alike.points])
    assert result.figures["neighbourhoods"] == alike.figures["neighbourhoods"]
    assert result.points == 30


def test_texts_without_labels_are_colored_by_their_predictions(run, tmp_path):
    texts, _ = tickets(30, seed=9)
    result = draw_map(run.classifier, {"text": texts}, tmp_path / "map.html")
    page = (tmp_path / "map.html").read_text()
    assert not result.figures["labelled"]
    assert "Texts by the label predicted" in page
    assert page.count("<title>") == 30 + 1  # and that of the page


def test_what_cannot_be_drawn_is_refused(run, ticket_file, tmp_path):
    with pytest.raises(SettingsError, match="a map is a page or a table of points"):
        draw_map(run.folder, ticket_file, tmp_path / "map.png")
    with pytest.raises(SettingsError, match="input and output are the same file"):
        draw_map(run.folder, ticket_file, ticket_file)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        draw_map(run.folder, ticket_file, tmp_path / "file" / "map.html")
    draw_map(run.folder, ticket_file, tmp_path / "map.html")
    with pytest.raises(SettingsError, match="exists"):
        draw_map(run.folder, ticket_file, tmp_path / "map.html")
    draw_map(run.folder, ticket_file, tmp_path / "map.html", replace(MapSettings(), overwrite=True))
    with pytest.raises(DataError, match="no rows"):
        draw_map(run.folder, {"text": []}, tmp_path / "other.html")
