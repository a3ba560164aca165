"""The REST API under /api/v1/: parse, authorise, call one function below, translate the answer."""
