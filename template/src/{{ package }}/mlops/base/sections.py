"""Parts of the settings: secrets, tables, monitoring, retraining, serving."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Origin = Literal["synthetic", "masked", "production"]

ORIGINS: tuple[Origin, ...] = ("synthetic", "masked", "production")  # from least to most real
NEEDED = {"files": "path", "delta": "path", "sql": "address"}
OTHERS = {"sql": "query", "spark": "path"}  # in place of table
GUARDS = {"control": "files", "version": "delta"}  # nobody shall rely on one that is not read


class Section(BaseModel):
    """A part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretName(Section):
    """A reference to a secret; its value is looked up where it is used and never logged."""

    secret: str


class Table(Section):
    """Where the rows of one name come from."""

    kind: Literal["files", "delta", "sql", "spark", "synthetic"]
    origin: Origin
    time: str | None = None
    columns: tuple[str, ...] = ()
    path: str = ""
    separator: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    text: tuple[str, ...] = ()
    control: str = ""
    max_late: float | None = Field(default=None, ge=0)
    version: int | None = Field(default=None, ge=0)
    address: str | SecretName = ""
    table: str = ""
    query: str = ""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = NEEDED.get(self.kind, "kind")
        if not getattr(self, needed):
            raise ValueError(f"a table of kind {self.kind} needs {needed}")
        for kind, other in OTHERS.items():
            if self.kind == kind and bool(self.table) == bool(getattr(self, other)):
                raise ValueError(f"a table of kind {kind} needs either table or {other}")
        for guard, kind in GUARDS.items():
            if self.kind not in (kind, "synthetic") and getattr(self, guard) not in ("", None):
                raise ValueError(f"{guard} is for kind {kind}, not for {self.kind}; remove it")
        if self.max_late is not None and not self.control:
            raise ValueError("max_late needs control, whose files state when rows were delivered")
        return self


class Monitoring(Section):
    """When a champion is looked at, and when it is retrained."""

    max_psi: float = Field(default=0.1, gt=0)
    max_drifted: float = Field(default=0.3, gt=0, le=1)
    max_age: int = Field(default=12, ge=1)
    min_rows: float = Field(default=0.5, ge=0, le=1)


class Retraining(Section):
    """When `retrain` may try again."""

    cooldown: int = Field(default=1, ge=0)


class Serving(Section):
    """How much a request may ask, and how often a server looks at the registry, in seconds."""

    max_rows: int = Field(default=1000, ge=1)
    max_bytes: int = Field(default=5_000_000, ge=1)
    refresh: float = Field(default=10.0, gt=0)
    shadow: bool = False
