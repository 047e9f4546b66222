"""The HTTP API: the documented one under /node/api, and ours under /api/v1, of the same things through the same code.

    request → guard (who is it, may they) → route → ask the engine (a command), or look into the store (a read)

It knows the model, the engine's ports and what reads the store; it decides nothing but who may do what, and that in one place
(`rights.py`). Only this package names FastAPI. It runs on a thread of its own, which `daemon.py` starts.
"""
