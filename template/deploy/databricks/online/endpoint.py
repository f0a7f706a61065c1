"""Make the endpoint of Model Serving answer with the champion: a task of the promoter's jobs.

The files of the version are compared with the journal before Databricks loads them, and again once
the version is ready. Databricks loads them itself, so nothing can compare them inside the endpoint.
The previous version answers until the new one is ready. Then the new version replays its golden
rows over HTTP. If its files have changed, or its predictions differ from those of its first day,
the previous version is served again and the task fails. Running the task again is safe: it does
only what is left to do.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pandas as pd
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError, NotFound, OperationFailed
from databricks.sdk.service.serving import (
    DataframeSplitInput,
    EndpointCoreConfigInput,
    EndpointTag,
    ServedEntityInput,
    ServingEndpointAccessControlRequest,
    ServingEndpointDetailed,
    ServingEndpointPermissionLevel,
)

READY = timedelta(minutes=50)  # Databricks builds the version's environment in this time


def main() -> None:
    """Follow the champion; exit with a sentence where that fails."""
    parser = argparse.ArgumentParser()
    for option in ("package", "name", "env", "size", "scale-to-zero", "callers"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()
    platform = f"{options.package}.mlops"
    errors = import_module(f"{platform}.base.errors")
    try:
        project = import_module(f"{platform}.base.project").open_project(options.env)
        store = import_module(f"{platform}.records.store").open_store(project)
        number = store.champion()
        if number is None:
            print(f"{store.registry.name} has no champion yet: nothing answers.")
            return
        endpoint = Endpoint(
            client=WorkspaceClient(),
            registry=import_module(f"{platform}.records.registry"),
            name=options.name,
            env=options.env,
            size=options.size,
            scale_to_zero=options.scale_to_zero == "true",
            callers=options.callers,
            fetch=partial(fetch_again, store),
        )
        print(endpoint.follow(number))
    except (errors.MlopsError, DatabricksError, OperationFailed) as error:
        plain = import_module(f"{platform}.base.text").plain
        sys.exit(plain(f"{options.name}: {error}"))


def fetch_again(store: Any, number: int) -> Any:
    """Return a new copy of a version whose files are those that the journal knows."""
    store.registry.forget(number)
    return store.fetch(number)


@dataclass(frozen=True)
class Endpoint:
    """The endpoint of one environment, and its configuration."""

    client: WorkspaceClient
    registry: Any
    """The project's own module `records.registry`."""
    name: str
    env: str
    size: str
    scale_to_zero: bool
    callers: str
    """The group that may send queries."""
    fetch: Callable[[int], Any]
    """Returns a new copy of a version if its files are those that the journal knows; else raises
    `FilesChanged`."""

    def follow(self, number: int) -> str:
        """Serve a version and return what was done.

        Raises FilesChanged for a version that must not be served, and OperationFailed where serving
        fails; then the previous version still answers, or does again.
        """
        version = self.fetch(number)
        endpoint = self.read()
        previous = served_version(endpoint)
        if endpoint is None or previous != version.number:
            endpoint = self.serve(endpoint, version.name, version.number)
            self.compare_files(endpoint, version, previous)
        self.allow_callers(endpoint)
        difference = self.replay(version)
        if difference <= self.registry.TOLERANCE:
            verb = "already answers" if previous == version.number else "answers"
            return (
                f"{self.name} {verb} with {version} of {version.name}; "
                "its golden rows come out the same."
            )
        differs = (
            f"{version} predicts its golden rows differently in the endpoint, by {difference:.3g}"
        )
        raise self.go_back(endpoint, version, previous, differs)

    def compare_files(
        self, endpoint: ServingEndpointDetailed, version: Any, previous: int | None
    ) -> None:
        """Compare the files of a version with the journal again, now that Databricks has them."""
        try:
            self.fetch(version.number)
        except self.registry.FilesChanged as error:
            reason = str(error).removesuffix(".")
            raise self.go_back(endpoint, version, previous, reason) from None

    def go_back(
        self, endpoint: ServingEndpointDetailed, version: Any, previous: int | None, reason: str
    ) -> OperationFailed:
        """Serve the previous version again, if there is one; return the error to raise."""
        if previous is None or previous == version.number:
            return OperationFailed(f"{reason}: withdraw it by running the job rollback.")
        self.fetch(previous)
        self.serve(endpoint, version.name, previous)
        return OperationFailed(f"{reason}; version {previous} answers again: run the job rollback.")

    def read(self) -> ServingEndpointDetailed | None:
        """Return the endpoint as it is now, or None where it does not exist."""
        try:
            return self.client.serving_endpoints.get(self.name)
        except NotFound:
            return None

    def serve(
        self, endpoint: ServingEndpointDetailed | None, model: str, number: int
    ) -> ServingEndpointDetailed:
        """Serve a version and wait until it is ready; raise OperationFailed where it never is."""
        entity = ServedEntityInput(
            entity_name=model,
            entity_version=str(number),
            workload_size=self.size,
            scale_to_zero_enabled=self.scale_to_zero,
        )
        endpoints = self.client.serving_endpoints
        if endpoint is None:
            tags = [EndpointTag("environment", self.env)]
            config = EndpointCoreConfigInput(self.name, served_entities=[entity])
            operation = endpoints.create(self.name, config=config, tags=tags)
        else:
            operation = endpoints.update_config(self.name, served_entities=[entity])
        try:
            return operation.result(timeout=READY)
        except (OperationFailed, TimeoutError) as error:
            raise OperationFailed(
                f"version {number} is not ready, {error}; the previous version still answers: "
                "read the endpoint's logs, then run the job smoke."
            ) from None

    def allow_callers(self, endpoint: ServingEndpointDetailed) -> None:
        """Let the group of callers send queries; the promoter, as its creator, manages it."""
        rule = ServingEndpointAccessControlRequest(
            group_name=self.callers, permission_level=ServingEndpointPermissionLevel.CAN_QUERY
        )
        self.client.serving_endpoints.set_permissions(str(endpoint.id), access_control_list=[rule])

    def replay(self, version: Any) -> float:
        """Return the largest difference of the golden rows' predictions to those in the version.

        The module `records.registry` says what a difference is relative to, and which one it
        tolerates.
        """
        rows = pd.read_parquet(version.artifact("golden_rows.parquet"))
        expected = pd.read_parquet(version.artifact("golden_predictions.parquet"))
        features = rows[list(version.card.features)]
        data = [[json_value(value) for value in row] for row in features.itertuples(index=False)]
        split = DataframeSplitInput(columns=list(features.columns), data=data)
        answer = self.client.serving_endpoints.query(self.name, dataframe_split=split)
        now = pd.DataFrame(answer.predictions, columns=expected.columns)
        return float(self.registry.largest_difference(expected, now))


def served_version(endpoint: ServingEndpointDetailed | None) -> int | None:
    """Return the version that an endpoint answers with, or None where none was ever ready."""
    if endpoint is None or endpoint.config is None or not endpoint.config.served_entities:
        return None
    return int(str(endpoint.config.served_entities[0].entity_version))


def json_value(value: Any) -> Any:
    """Return a value in the form of JSON: a time as text, a missing value as null."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


if __name__ == "__main__":
    main()
