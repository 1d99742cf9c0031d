"""What a name says of the use of a param, and that the docs say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from peira.capture import param_roles
from peira.capture.param_roles import role

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "repeats.md"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("seed", 1, "seed"),
        ("model/random_state", 1, "seed"),
        ("--torch-seed", "1", "seed"),
        ("randomSeed", 1, "seed"),
        ("$RANDOM_SEED", "1", "seed"),
        ("n_seed", 3, "value"),
        ("output_dir", "a", "output"),
        ("logdir", "a", "output"),
        ("save_path", "a", "output"),
        ("checkpoint_path", "a.pt", "path"),
        ("data.root", "a", "path"),
        ("data_dir", "s3://bucket", "value"),
        ("log_level", "info", "log"),
        ("TF_CPP_MIN_LOG_LEVEL", "3", "log"),
        ("wandb_mode", "x", "log"),
        ("log_scale", True, "value"),
        ("lr", 0.1, "value"),
        ("runs", 3, "value"),
        ("profile", True, "value"),
    ],
)
def test_a_name_tells_what_it_is_for(name: str, value: Any, expected: str) -> None:
    """Params, options and variables alike, nested or not, however they are spelled."""
    assert role(name, value) == expected


def test_the_page_lists_the_names_that_decide() -> None:
    """docs/explanation/repeats.md has every one of them, and no other in that table."""
    table = PAGE.read_text().split("| role | names |")[1].split("\n\n")[0]
    told = set(re.findall(r"`([^`]+)`", table)) - {"datadir", "dataroot"}
    lists = [
        value
        for name, value in vars(param_roles).items()
        if name.isupper() and name != "FLAG_NAMES" and isinstance(value, frozenset | tuple)
    ]
    assert told == set().union(*lists)
    assert param_roles.FLAG_NAMES <= param_roles.LOG_NAMES
