"""The command line. A verb is a file that parses, calls and prints; `main.py` has the table of them, and no file holds a rule."""
