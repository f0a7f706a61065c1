"""The model: its data, schema, features and estimator. The platform that runs it is in `mlops`."""
