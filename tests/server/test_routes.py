"""What the routes answer, and that docs/reference/http-api.md tells of all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from peira.lab.query.parse import parse
from peira.record.events import Checkpoint, File, Files, Origin, SeenFile
from peira.server.app import build_routes
from peira.server.bundle import Bundle
from peira.server.follower import Follower, Streams
from peira.server.problems import KINDS
from peira.server.records import RunRow
from peira.server.routes.runs import tail_of
from peira.server.table import split_columns
from tests.lab.writing import START, RunFiles
from tests.server.conftest import ODD_NAME, PROJECT, Served, serving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "http-api.md"


def test_every_route_is_documented(served: Served) -> None:
    """The table of routes in the reference is the list of the running server."""
    schema = build_routes(Follower(served.lab, Streams()), Bundle()).openapi_schema.to_schema()
    live = {
        (method.upper(), path)
        for path, item in schema["paths"].items()
        for method in item
        if path != "/p/{project}"
    }
    written = set(
        re.findall(r"^\| (GET|PUT|POST|PATCH|DELETE) \| `(/api/[^`]*)`", PAGE.read_text(), re.M)
    )
    assert written == live


def test_every_error_code_is_documented() -> None:
    """The table of error codes in the reference is the one that the server answers from."""
    table = PAGE.read_text().partition("## Errors")[2].partition("## Routes")[0]
    written = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", table, re.M))
    assert written == {code: str(kind.status) for code, kind in KINDS.items()}


def test_members_of_answers_are_documented(served: Served) -> None:
    """The examples of the reference have exactly the members of the real answers."""
    text = PAGE.read_text()
    for heading, target in (
        ("### GET /api/lab", "/api/lab"),
        ("### GET /api/home", "/api/home"),
        ("### GET /api/projects/{project}/runs", f"/api/projects/{PROJECT}/runs"),
        ("### GET /api/projects/{project}/groups", f"/api/projects/{PROJECT}/groups?q=group by lr"),
        ("### GET /api/projects/{project}/metrics", f"/api/projects/{PROJECT}/metrics"),
        ("### GET /api/runs/{run}/lineage", f"/api/runs/{served.run}/lineage"),
        (
            "### GET /api/projects/{project}/compare",
            f"/api/projects/{PROJECT}/compare?r={served.runs[0]},{served.runs[1]}",
        ),
        ("### GET /api/runs/{run}/console", f"/api/runs/{served.run}/console"),
    ):
        example = text.partition(heading + "\n")[2].partition("```json\n")[2].partition("```")[0]
        names = set(re.findall(r'"([a-z_]+)":', example))
        answer = served.client.get(target).json()
        assert set(answer) <= names, heading
        names |= set(RunRow.__struct_fields__) if "home" in target else set()
        assert members(answer) <= names | dynamic(answer), heading


def members(value: Any) -> set[str]:
    """All member names of an answer, those keyed by data left out."""
    if isinstance(value, list):
        return set().union(*map(members, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for name, inner in value.items():
        if name not in ("values", "key"):
            found |= members(inner)
    return found


def dynamic(answer: dict[str, Any]) -> set[str]:
    """Names that come from data."""
    return {column["name"] for column in answer.get("columns") or []}


def test_rows_hold_what_was_recorded(served: Served) -> None:
    """A row tells of its run exactly, odd names and all."""
    answer = served.client.get(
        f"/api/projects/{PROJECT}/runs", params={"q": "sort -created", "columns": "lr,odd,nan"}
    ).json()
    row = answer["rows"][0]
    assert (row["id"], row["name"], row["state"]) == (served.run, ODD_NAME, "finished")
    assert row["values"] == {"lr": 0.01, "odd": 49.0, "nan": "NaN"}
    assert "baseline" in row["tags"]
    assert answer["total"] == answer["matched"] == 13


def test_pages_follow_each_other(served: Served) -> None:
    """Offset and limit walk through all rows once."""
    seen = []
    for offset in range(0, 15, 5):
        params = {"limit": "5", "offset": str(offset), "q": "sort name"}
        rows = served.client.get(f"/api/projects/{PROJECT}/runs", params=params).json()["rows"]
        seen += [row["id"] for row in rows]
    assert len(seen) == len(set(seen)) == 13


def test_an_empty_answer_says_why(served: Served) -> None:
    """When nothing matched, each part of the filter comes with the count without it."""
    q = "lr < 0 and (val/loss > -1 or odd = 1) sort -lr"
    answer = served.client.get(f"/api/projects/{PROJECT}/runs", params={"q": q}).json()
    assert answer["matched"] == 0
    lr, other = answer["clauses"]
    assert (lr["text"], lr["without"], other["without"]) == ("lr < 0", 12, 0)
    again = served.client.get(f"/api/projects/{PROJECT}/runs", params={"q": lr["q"]}).json()
    assert again["matched"] == 12


def test_query_errors_know_their_place(served: Served) -> None:
    """A wrong name is underlined where it stands, with what may have been meant."""
    answer = served.client.get(
        f"/api/projects/{PROJECT}/runs", params={"q": "lr > 0 and val/los < 1"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "query")
    assert (problem["position"], problem["length"]) == (11, 7)
    assert "val/loss" in problem["suggestions"]


def test_unknown_runs_suggest(served: Served) -> None:
    """A run that is not there is 404; near names are offered."""
    answer = served.client.get("/api/runs/cnn-0000")
    assert answer.status_code == 404
    assert answer.json()["suggestions"]


def test_people_decide_and_it_stays(served: Served) -> None:
    """PATCH changes name, reason, note and tags, removes and undeletes, seen at once."""
    run = served.runs[1]
    target = f"/api/runs/{run}"
    before = served.client.get(target).json()
    change = {"name": "renamed", "note": "why not", "why": "to see", "tags_add": ["chosen"]}
    changed = served.client.patch(target, json=change).json()
    assert {name: changed[name] for name in ("name", "note", "why")} == {
        "name": "renamed",
        "note": "why not",
        "why": "to see",
    }
    assert "chosen" in changed["tags"]
    assert served.client.patch(target, json={"deleted": True}).json()["deleted"] is True
    gone = served.client.get(f"/api/projects/{PROJECT}/runs?deleted=true").json()
    assert [row["id"] for row in gone["rows"]] == [run]
    back = {"deleted": False, "tags_remove": ["chosen"], "name": "", "note": "", "why": ""}
    after = served.client.patch(target, json=back).json()
    assert {**after, "rev": 0} == {**before, "rev": 0}


def test_a_run_tells_where_it_comes_from_and_which_files_it_met(tmp_path: Path) -> None:
    """Origin with the name of the earlier run, what is inherited, checkpoints, files by role."""
    with serving(tmp_path) as served:
        first = RunFiles(served.lab.root, "first")
        origin = Origin(how="resume", run=first.id, step=40, changed={"lr": 0.02})
        run = RunFiles(served.lab.root, "second", origin=origin)
        made = [File("model.pt", "0" * 64, 12), File("state.json", "1" * 64, 3)]
        run.event(Checkpoint(time=START, step=50, files=made, metrics={"val/acc": 0.9}))
        seen = [
            SeenFile(path="train.py", object="2" * 64, size=7, kept=True, tracked=True),
            SeenFile(path="/etc/locale", is_sure=False, reason="larger than 1 GiB"),
        ]
        run.event(Files(time=START, role="input", files=seen, root="/home/ada", omitted=3))
        answer = served.client.get(f"/api/runs/{run.id}").json()
        assert answer["origin"] == {
            "how": "resume", "run": first.id, "name": "first", "step": 40, "changed": {"lr": 0.02},
        }  # fmt: skip
        assert answer["inherited"] == [{"run": first.id, "name": "first", "step": 40}]
        assert answer["checkpoints"] == [
            {"step": 50, "time": START, "metrics": {"val/acc": 0.9}, "files": 2, "size": 15}
        ]
        files = served.client.get(f"/api/runs/{run.id}/files").json()
        assert [file["path"] for file in files["input"]["files"]] == [
            "/etc/locale",
            "/home/ada/train.py",
        ]
        assert files["input"]["omitted"] == 3 and not files["input"]["files"][0]["sure"]
        assert files["source"] == {"files": [], "omitted": 0, "listing": None}


def test_views_are_kept_and_taken_back(served: Served) -> None:
    """A view is saved under the client's id, listed, changed and removed."""
    target = f"/api/projects/{PROJECT}/views/week-1"
    view = {"name": "best of week", "url": "?q=lr > 0", "scope": "personal"}
    stored = served.client.put(target, json=view).json()
    assert stored | view == stored and stored["id"] == "week-1"
    assert served.client.get(f"/api/projects/{PROJECT}/views").json()["views"] == [stored]
    assert served.client.delete(target).status_code == 204
    assert served.client.delete(target).status_code == 404
    assert served.client.get(f"/api/projects/{PROJECT}/views").json() == {"views": []}
    bad = served.client.put(target, json={"name": "x", "url": "https://evil.example"})
    assert bad.status_code == 400


