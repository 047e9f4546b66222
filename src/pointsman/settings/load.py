"""From files, environment and flags to one configuration that is known to be right."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pointsman.errors import ConfigurationError
from pointsman.model.catalog import Catalog
from pointsman.model.rule import IntakeRule, ReplyRule
from pointsman.model.scenario import Scenario
from pointsman.settings.catalog import CatalogBuilder
from pointsman.settings.definitions import Definition, definitions
from pointsman.settings.document import read_document
from pointsman.settings.effective import effective_settings
from pointsman.settings.faults import PLANNED, keys_of
from pointsman.settings.filters import FilterCheck
from pointsman.settings.forms import FileForm, IntakeForm, ReplyForm
from pointsman.settings.intake import IntakeBuilder, own_filters
from pointsman.settings.layers import SettingPath
from pointsman.settings.merge import merge
from pointsman.settings.problem import Origin, Problem, nearest, one_of
from pointsman.settings.replies import ReplyBuilder
from pointsman.settings.report import Report
from pointsman.settings.scenario_forms import ScenarioForm
from pointsman.settings.scenarios import ScenarioBuilder
from pointsman.settings.schema import Settings
from pointsman.settings.sources import Sources
from pointsman.settings.tree import Map

VARIABLE = "POINTSMAN_CONFIG"
HERE = Path("pointsman.yaml")
SYSTEM = Path("/etc/pointsman/pointsman.yaml")


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that a worker is told."""

    settings: Settings
    catalog: Catalog
    rules: tuple[IntakeRule, ...]
    definitions: tuple[Definition, ...]
    """The catalog as documents, for the store."""
    sources: tuple[str, ...]
    """The files that it was read from."""
    replies: tuple[ReplyRule, ...] = ()
    warnings: tuple[Problem, ...] = ()
    """What is right, but does not do what one might think."""
    scenarios: tuple[Scenario, ...] = ()
    """The tests of its rules."""
    origins: Mapping[SettingPath, Origin] = field(default_factory=dict)
    """Where each setting was given."""


def find_configuration(explicit: str | None, environ: Mapping[str, str]) -> Path:
    """The file to read: `--config`, else POINTSMAN_CONFIG, else ./pointsman.yaml, else /etc/pointsman/pointsman.yaml.

    Raises ConfigurationError when the one that is named is not there, or none is.
    """
    named, by = (explicit, "--config") if explicit else (environ.get(VARIABLE), VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise ConfigurationError(f"expected a configuration file at {named}, as {by} says, found none; correct it")
        return Path(named)
    for path in (HERE, SYSTEM):
        if os.path.isfile(path):
            return path
    raise ConfigurationError(
        f"expected a configuration file, found none; looked at --config, {VARIABLE}, ./{HERE} and {SYSTEM}: name or write one"
    )


def load_configuration(path: Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Configuration:
    """Read a file, and conf.d/*.yaml beside it. `overrides` are settings of the command line, by names such as `mqtt.url`.

    Raises InvalidConfiguration, a ConfigurationError, with every problem that can be found at once.
    """
    sources = Sources()
    report = Report(sources)
    tree = read_files(path, report, sources)
    _check_sections(tree, report)
    settings, origins = effective_settings(tree, environ, overrides or {}, report)
    builder = CatalogBuilder(tree, report)
    catalog = builder.build()
    filters = FilterCheck(report, own_filters(settings.mqtt.base_topic, settings.node.id))
    intake, answers = IntakeBuilder(report, catalog, filters), ReplyBuilder(report, filters)
    rules = [intake.build(form, place) for form, place in builder.items("intake", IntakeForm)]
    replies = [answers.build(form, place) for form, place in builder.items("replies", ReplyForm)]
    tests = ScenarioBuilder(report, catalog)
    scenarios = [tests.build(form, place) for form, place in builder.items("tests", ScenarioForm)]
    report.raise_problems()
    return Configuration(
        settings=settings,
        catalog=catalog,
        rules=tuple([rule for rule in rules if rule is not None]),
        replies=tuple([rule for rule in replies if rule is not None]),
        definitions=tuple(definitions(catalog, builder.kept)),
        sources=sources.names,
        warnings=report.warnings,
        scenarios=tuple([scenario for scenario in scenarios if scenario is not None]),
        origins=origins,
    )


def read_files(path: Path, report: Report, sources: Sources) -> Map:
    """A file, and conf.d/*.yaml beside it, as one tree."""
    trees = []
    for file in (path, *sorted((path.parent / "conf.d").glob("*.yaml"))):
        found = read_document(file, sources)
        if isinstance(found, Problem):
            report.add(found)
        else:
            trees.append(found)
    return trees[0] if len(trees) == 1 else merge(trees, report)


def _check_sections(tree: Map, report: Report) -> None:
    sections = keys_of(FileForm)
    for name in tree:
        if name not in sections:
            hint = f": {PLANNED[name]} is not part of this version; take it out" if name in PLANNED else nearest(name, sections)
            report.key(tree, [name], f"expected {one_of(sections)}, found {name!r}{hint}")
