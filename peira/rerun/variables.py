"""The environment variables of a run, to be set again."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from peira.capture.environment import ALLOWED
from peira.capture.param_roles import is_of_the_place
from peira.capture.redaction import PLACEHOLDER
from peira.lab.runs import RunRecord
from peira.rerun.places import Places

_HOOK = "/peira/capture/hook/site"
_OF_THE_JOB = (
    "AIP_", "APPTAINER_", "AWS_", "AZUREML_", "CLOUD_ML_", "COLAB_", "CONDA_", "JOB_", "KAGGLE_",
    "LD_", "LSB_", "OMPI_", "PBS_", "PMI_", "PYTHONHOME", "RAY_", "SAGEMAKER_", "SGE_",
    "SINGULARITY_", "SM_", "TPU_", "TRAINING_JOB_",
)  # fmt: skip
"""Beginnings of variables that a queue, a cloud, a container or an environment sets by itself."""


def recorded_variables(record: RunRecord) -> dict[str, str]:
    """Return the variables that were recorded and choose something; those that say where and by
    whom it was run are left out.
    """
    variables = record.captured("environment").get("variables") or {}
    return {str(name): str(value) for name, value in variables.items() if chooses(name)}


def restored_variables(record: RunRecord, places: Places) -> tuple[dict[str, str], list[str]]:
    """Return the variables to set, and sentences on those that cannot be had."""
    found, inexact = {}, []
    for name, value in recorded_variables(record).items():
        if PLACEHOLDER in value:
            inexact.append(f"the variable {name} held a secret, which was not recorded")
        else:
            found[name] = value
    variables = record.captured("environment").get("variables") or {}
    folders = [f for f in str(variables.get("PYTHONPATH") or "").split(":") if f]
    folders = [folder for folder in folders if not folder.endswith(_HOOK)]
    if folders:
        found["PYTHONPATH"] = places.in_list(":".join(folders))
    return found, inexact


def overrides(wanted: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str | None]:
    """Return what to change in the variables of now; None takes one away.

    A variable that would have been recorded and was not, was not set.
    """
    gone = {
        name: None
        for name in now
        if name not in wanted and chooses(name) and _would_be_recorded(name)
    }
    return {**gone, **wanted}


def chooses(name: str) -> bool:
    """Whether a variable chooses something, rather than say where and by whom a run is run."""
    return not is_of_the_place(name) and not name.startswith(_OF_THE_JOB)


def _would_be_recorded(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in ALLOWED)
