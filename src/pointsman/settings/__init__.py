"""The configuration: read, layered, checked, and turned into settings, catalog and intake rules.

    load.py        find_configuration, load_configuration: the whole way in one function
    document.py    one file → a tree (tree.py) whose values know where they stood (sources.py); quick.py and general.py read YAML
    effective.py   layers.py (flag > environment > secrets > file > default) → schema.py, the settings
    catalog.py     forms.py → the model's catalog, by operations.py, triggers.py and properties.py; intake.py → its rules
    report.py      gathers problems (problem.py), each with its place; faults.py puts pydantic's into our words
    show.py        what is in force and where it was given; the JSON Schema of the file

Knows the model, pydantic and ruamel.yaml. Must not know what the settings are for: no paho, no SQL, no processes.
"""

from pointsman.settings.load import Configuration, find_configuration, load_configuration
from pointsman.settings.problem import InvalidConfiguration, Origin, Problem
from pointsman.settings.schema import Settings

__all__ = [
    "Configuration",
    "InvalidConfiguration",
    "Origin",
    "Problem",
    "Settings",
    "find_configuration",
    "load_configuration",
]
