"""Annotations of five formats as versions: what is read, provenance, hostile and broken files."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from peira.core.errors import AmbiguousError, NotFoundError, PeiraError, UsageError
from peira.data import splits
from peira.data.add import add_path, add_table
from peira.data.annotations import FORMATS, read
from peira.data.annotations.attach import Attached, annotate
from peira.data.checks.version import Question, check_version
from peira.data.dataset import open_dataset
from peira.data.diff import compare
from peira.data.look import has_pictures
from peira.data.profile import profile
from peira.data.reference import open_reference
from peira.lab.lab import Lab
from peira.server.pictures import picture_of_row

CAT = [10.0, 20.0, 60.0, 40.0]

LABEL_STUDIO = [
    {
        "id": 1,
        "data": {"image": "/data/upload/1/0a1b2c3d-a.png"},
        "annotations": [
            {
                "id": 7,
                "completed_by": {"id": 3, "email": "ada@example.org"},
                "created_at": "2026-01-02T03:04:05Z",
                "updated_at": "2026-01-02T03:05:00Z",
                "was_cancelled": False,
                "ground_truth": False,
                "result": [
                    {
                        "id": "r1", "type": "rectanglelabels", "from_name": "label",
                        "to_name": "image", "original_width": 100, "original_height": 80,
                        "image_rotation": 0, "origin": "manual",
                        "value": {"x": 10, "y": 25, "width": 50, "height": 25, "rotation": 0,
                                  "rectanglelabels": ["cat"]},
                    },
                    {"type": "brushlabels", "value": {"format": "rle", "rle": [1, 2]}},
                ],
            },
            {"id": 6, "completed_by": 2, "created_at": "2026-01-01T00:00:00Z", "result": []},
        ],
        "predictions": [],
    },
    {"id": 2, "data": {"image": "/data/upload/1/b.png"}, "annotations": [
        {"completed_by": 2, "created_at": "2026-01-01T00:00:00Z", "result": []}]},
]  # fmt: skip

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>1</id><name>pets</name><owner><username>ada</username></owner></task>
    <dumped>2026-01-02 03:04:05.000000+00:00</dumped></meta>
  <image id="0" name="a.png" width="100" height="80">
    <box label="cat" source="manual" occluded="0" xtl="10.00" ytl="20.00" xbr="60.00" ybr="40.00"
         z_order="0"><attribute name="tame">yes</attribute></box>
    <points label="eye" source="manual" points="1.0,2.0"/>
  </image>
  <image id="1" name="b.png" width="100" height="80"></image>
</annotations>
"""

COCO: dict[str, Any] = {
    "info": {"contributor": "ada", "date_created": "2026/01/02"},
    "licenses": [],
    "images": [
        {"id": 5, "width": 100, "height": 80, "file_name": "b.png"},
        {"id": 4, "width": 100, "height": 80, "file_name": "a.png"},
    ],
    "annotations": [
        {"id": 1, "image_id": 4, "category_id": 18, "bbox": [10, 20, 50, 20], "area": 1000,
         "segmentation": [[10, 20, 60, 20, 60, 40]], "iscrowd": 0},
    ],
    "categories": [{"id": 18, "name": "cat", "supercategory": "animal"}],
}  # fmt: skip

VOC = """<annotation>
  <folder>pets</folder>
  <filename>{name}</filename>
  <source><database>Pets</database><annotation>ada</annotation></source>
  <size><width>100</width><height>80</height><depth>3</depth></size>
  <segmented>0</segmented>{objects}
</annotation>
"""