def test_selections_never_change(served: Served) -> None:
    """The same list has the same id; another has another."""
    first = served.client.post("/api/selections", json={"runs": served.runs}).json()
    again = served.client.post("/api/selections", json={"runs": served.runs}).json()
    other = served.client.post("/api/selections", json={"runs": served.runs[:2]}).json()
    assert first == again and first["id"] != other["id"]
    assert served.client.get(f"/api/selections/{first['id']}").json() == first
    assert served.client.get("/api/selections/aaaaaaaaaaaaaaaa").status_code == 404


def test_projects_may_have_slashes(served: Served) -> None:
    """A project named like a path is one segment, encoded; nothing is mixed up."""
    target = "/api/projects/team%2Fdigits/goal"
    goal = {"metric": "a/b", "direction": "max"}
    assert served.client.put(target, json=goal).json() == goal
    assert served.lab.journal.standing("goal")["team/digits"].value == goal
    served.lab.set_goal("team/digits", None)
    assert served.client.get("/p/team%2Fdigits").status_code == 200


def test_consoles_come_in_pieces(served: Served) -> None:
    """Pieces on character borders put together are the log; a tail begins on one."""
    target = f"/api/runs/{served.run}/console"
    whole = served.client.get(target).json()
    text, after = "", 0
    while after < whole["size"]:
        piece = served.client.get(target, params={"after": after, "limit": 3}).json()
        text, after = text + piece["text"], piece["end"]
    assert text == whole["text"] == "epoch 1 é\nepoch 2 é\n"
    assert served.client.get(target, params={"tail": 2}).json()["text"] == "\n"


