"""Versions to judge, made as a user would make them: by a small edit."""

from lifecycle.project import AS_OF, Answer, Project

READ = '    applications: pd.DataFrame = tables.read("applications", window)\n'
DEFAULTED = (
    'applications["application_id"].map(tables.read("outcomes", window)'
    '.set_index("application_id")["defaulted"]).astype("float64")'
)
RETURN = "    return applications["
CAUTIOUS = """class Cautious(HistGradientBoostingClassifier):
    \"""Gives no prediction for an amount that it has never seen.\"""

    def predict_proba(self, frame):
        answer = super().predict_proba(frame)
        odd = (np.asarray(frame, "float64") > 1e6).any(axis=1, keepdims=True)
        return np.where(odd, np.nan, answer)


def prepare()"""
STEP = """
class Extra(TransformerMixin, BaseEstimator):
    def fit(self, frame, target=None):
        self.fitted_ = True
        return self

    def transform(self, frame):
        {}
        return frame


def prepare()"""


# Lets the gate pass a version that loads and predicts, however well.
LENIENT = [
    *("--set", "gate.comparison=noninferior"),
    *("--set", "gate.margin=1"),
    *("--set", "gate.thresholds.brier.margin=1"),
    *("--set", "gate.calibration.required=false"),
]


def add_column(project: Project, declaration: str, expression: str) -> None:
    """Give `Inputs` one more column, and let data.py fill it."""
    name = declaration.partition(":")[0]
    project.edit("schema.py", "has_account: bool\n", f"has_account: bool\n    {declaration}\n")
    project.edit("data.py", READ, f'{READ}    applications["{name}"] = {expression}\n')


def add_step(project: Project, module: str, line: str) -> None:
    """Add a first step that runs this line, and import a module for it."""
    project.edit("features.py", "import pandas as pd", f"import {module}\nimport pandas as pd")
    project.edit("features.py", "def prepare()", STEP.format(line))
    project.edit("features.py", '("ratios", ', '("extra", Extra()), ("ratios", ')


def renew_code(project: Project) -> None:
    """Change the code but not its behaviour."""
    project.edit("features.py", "def prepare()", "NEW = 1\n\n\ndef prepare()")


def train_and_gate(project: Project, *words: str, code: int = 3) -> Answer:
    """Train a version and judge it."""
    project.run("train", "--as-of", AS_OF)
    return project.run("gate", *words, code=code)


def make_cautious(project: Project) -> None:
    """Give new versions an estimator that makes no prediction for amounts above a million."""
    imported = "import numpy as np\nimport pandas as pd\n"
    forest = "from sklearn.ensemble import HistGradientBoostingClassifier\n"
    project.edit("features.py", "import pandas as pd\n", f"{imported}{forest}")
    project.edit("features.py", "def prepare()", CAUTIOUS)
    project.edit(
        "model.py", "trees = HistGradientBoostingClassifier(", "trees = features.Cautious("
    )
