"""MLflow with its SQLite store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from work import Driver, main


class MLflow(Driver):
    """Synchronous calls, as the tutorial shows; `log_batch` where a whole series is logged."""

    def load(self) -> str:
        import mlflow

        return str(mlflow.__version__)

    def open(self, folder: Path) -> None:
        import mlflow

        super().open(folder)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        if mlflow.get_experiment_by_name("bench") is None:
            mlflow.create_experiment("bench", artifact_location=f"file://{folder}/artifacts")
        mlflow.set_experiment("bench")

    def begin(self, name: str, params: dict[str, Any]) -> Any:
        import mlflow

        run = mlflow.start_run(run_name=name)
        mlflow.log_params(params)
        return run

    def log(self, run: Any, values: dict[str, float], step: int) -> None:
        import mlflow

        mlflow.log_metrics(values, step=step)

    def finish(self, run: Any) -> None:
        import mlflow

        mlflow.end_run()

    def fill(self, run: Any, key: str, values: list[float]) -> None:
        from mlflow.entities import Metric
        from mlflow.tracking import MlflowClient

        client, now = MlflowClient(), int(time.time() * 1000)
        for first in range(0, len(values), 1000):
            piece = values[first : first + 1000]
            client.log_batch(
                run.info.run_id,
                metrics=[Metric(key, v, now, first + i) for i, v in enumerate(piece)],
            )

    def series(self, key: str) -> list[float]:
        from mlflow.tracking import MlflowClient

        client = MlflowClient()
        run = self._search(client, None, 1)[0]
        history = client.get_metric_history(run.info.run_id, key)
        return [m.value for m in sorted(history, key=lambda m: m.step)]

    def ranking(self, key: str, limit: int) -> list[tuple[str, float]]:
        from mlflow.tracking import MlflowClient

        found = self._search(MlflowClient(), [f"metrics.`{key}` DESC"], limit)
        return [(run.info.run_name, run.data.metrics[key]) for run in found]

    def _search(self, client: Any, order: list[str] | None, limit: int) -> Any:
        experiment = client.get_experiment_by_name("bench")
        return client.search_runs([experiment.experiment_id], order_by=order, max_results=limit)


main(MLflow())
