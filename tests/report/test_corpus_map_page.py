"""The map as a picture with words: every label, mistake and text in its place, and escaped."""

import re

from textkind.report.corpus_map import map_section, render_map

HOSTILE = "<script>alert(1)</script>"


def made(labels=3, **more):
    points = [
        {"row": n, "x": float(n), "y": float(-n), "labels": [f"label {n % labels}"],
         "predicted": ["label 0"], "wrong": n % 7 == 1, "text": f"text {n} {HOSTILE}"}
        for n in range(60)
    ]  # fmt: skip
    found = {
        "texts": 100, "by_chance": 55, "more_mistakes": 5, "without_direction": 2,
        "space": "vectors of the model", "method": "pca", "explained": [0.25, 0.125],
        "labelled": True,
        "neighbourhoods": {
            "neighbours": 5, "same_label": 0.75, "by_chance": 0.3, "classes": labels, "kept": 0.4,
            "labels": [
                {"labels": [f"label {n}"], "texts": 60 // labels, "same_label": 0.5}
                for n in range(min(labels, 20))
            ],
            "overlaps": [{"labels": [["label 0"], ["label 1"]], "share": 0.0625}],
        },
    } | more  # fmt: skip
    return found, points


def page(*given):
    return render_map(*given, source="file.csv", version="0.1.0")


def text_of(told):
    told = told[told.index("<main>") :]
    return " ".join(re.sub(r"<[^>]+>", " ", told.replace("\u00a0", " ")).split())


def test_every_point_is_drawn_and_told_without_running_what_it_holds():
    told = page(*made())
    assert told.count("<path d=") == 60 + 3  # and a sample of each label
    assert HOSTILE not in told
    assert told.count("&lt;script&gt;") == 60
    assert "1, label 1, taken for label 0: text 1" in told
    assert "2, label 2: text 2" in told
    wrong = re.findall(r'<g class="of\d wrong">(.*?)</g>', told)
    assert sum(one.count("<path") for one in wrong) == sum(one["wrong"] for one in made()[1])
    picture = map_section(*made(), "file")["picture"]
    assert max(picture.index(f'class="of{n}"') for n in range(3)) < picture.index(' wrong">')


def test_the_words_say_what_the_picture_shows():
    told = text_of(page(*made()))
    assert "55 of the 100 texts of the file are drawn by chance, and 5 more mistakes" in told
    assert "In 2 nothing is known to the model" in told
    assert "25.0 % of it from left to right, 12.5 % upwards" in told
    assert "75.0 % of the 5 nearest texts of a text have its label; by chance 30.0 % would" in told
    assert "The plane keeps 40.0 % of the nearest together" in told
    assert "label 0 and label 1 : 6.2 % of their nearest have the other label" in told
    described = re.search(r"<desc[^>]*>(.*?)</desc>", page(*made()))[1]
    assert described == (
        "60 texts as points. 75 % of a text&#39;s nearest have its label, 30 % by chance. "
        "label 0 and label 1 lie among one another most."
    )


def test_of_many_labels_the_commonest_have_colors_and_the_rest_is_grey():
    told = page(*made(labels=12))
    samples = re.findall(r'class="map sample".*?<g class="of(\d)">', told)
    assert samples == [*"01234567", "8"]
    assert "4 others" in text_of(told)
    assert told.count('<g class="of8') == 3  # right, wrong, and the sample


def test_other_maps_have_their_own_words():
    around = made()[0]["neighbourhoods"]
    umap = text_of(page(*made(method="umap", explained=None)))
    assert "The plane is UMAP's" in umap.replace("&#39;", "'")
    assert "PCA" not in umap
    alike = text_of(page(*made(explained=None, without_direction=0)))
    assert "All texts are alike to the model" in alike
    assert "nothing is known" not in alike
    bare = around | {"neighbours": 0, "same_label": None, "kept": None, "overlaps": []}
    lonely = text_of(page(*made(neighbourhoods=bare, labelled=False, texts=55, more_mistakes=0)))
    assert "nearest texts of a text" not in lonely
    assert "Most often among one another" not in lonely
    assert "Texts by the label predicted" in lonely
    assert "All 55 texts of the file are drawn" in lonely


def test_equal_points_are_drawn_in_the_middle():
    found, points = made()
    alike = [one | {"x": 1.0, "y": 1.0} for one in points]
    picture = map_section(found, alike, "file")["picture"]
    assert picture.count('d="M320.0 230.0') == 60


def test_without_points_there_is_no_section():
    assert map_section(None, [], "file") == map_section(made()[0], None, "file") == {}
