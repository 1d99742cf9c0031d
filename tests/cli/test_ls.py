"""`peira ls` and `peira best`."""

from __future__ import annotations

from pathlib import Path

import pytest

from peira.cli.columns import split_names
from peira.lab.lab import Lab
from tests.cli.conftest import Peira


def test_runs_are_listed_newest_first_whole(peira: Peira) -> None:
    """A pipe gets every run with its id, nothing cut, and a note of the count on stderr."""
    result = peira("ls")
    lines = result.stdout.splitlines()
    assert len(lines) == 8
    assert lines[0].split()[:2] == ["id", "name"]
    assert "cnn-0.01-3" in lines[2]
    assert "\x1b" not in result.stdout and "…" not in result.stdout
    assert "7 of 7 runs" in result.stderr


def test_only_params_that_differ_are_columns(peira: Peira) -> None:
    """What is the same for all runs is no news."""
    head = peira("ls", "-p", "digits").stdout.splitlines()[0].split()
    assert {"lr", "seed", "val/acc", "train/loss"} <= set(head)
    assert "optimizer/name" not in head and "project" not in head


def test_a_query_may_be_several_words(peira: Peira) -> None:
    """Unquoted words make one query."""
    assert len(peira("ls", "lr", "=", "0.1").stdout.splitlines()) == 4
    assert peira("ls", "lr = 0.1 and seed in 2..3").stdout.count("cnn-0.1-") == 2


def test_json_is_the_shape_of_the_http_api(peira: Peira) -> None:
    """Rows carry the run's facts and exact values; NaN is text, what is missing is null."""
    found = peira.json("ls", "--sort", "created")
    assert (found["total"], found["matched"], len(found["rows"])) == (7, 7, 7)
    row = found["rows"][0]
    assert row["name"] == "cnn-0.1-1" and row["state"] == "finished"
    assert row["tags"] == ["baseline"] and row["values"]["lr"] == 0.1
    evil = found["rows"][-1]
    assert evil["values"]["loss"] == "NaN" and evil["values"]["lr"] is None


def test_columns_are_those_asked_for(peira: Peira) -> None:
    """--columns chooses, in that order, also in JSON."""
    rows = peira.json("ls", "-p", "digits", "-c", "val/acc.max,user", "--columns", "seed")["rows"]
    assert list(rows[0]["values"]) == ["val/acc.max", "user", "seed"]
    head = peira("ls", "-c", "seed").stdout.splitlines()[0]
    assert head.split()[-2:] == ["seed", "tags"]


def test_names_may_hold_commas_in_backquotes() -> None:
    """A list of names is cut only outside of backquotes."""
    assert split_names(("a, `b,c`.max", "d")) == ["a", "`b,c`.max", "d"]
    assert split_names(()) is None


def test_limit_and_all(peira: Peira) -> None:
    """The footer tells that there are more, and --all brings them."""
    few = peira("ls", "-n", "2")
    assert len(few.stdout.splitlines()) == 3 and "2 of 7 runs" in few.stderr
    assert len(peira("ls", "-n", "2", "--all").stdout.splitlines()) == 8


def test_groups_tell_mean_interval_and_count(peira: Peira) -> None:
    """`group by` gives one line a group with the interval over seeds."""
    result = peira("ls", "-p", "digits", "group by all except seed", "-c", "val/acc")
    head, first, *_ = result.stdout.splitlines()
    assert head.split()[-2:] == ["runs", "val/acc"]
    assert "±" in first
    found = peira.json("ls", "-p", "digits", "group by lr")
    assert [row["n"] for row in found["rows"]] == [3, 3]
    assert found["rows"][0]["values"]["val/acc"]["n"] == 3


def test_names_of_others_cannot_act(peira: Peira) -> None:
    """Control and bidirectional characters of a name are shown, not obeyed."""
    text = peira("ls", "--all").stdout
    assert "evil\\x1b[2J\\u202eman" in text
    assert "\x1b" not in text and "\u202e" not in text


