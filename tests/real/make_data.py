"""Write the data that scikit-learn brings along as files, as a source would deliver them."""

from pathlib import Path

from sklearn.datasets import load_diabetes, load_wine


def write_wine(path: Path) -> None:
    """Write 178 analysed wines of three cultivars."""
    wine = load_wine(as_frame=True)
    cultivars = wine.target.map(dict(enumerate(wine.target_names)))
    wine.data.assign(cultivar=cultivars).to_csv(path, index=False)


def write_diabetes(path: Path) -> None:
    """Write 442 patients and how far their disease had gone after a year."""
    diabetes = load_diabetes(as_frame=True, scaled=False)
    diabetes.data.assign(progression=diabetes.target).to_csv(path, index=False)
