"""Every operation of the OpenAPI document, fuzzed: R01 for what nobody thought of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.server.conftest import Served, serving

EXAMPLES = 10
# A stream has no end to wait for.
LEFT_OUT = "/api/events"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of its own: the right requests among these change things."""
    with serving(tmp_path_factory.mktemp("fuzzed")) as running:
        yield running


@pytest.fixture(scope="module")
def operations(served: Served) -> list[Any]:
    """The operations of the live OpenAPI document."""
    document = served.client.get("/schema/openapi.json").json()
    document["paths"].pop(LEFT_OUT)
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=served.server.address.rstrip("/"))
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_operation_fails(operations: list[Any], served: Served, mode: GenerationMode) -> None:
    """Right and wrong values for each parameter and body: never a 5xx, errors are problem+json."""
    assert len(operations) >= 20
    headers = {"Authorization": f"Bearer {served.server.session.token}"}
    asked = 0

    def check(case: Any) -> None:
        nonlocal asked
        asked += 1
        answer = case.call(headers=headers)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0].startswith("application/problem+json")

    limits = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for operation in operations:
        try:
            limits(given(case=operation.as_strategy(generation_mode=mode))(check))()
        except Unsatisfiable:
            continue  # nothing about this operation can be wrong
    assert asked > 5 * EXAMPLES