def test_a_filter_that_nothing_passes_names_the_culprit(peira: Peira) -> None:
    """For each part of the filter: how many runs would be left without it."""
    result = peira("ls", "lr = 0.1 and seed > 7")
    assert result.stdout == ""
    assert "No run fits; there are 7." in result.stderr
    assert "without `seed > 7`: 3" in result.stderr


def test_errors_in_a_query_are_underlined(peira: Peira) -> None:
    """The caret stands under the place, wide and control characters before it counted right."""
    lines = peira("ls", "lr > > 3", code=2).stderr.splitlines()
    assert lines[1:3] == ["  lr > > 3", "       ^"]
    lines = peira("ls", '"模型\x1b" in tags and lrr > 3', code=2).stderr.splitlines()
    assert lines[1] == '  "模型\\x1b" in tags and lrr > 3'
    assert lines[2] == "  " + " " * 23 + "^^^"
    assert "`lr`" in lines[3]


def test_ls_removed_lists_removed_runs(peira: Peira) -> None:
    """A removed run leaves the list and is in the other one."""
    peira("rm", "cnn-0.1-1")
    assert "cnn-0.1-1" not in peira("ls").stdout
    assert "cnn-0.1-1" in peira("ls", "--removed").stdout


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("-m", "val/acc"), "cnn-0.1-1"),
        (("-m", "train/loss"), "cnn-0.1-1"),
        (("-m", "train/loss", "--max"), "cnn-0.1-3"),
        (("lr = 0.01", "-m", "val/acc"), "cnn-0.01-1"),
        (("-m", "train/loss.max"), "cnn-0.1-3"),
    ],
)
def test_best_knows_which_way_is_better(peira: Peira, words: tuple[str, ...], name: str) -> None:
    """Accuracy is better high and loss low, unless --min or --max says otherwise."""
    found = peira.json("best", *words, "-n", "2")
    assert found["rows"][0]["name"] in (name, name.replace("0.1", "0.01"))
    assert len(found["rows"]) == 2


def test_best_shows_value_step_and_params(peira: Peira) -> None:
    """One run: what it reached, where, and with what."""
    text = peira("best", "-m", "val/acc").stdout
    assert text.startswith("val/acc.max = 0.9202 at step 19")
    assert "cnn-0.1-1" in text and "lr" in text


def test_best_counts_the_runs_that_it_compared(peira: Peira) -> None:
    """A run without the metric is not among those compared."""
    assert "6 runs; 1 without a value" in peira("best", "-m", "val/acc").stdout


def test_chosen_columns_stand_once(peira: Peira) -> None:
    """A column that every list has is not shown again because it was named."""
    head = peira("ls", "-c", "state,duration,lr").stdout.splitlines()[0].split()
    assert head.count("state") == head.count("duration") == head.count("lr") == 1


def test_best_asks_when_it_cannot_know(peira: Peira) -> None:
    """Without a goal or an unknown metric there is no best, and the message says what to do."""
    assert "Name one" in peira("best", code=2).stderr
    assert "val/acc" in peira("best", "-m", "val/ac", code=2).stderr
    peira("best", "seed > 99", "-m", "val/acc", code=3)
    told = peira("best", "-m", "odd name", code=2).stderr
    assert "Nothing says" in told and "--max or --min" in told


def test_tags_are_meant_by_tag(peira: Peira) -> None:
    """The field `tags` is among the suggestions, although it is no single value."""
    assert "`tags`" in peira("ls", "tag = baseline", code=2).stderr


def test_an_unknown_project_is_told(peira: Peira) -> None:
    """A mistyped project is not an empty one: the error names what is near."""
    assert "digits" in peira("ls", "-p", "digit", code=3).stderr


def test_the_goal_of_a_project_comes_first(peira: Peira, lab: Path) -> None:
    """The metric a project is after is the first value of its list."""
    with Lab(lab) as opened:
        opened.set_goal("digits", {"metric": "val/acc", "direction": "max"})
    head = peira("ls", "name ~ 'cnn.*'").stdout.splitlines()[0].split()
    assert head.index("val/acc") < head.index("train/loss")
    assert peira.json("best", "-p", "digits")["metric"] == "val/acc"
