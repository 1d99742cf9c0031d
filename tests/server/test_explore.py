"""The Explore routes: fields of all runs as columns, and what decided."""

from __future__ import annotations

import numpy as np

from peira.lab.axes import Axis
from peira.server.columns import decode
from peira.server.decided import _finding, rows_of
from peira.sweeps.finding import describe
from peira.sweeps.observations import Observations
from tests.server.conftest import PROJECT, Served

EXPLORE = f"/api/projects/{PROJECT}/explore"
IMPORTANCE = f"/api/projects/{PROJECT}/importance"


def test_the_answer_has_an_array_an_axis_and_the_ids_of_all_runs(served: Served) -> None:
    """Values are those of the runs table, in its order."""
    answer = served.client.get(EXPLORE, params={"axes": "lr,model,created"})
    assert answer.headers["content-type"] == "application/vnd.peira.columns"
    arrays, header = decode(answer.content)
    rows = served.client.get(
        f"/api/projects/{PROJECT}/runs", params={"columns": "lr,model", "limit": 100}
    ).json()["rows"]
    assert header["matched"] == header["total"] == len(rows)
    ids = arrays["ids"].tobytes().decode()
    assert [ids[i : i + 12] for i in range(0, len(ids), 12)] == [row["id"] for row in rows]
    assert [axis["name"] for axis in header["axes"]][:3] == ["lr", "model", "created"]
    assert arrays["numbers0"].tolist() == [row["values"]["lr"] for row in rows]
    model = header["axes"][1]
    shown = [None if code < 0 else model["categories"][code] for code in arrays["codes1"]]
    assert shown == [row["values"]["model"] for row in rows]
    assert model["missing"] == 1 and header["axes"][2]["type"] == "time"


def test_without_axes_the_params_that_vary_and_the_objective_are_shown(served: Served) -> None:
    """The objective is the last axis, with the side that is better."""
    _, header = decode(served.client.get(EXPLORE).content)
    names = [axis["name"] for axis in header["axes"]]
    assert header["objective"]["name"] == names[-1]
    assert header["objective"]["direction"] in ("min", "max")
    assert "lr" in " ".join(names) and header["chosen"] == "varying"


def test_a_filter_is_the_query_language(served: Served) -> None:
    """Fewer runs match; a mistake is told with its place."""
    arrays, header = decode(
        served.client.get(EXPLORE, params={"q": "model is missing", "axes": "params.lr"}).content
    )
    assert header["matched"] == 1 and len(arrays["ids"]) == 12
    assert np.isfinite(arrays["numbers0"]).all()
    refused = served.client.get(EXPLORE, params={"q": "lr >"})
    assert refused.status_code == 400 and refused.json()["code"] == "query"
    unknown = served.client.get(EXPLORE, params={"axes": "nonsense"})
    assert unknown.status_code == 400 and unknown.json()["fields"][0]["field"] == "axes"


def test_importance_says_shares_and_counts_or_why_not(served: Served) -> None:
    """Thirteen runs are enough for numbers; a filter that leaves one is not."""
    found = served.client.get(IMPORTANCE, params={"objective": "val/loss.min"}).json()
    assert found["objective"] == {"name": "val/loss.min", "direction": "min"}
    assert abs(sum(one["importance"] for one in found["params"]) - 1) < 1e-9
    assert all(one["low"] <= one["importance"] <= one["high"] for one in found["params"])
    assert found["sentence"]
    few = served.client.get(IMPORTANCE, params={"q": "model is missing"}).json()
    assert few["params"] == [] and "too few" in few["remark"]


def test_truth_and_null_are_what_a_query_finds() -> None:
    """Of a finding about `true` or null the query finds the runs: they are no texts."""
    literals = ['"adam"', "true", "null"]
    codes = np.array([n % 3 for n in range(60)], np.int32)
    axis = Axis(
        "params.flag", "param", "category", np.zeros(60, bool), codes=codes,
        categories=["adam", "true", "null"], literals=literals,
    )  # fmt: skip
    rows = rows_of([axis], 60)
    assert [row["params.flag"] for row in rows[:3]] == ["adam", True, None]
    for wanted, literal in enumerate(literals):
        losses = [abs(n % 3 - wanted) + n / 1_000 for n in range(60)]
        first = describe(Observations.of(rows, losses, "min")).findings[0]
        assert _finding(first).query == f"params.flag = {literal}"
