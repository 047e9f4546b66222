"""Who asks: passwords, keys, and what of them a request carries. What somebody may do is decided elsewhere (`rights.py`).

`passwords.py` and `keys.py` load nothing of HTTP: the command line uses them too.
"""
