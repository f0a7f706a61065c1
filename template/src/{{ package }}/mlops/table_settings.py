"""The settings of a table, and what every part of the settings is made of."""

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