def test_media_tell_their_objects(served: Served) -> None:
    """Every media record leads to bytes."""
    items = served.client.get(f"/api/runs/{served.run}/media").json()["items"]
    assert [item["key"] for item in items] == ["page", "remarks"]
    for item in items:
        answer = served.client.get(f"/api/objects/{item['object']}", params={"mime": item["mime"]})
        assert len(answer.content) == item["size"]


def test_home_shows_the_lab(served: Served) -> None:
    """Projects with their people, and the alert of the odd run."""
    home = served.client.get("/api/home").json()
    (project,) = home["projects"]
    assert (project["name"], project["runs"]) == (PROJECT, 13)
    assert home["alerts"][0]["run"] == served.run
    assert len(home["recent"]) == 13


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (None, None),
        ([""], []),
        (["a,b", "c"], ["a", "b", "c"]),
        (["`a,b`.max, c"], ["`a,b`.max", "c"]),
    ],
)
def test_columns_are_split_outside_backquotes(
    texts: list[str] | None, names: list[str] | None
) -> None:
    """A name with a comma stands in backquotes."""
    assert split_columns(texts) == names


def test_the_tail_of_a_query_stays() -> None:
    """What is dropped is a part of the filter; group and sort stay."""
    text = "lr > 1 and x = 2 group by all except seed sort -lr, x"
    assert tail_of(text, parse(text)) == "group by all except seed sort -lr, x"
    assert tail_of("sorting", parse("sorting")) == ""
