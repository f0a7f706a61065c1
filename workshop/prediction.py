"""Print each prediction about a loan: run it in the project, with the key of the loan."""

import sys
from glob import glob

import pandas as pd

predictions = pd.concat(map(pd.read_parquet, glob("predictions/dev/date=*/*/*.parquet")))
print(predictions[predictions["application_id"] == sys.argv[1]].T.to_string(header=False))
