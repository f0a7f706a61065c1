"""The drafted synthetic.py takes the place of a table with all that makes tables hard to read."""

import random
import shutil

import pandas as pd
import pytest

from lifecycle.project import Project
from lifecycle.rehearsals import rehearse


@pytest.mark.full
def test_the_drafted_files_are_rehearsed_without_the_table(born: Project) -> None:
    """The rows of the table have no key, so their numbers must not depend on the window."""
    path = born.folder / "data/orders.csv"
    path.parent.mkdir()
    orders(3_000).to_csv(path, index=False)
    born.run("draft", "data/orders.csv", "--target", "Churn")
    for file in born.path("build/draft").glob("*.py"):
        shutil.copy(file, born.package)
    for file in born.path("build/draft/conf").glob("*.yml"):
        shutil.copy(file, born.path("conf"))
    shutil.rmtree(path.parent)
    born.commit()
    code, said = rehearse(born)
    assert code == 0, said[-3000:]


def orders(count: int) -> pd.DataFrame:
    """Return orders of fifteen months, with dates, codes, flags and gaps in odd forms."""
    chance = random.Random(7)  # noqa: S311 - of test data
    first = pd.Timestamp("2024-01-01")
    days = [first + pd.Timedelta(days=456 * number // count) for number in range(count)]
    tenure = [chance.randint(0, 240) for _ in days]
    region = [chance.choice(["north", "south", "east", "west"]) for _ in days]
    amount = [f"{chance.lognormvariate(6, 1):.2f}" for _ in days]
    late = [
        r == "east" and t < 120 + chance.gauss(0, 50) for r, t in zip(region, tenure, strict=True)
    ]
    return pd.DataFrame(
        {
            "Order Date": [day.strftime("%d/%m/%Y") for day in days],
            "Branch No": [f"{chance.randint(1, 400):05d}" for _ in days],
            "Region": region,
            "Amount (EUR)": ["NA" if chance.random() < 0.1 else text for text in amount],
            "tenure": tenure,
            "Opted In": [chance.choice(["true", "false", ""]) for _ in days],
            "Share pct": [round(chance.uniform(0, 100), 1) for _ in days],
            "Comment": [f"note {number} about {chance.random()}" for number in range(count)],
            "Churn": ["yes" if value or chance.random() < 0.1 else "no" for value in late],
        }
    )
