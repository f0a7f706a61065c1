"""Records: everything that is stored and read back.

| stored where | record | module |
|---|---|---|
| `artifacts/card.json` of a version | `VersionCard` | card |
| `entry.json` of a run in the experiment `.journal` | `Entry` with `Details` | entry, details |
| `evidence.json` next to the entry of a gate | `GateEvidence` | evidence |
| `monitor.json` of a run in the experiment `.monitor` | `MonitoringReport` | monitoring |
| `_SUCCESS` of a batch, and of one in the shadow | `BatchFacts`, `ShadowFacts` | predictions |
| the job and the answer of a refit | `RefitJob`, `RefitAnswer` | refit |
| `_build/build.json` of a wheel | `BuildFacts` | lineage |

The other modules: tracking (the connection to MLflow), registry (versions and aliases), journal,
store (both of one environment), snapshot (the user's modules), scorer (the model as MLflow loads
it).
"""
