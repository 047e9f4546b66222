"""What the engine keeps in mind from batch to batch, besides what it asks the store for. Changed only by what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.core.chain import Recent
from pointsman.core.limits import Bounds, BucketKey, Buckets
from pointsman.core.underway import Underway
from pointsman.model.catalog import Catalog, Resolved
from pointsman.model.ids import EntityRef
from pointsman.model.json import Json
from pointsman.model.remembered import Quarantine, Remembered
from pointsman.model.state import ManualState
from pointsman.model.write import SaveManual, SaveProperty, SaveQuarantine


@dataclass(slots=True)
class Standing:
    """All of it. Begin with `standing_of` what the store remembers."""

    bounds: Bounds = field(default_factory=Bounds)
    buckets: Buckets | None = field(init=False)
    """What is left of how often an operation may be triggered for one entity; None: as often as it likes."""
    recent: Recent = field(default_factory=Recent)
    underway: Underway = field(default_factory=Underway)
    manual: dict[EntityRef, ManualState] = field(default_factory=dict)
    properties: dict[EntityRef, dict[str, Json]] = field(default_factory=dict)
    """Values that were set while running; they go before those of the catalog."""
    quarantines: dict[BucketKey, Quarantine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.buckets = Buckets(self.bounds.rate) if self.bounds.rate else None

    def keep(self, write: SaveManual | SaveProperty | SaveQuarantine) -> None:
        """Take in what was decided."""
        match write:
            case SaveManual(entity, manual):
                self.manual.pop(entity, None)
                if manual is not None:
                    self.manual[entity] = manual
            case SaveProperty():
                self.properties.setdefault(write.entity, {})[write.name] = write.value
            case SaveQuarantine():
                self.quarantines[write.entity, write.operation] = Quarantine(write.until, write.times)

    def forget(self, entity: EntityRef) -> None:
        """An entity is gone."""
        self.manual.pop(entity, None)
        self.properties.pop(entity, None)
        for key in [each for each in self.quarantines if each[0] == entity]:
            del self.quarantines[key]

    def properties_of(self, resolved: Resolved) -> Mapping[str, Json]:
        """The properties of an entity as they are now: those that are declared, and no other that was once set."""
        own = self.properties.get(resolved.entity.ref)
        if not own:
            return resolved.properties
        return {name: own.get(name, declared) for name, declared in resolved.properties.items()}


def standing_of(remembered: Remembered, catalog: Catalog, bounds: Bounds) -> Standing:
    """What a worker begins with."""
    return Standing(
        bounds=bounds,
        underway=Underway(
            job for job in remembered.open if job.waits is not None or not catalog.conduct(job.entity, job.operation).is_plain
        ),
        manual=dict(remembered.manual),
        properties={ref: dict(values) for ref, values in remembered.properties.items()},
        quarantines=dict(remembered.quarantines),
    )