VOC_CAT = """
  <object>
    <name>cat</name><pose>Left</pose><truncated>0</truncated><difficult>0</difficult>
    <bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60</xmax><ymax>40</ymax></bndbox>
  </object>"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".peira"


@pytest.fixture
def pets(tmp_path: Path, root: Path) -> Path:
    """A folder of three pictures, of which `pets:v1` is the version."""
    folder = tmp_path / "pets"
    folder.mkdir()
    for shade, name in enumerate(("a.png", "b.png", "c.png")):
        Image.new("RGB", (100, 80), (shade, 0, 0)).save(folder / name)
    add_path(root, "pets", folder)
    return folder


def label_studio(folder: Path) -> Path:
    path = folder / "export.json"
    path.write_text(json.dumps(LABEL_STUDIO))
    return path


def cvat(folder: Path) -> Path:
    path = folder / "annotations.xml"
    path.write_text(CVAT)
    return path


def coco(folder: Path) -> Path:
    path = folder / "instances.json"
    path.write_text(json.dumps(COCO))
    return path


def yolo(folder: Path) -> Path:
    (folder / "a.txt").write_text("1 0.35 0.375 0.5 0.25\n")
    (folder / "b.txt").write_text("")
    (folder / "classes.txt").write_text("dog\ncat\n")
    return folder


def voc(folder: Path) -> Path:
    (folder / "a.xml").write_text(VOC.format(name="a.png", objects=VOC_CAT))
    (folder / "b.xml").write_text(VOC.format(name="b.png", objects=""))
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "label-studio": label_studio, "cvat": cvat, "coco": coco, "yolo": yolo, "voc": voc,
}  # fmt: skip


def attach(root: Path, path: Path, **options: Any) -> Attached:
    return annotate(open_dataset(root, "pets"), path, **options)


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_becomes_a_version(root: Path, pets: Path, format: str) -> None:
    """The same box of the same picture comes out of each format, told by the file alone; the
    picture without boxes has none, the one that is not in the file has no row."""
    done = attach(root, WRITERS[format](pets))
    found = open_dataset(root, "pets-labels")
    parent = open_dataset(root, "pets")
    assert found["path"].tolist() == ["a.png", "b.png"] and done.unlabelled == 1
    assert found["image"].tolist() == [member.object for member in parent.files()][:2]
    first, second = found.y.tolist()
    assert first["boxes"] == [pytest.approx(CAT)] and first["labels"] == ["cat"]
    assert second == {"boxes": [], "labels": []}
    assert found.ids.tolist() == parent.ids.tolist()[:2] and found.label == "boxes"
    assert found.version.parent == "pets:v1" and found.version.transform is not None
    assert found.version.transform.params["format"] == format
    again = attach(root, WRITERS[format](pets))
    assert not again.added.is_new


@pytest.mark.parametrize(
    ("format", "annotator", "created"),
    [
        ("label-studio", "ada@example.org", "2026-01-02T03:05:00Z"),
        ("cvat", "ada", "2026-01-02 03:04:05.000000+00:00"),
        ("coco", "ada", "2026/01/02"),
        ("voc", "ada", None),
        ("yolo", None, None),
    ],
)
def test_labels_keep_who_said_so(
    root: Path, pets: Path, format: str, annotator: str | None, created: str | None
) -> None:
    """Each row names format, file, annotator and time, as far as the format has them."""
    attach(root, WRITERS[format](pets))
    source = open_dataset(root, "pets-labels")["source"][0]
    assert source["format"] == format and len(source["file"]) == 64
    assert source.get("annotator") == annotator and source.get("created") == created


def test_splits_of_the_pictures_hold(root: Path, pets: Path) -> None:
    """A split of the pictures deals their annotations, too."""
    recipe = splits.Recipe(shares={"train": 0.7, "test": 0.3})
    splits.make(open_dataset(root, "pets"), "main", recipe)
    attach(root, coco(pets))
    rows = [open_reference(root, f"pets-labels:{part}") for part in ("train", "test")]
    assert sum(map(len, rows)) == 2


def test_a_corrected_label_is_found(root: Path, pets: Path) -> None:
    """The next export differs in one box: the diff names that row, and checks and profile of a
    version whose labels are boxes say no nonsense of classes."""
    attach(root, coco(pets))
    document = json.loads(json.dumps(COCO))
    document["annotations"][0]["bbox"][0] = 11
    (pets / "instances.json").write_text(json.dumps(document))
    attach(root, pets / "instances.json")
    first, second = (open_dataset(root, f"pets-labels:v{n}") for n in (1, 2))
    with Lab(root) as lab:
        found = compare(first, second, lab)
    assert [change.id for change in found.labels] == [first.ids[0].decode()]
    assert "[10.0,20.0,60.0,40.0]" in found.labels[0].before
    assert found.classes == {} and profile(second).classes == {}
    assert check_version(root, second.version, Question()) == []


def test_tags_of_pictures_with_boxes_are_hidden_with_them(root: Path, pets: Path) -> None:
    """All that was labelled stands in one column, which a hold-out hides."""
    (pets / "t.xml").write_text(CVAT.replace("<points", '<tag label="indoors"/><points'))
    attach(root, pets / "t.xml")
    found = open_dataset(root, "pets-labels")
    assert list(found.columns) == ["path", "image", "boxes", "source"]
    assert found.y[0]["tags"] == ["indoors"] and "tags" not in found.y[1]


def test_annotated_pictures_can_be_looked_at(root: Path, pets: Path) -> None:
    """A row of annotations shows its picture, which stays in the parent version; a text that is no
    digest never becomes a path."""
    attach(root, coco(pets))
    found = open_dataset(root, "pets-labels")
    assert has_pictures(found.manifest)
    small = Image.open(io.BytesIO(picture_of_row(found, 1)))
    assert small.size == (100, 80) and small.convert("RGB").getpixel((0, 0)) == (1, 0, 0)
    add_table(root, "odd", {"path": ["a"], "image": ["../../a"], "source": [{"format": "coco"}]})
    with pytest.raises(UsageError, match="is not a digest"):
        picture_of_row(open_dataset(root, "odd"), 0)


def test_what_is_left_out_is_counted(pets: Path) -> None:
    """Marks that are no boxes, and further annotations of a task, are told."""
    assert read(label_studio(pets)).left_out == {
        "further annotations of a task": 1, "results of type brushlabels": 1,
    }  # fmt: skip
    assert read(cvat(pets)).left_out == {"<points>": 1}


def test_choices_of_texts(tmp_path: Path, root: Path) -> None:
    """Labels of texts go to the rows of the texts, equal ones one after the other."""
    add_table(root, "reviews", {"text": ["bad", "good", "good"]})
    tasks = [
        {"data": {"text": text}, "annotations": [
            {"completed_by": 1, "result": [{"type": "choices", "value": {"choices": labels}}]}]}
        for text, labels in [("good", ["pos"]), ("good", ["pos", "dup"]), ("bad", ["neg"])]
    ]  # fmt: skip
    path = tmp_path / "reviews.json"
    path.write_text(json.dumps(tasks))
    parent = open_dataset(root, "reviews")
    annotate(parent, path, name="opinions")
    found = open_dataset(root, "opinions")
    assert found["text"].tolist() == ["bad", "good", "good"]
    assert found.y.tolist() == ["neg", "pos", ["pos", "dup"]]
    assert found.ids.tolist() == parent.ids.tolist()


def test_polygons_keep_their_outline(pets: Path) -> None:
    """A polygon becomes its box and keeps its points, in each format that has them."""
    (item,) = [item for item in read(coco(pets)).items if item.path == "a.png"]
    assert item.boxes is not None and item.boxes[0].polygons == [[10, 20, 60, 20, 60, 40]]
    text = CVAT.replace("<points", "<polygon").replace('"1.0,2.0"', '"1,2;5,2;5,9"')
    (pets / "p.xml").write_text(text)
    boxes = read(pets / "p.xml").items[0].boxes
    assert boxes is not None and boxes[1].corners == (1, 2, 5, 9)
    yolo(pets)
    (pets / "a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    boxes = read(pets, "yolo").items[0].boxes
    assert boxes is not None and boxes[0].corners == pytest.approx((10, 8, 50, 40))


@pytest.mark.parametrize(
    "text",
    [
        "names: [dog, 'cat']\nnc: 2\n",
        "path: .\nnames:\n  0: dog\n  1: cat # tame\n",
        "names:\n- dog\n- \"cat\"\nnc: 2\n",
        "names: {0: dog, 1: cat}\n",
    ],
)  # fmt: skip
def test_names_in_a_data_yaml(pets: Path, text: str) -> None:
    """All forms that YOLO tools write are read, with pictures and labels in two folders."""
    (pets / "images" / "train").mkdir(parents=True)
    (pets / "labels" / "train").mkdir(parents=True)
    (pets / "a.png").rename(pets / "images" / "train" / "a.png")
    (pets / "labels" / "train" / "a.txt").write_text("1 0.35 0.375 0.5 0.25\n")
    (pets / "data.yaml").write_text(text)
    (item,) = read(pets / "data.yaml").items
    assert item.path == "images/train/a.png"
    assert item.boxes is not None and item.boxes[0].label == "cat"


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("declared", [BOMB, OUTSIDE, '<!DOCTYPE a SYSTEM "a.dtd">'])
@pytest.mark.parametrize("text", [CVAT.partition("\n")[2], VOC.format(name="a.png", objects="")])
def test_document_types_are_refused(tmp_path: Path, declared: str, text: str) -> None:
    """No entity is expanded and no other file read: the file is refused before."""
    path = tmp_path / "a.xml"
    path.write_text(declared + text)
    with pytest.raises(UsageError, match="document type"):
        read(path)


BROKEN: list[tuple[str, str, str]] = [
    ("a.xml", "<annotations><image>", "line 1"),
    ("a.xml", "<annotations>\n<image id='1'/></annotations>", "line 2: <image> has no 'name'"),
    ("a.xml", "<annotation>" * 100, "in each other"),
    ("a.xml", VOC.format(name="a.png", objects=VOC_CAT.replace("<xmin>10", "<xmin>ten")),
     "line 7: 'ten' is no number"),
    ("a.xml", VOC.format(name="a.png", objects=VOC_CAT.replace("<xmin>10", "<xmin>99")),
     "line 7: the box ends before it begins"),
    ("a.json", '{"images": [], "annotations": [], "categories": 3}', r"\$.categories"),
    ("a.json", '[{"data": 3}]', r"\$\[0\].data"),
    ("a.json", "[" * 100_000, "cannot be read"),
    ("a.json", '{"images": [], "annotations": [{"image_id": 1, "category_id": 2}], '
     '"categories": []}', r"\$.annotations\[0\]: there is no category 2"),
    ("a.json", "[]", "holds no annotations"),
    ("a.csv", "a,b\n", "looks like no format"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "told"), BROKEN)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    """A broken file is one clear error that names the file and the line or element."""
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        read(tmp_path / name)
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("line", "told"),
    [("7 0.1 0.1 0.1 0.1", "line 2: '7' is no class"), ("0 0.1 nan 0.1 0.1", "is no number"),
     ("0 0.1 0.1", "4 numbers"), ("0 0.5 0.5 -0.1 0.1", "before it begins")],
)  # fmt: skip
def test_a_wrong_line_of_yolo(pets: Path, line: str, told: str) -> None:
    """A line that cannot be is named by file and number."""
    yolo(pets)
    (pets / "b.txt").write_text(f"\n{line}\n")
    with pytest.raises(UsageError, match=told):
        read(pets)


@pytest.mark.parametrize(
    ("name", "error"),
    [("../a.png", UsageError), ("x/..\\..\\a.png", UsageError), ("train/z.png", NotFoundError),
     ("", UsageError)],
)  # fmt: skip
def test_names_of_pictures_stay_inside(
    root: Path, pets: Path, name: str, error: type[PeiraError]
) -> None:
    """A name that leads out of the folder, or to no picture, is refused, with its place."""
    document = {**COCO, "images": [{"id": 4, "file_name": name}]}
    (pets / "out.json").write_text(json.dumps(document))
    with pytest.raises(error, match=r"\$.images\[0\]"):
        attach(root, pets / "out.json")


def test_a_name_that_fits_several_pictures(root: Path, tmp_path: Path) -> None:
    """The folder that a file's names begin at may differ, as long as each means one picture."""
    for shade, part in enumerate(("train", "val")):
        (tmp_path / "pets" / part).mkdir(parents=True)
        Image.new("L", (100, 80), shade).save(tmp_path / "pets" / part / "a.png")
    add_path(root, "pets", tmp_path / "pets")
    image = {"id": 4, "file_name": "/home/ada/pets/val/a.png"}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**COCO, "images": [image]}))
    attach(root, path)
    assert open_dataset(root, "pets-labels")["path"].tolist() == ["val/a.png"]
    path.write_text(json.dumps({**COCO, "images": [{**image, "file_name": "a.png"}]}))
    with pytest.raises(AmbiguousError, match=r"train/a\.png or val/a\.png"):
        attach(root, path)
    path.write_text(json.dumps({**COCO, "images": [image, {**image, "id": 9}]}))
    with pytest.raises(UsageError, match="named already"):
        attach(root, path)


def test_a_link_is_not_followed_out(tmp_path: Path, pets: Path) -> None:
    """A text file that is a link to one outside the folder is not read."""
    yolo(pets)
    (tmp_path / "secret.txt").write_text("1 0.5 0.5 0.1 0.1\n")
    (pets / "c.txt").symlink_to(tmp_path / "secret.txt")
    assert [item.path for item in read(pets).items] == ["a.png", "b.png"]


def test_a_text_of_yolo_between_two_pictures(pets: Path) -> None:
    """One of them is not chosen by its suffix."""
    yolo(pets)
    shutil.copy(pets / "a.png", pets / "a.jpg")
    with pytest.raises(AmbiguousError, match=r"may speak of a\.jpg or a\.png"):
        read(pets)
