"""Let the endpoint of Model Serving answer with the champion: a task of jobs, as the promoter.

The version before answers until the new one is ready. Then the new one replays its golden rows over
HTTP; where it predicts otherwise than on its first day, the version before comes back, and the task
fails. Repeated, it finds what is done, and does the rest.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from datetime import timedelta
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

READY = timedelta(minutes=50)  # Databricks builds the version's own environment meanwhile
SAME = 1e-9  # what `doctor` and `serve` take for the same prediction, too


def main() -> None:
    """Follow the champion, or end with a sentence that says what stands in the way."""
    parser = argparse.ArgumentParser()
    for option in ("package", "name", "env", "size", "scale-to-zero", "callers"):
        parser.add_argument(f"--{option}", required=True)
    asked = parser.parse_args()
    platform = f"{asked.package}.mlops"
    errors = import_module(f"{platform}.base.errors")
    try:
        project = import_module(f"{platform}.base.project").open_project(asked.env)
        store = import_module(f"{platform}.records.store").open_store(project)
        number = store.champion()
        if number is None:
            print(f"{store.registry.name} has no champion yet: nothing answers.")
            return
        endpoint = Endpoint(WorkspaceClient(), asked, import_module(f"{platform}.records.registry"))
        print(endpoint.follow(store.registry.fetch(number)))
    except (errors.MlopsError, DatabricksError, OperationFailed) as error:
        sys.exit(f"{asked.name}: {error}")


@dataclass(frozen=True)
class Endpoint:
    """The endpoint of one environment."""

    client: WorkspaceClient
    asked: argparse.Namespace
    registry: Any  # the project's own module

    def follow(self, version: Any) -> str:
        """Answer with a version and return what was done; raises OperationFailed where it cannot.

        Then the version that answered before still does, or does again.
        """
        name, found = self.asked.name, self.found()
        before = serves(found)
        if found is None or before != version.number:
            found = self.serve(found, version.name, version.number)
        self.let_ask(found)
        difference = self.replay(version)
        if difference <= SAME:
            told = "answers with" if before != version.number else "answers already with"
            return f"{name} {told} {version} of {version.name}; its golden rows come out the same."
        words = f"{version} predicts its golden rows differently there, by {difference:.3g}"
        if before in (None, version.number):
            raise OperationFailed(f"{words}: withdraw it by the job rollback.")
        self.serve(found, version.name, before)
        raise OperationFailed(f"{words}; version {before} answers again: run the job rollback.")

    def found(self) -> ServingEndpointDetailed | None:
        """Return the endpoint as it is now; None where there is none."""
        try:
            return self.client.serving_endpoints.get(self.asked.name)
        except NotFound:
            return None

    def serve(
        self, found: ServingEndpointDetailed | None, model: str, number: int
    ) -> ServingEndpointDetailed:
        """Let the endpoint answer with a version, and wait; raises OperationFailed in vain."""
        entity = ServedEntityInput(
            entity_name=model,
            entity_version=str(number),
            workload_size=self.asked.size,
            scale_to_zero_enabled=self.asked.scale_to_zero == "true",
        )
        name, endpoints = self.asked.name, self.client.serving_endpoints
        if found is None:
            tags = [EndpointTag("environment", self.asked.env)]
            config = EndpointCoreConfigInput(name, served_entities=[entity])
            waiting = endpoints.create(name, config=config, tags=tags)
        else:
            waiting = endpoints.update_config(name, served_entities=[entity])
        try:
            return waiting.result(timeout=READY)
        except (OperationFailed, TimeoutError) as error:
            remedy = "what answered before still does; see the endpoint's logs, then run job smoke"
            raise OperationFailed(f"version {number} is not ready, {error}; {remedy}.") from None

    def let_ask(self, found: ServingEndpointDetailed) -> None:
        """Let the group of callers ask; the promoter made the endpoint and may do all."""
        level = ServingEndpointPermissionLevel.CAN_QUERY
        rule = ServingEndpointAccessControlRequest(
            group_name=self.asked.callers, permission_level=level
        )
        self.client.serving_endpoints.set_permissions(str(found.id), access_control_list=[rule])

    def replay(self, version: Any) -> float:
        """Return how far the golden rows' predictions lie from those of the version's first day."""
        rows = pd.read_parquet(version.artifact("golden_rows.parquet"))
        expected = pd.read_parquet(version.artifact("golden_predictions.parquet"))
        features = rows[list(version.card["features"])]
        data = [[plain(value) for value in row] for row in features.itertuples(index=False)]
        split = DataframeSplitInput(columns=list(features.columns), data=data)
        answer = self.client.serving_endpoints.query(self.asked.name, dataframe_split=split)
        now = pd.DataFrame(answer.predictions, columns=expected.columns)
        return float(self.registry.largest_difference(expected, now))


def serves(found: ServingEndpointDetailed | None) -> int | None:
    """Return the version that an endpoint answers with; None where none ever became ready."""
    if found is None or found.config is None or not found.config.served_entities:
        return None
    return int(str(found.config.served_entities[0].entity_version))


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; what is missing is null."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


if __name__ == "__main__":
    main()
