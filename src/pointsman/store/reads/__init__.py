"""Questions to the store, one function each, for whoever only reads. They bypass the engine, and never wait for it."""
