"""Write data that scikit-learn contains to the folder data, as a source would deliver it."""

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


if __name__ == "__main__":
    folder = Path("data")
    folder.mkdir(exist_ok=True)
    write_wine(folder / "wine.csv")
    write_diabetes(folder / "diabetes.csv")
