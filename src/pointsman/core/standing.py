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

    def properties_of(self, resolved: Resolved) -> Mapping[str, Json]:
        """The properties of an entity as they are now."""
        own = self.properties.get(resolved.entity.ref)
        return {**resolved.properties, **own} if own else resolved.properties


def standing_of(remembered: Remembered, catalog: Catalog, bounds: Bounds) -> Standing:
    """What a worker begins with."""
    return Standing(
        bounds=bounds,
        underway=Underway(job for job in remembered.open if not catalog.conduct(job.entity, job.operation).is_plain),
        manual=dict(remembered.manual),
        properties={ref: dict(values) for ref, values in remembered.properties.items()},
        quarantines=dict(remembered.quarantines),
    )
