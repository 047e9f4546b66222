"""The documented API, under /node/api: the paths, verbs, names and types of the platform's (reference: *REST API*, *Types on the
documented API*), so that a client that was written for it works unchanged.

What it is about is `http/resources`, which it shares with ours; here is only how that is said and asked for.
"""
