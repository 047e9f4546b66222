"""The modern view of the API, under /api/v1: the same things as the documented one, through the same code.

Pages by cursor, versions as ETags, RFC 9457 problems; and what only we have: waiting for a job, cancelling, explaining and
simulating.
"""
