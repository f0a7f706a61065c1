"""The command `serve`: the champion answers over HTTP."""
