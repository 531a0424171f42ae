"""Architectures in SQL."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import select

from search_space.genotype import Genotype
from service.domain.errors import NotFound
from service.store.records import Records, adding
from service.store.tables import ArchitectureRow, TrialRow

# A search reads its trials again and again, and a genotype checks itself each time it is made.
genotype_of = lru_cache(maxsize=20_000)(Genotype.from_json)

ADD_ARCHITECTURE = adding(ArchitectureRow, ["key"])


class ArchitectureRecords(Records):
    """The promises of `service.ports.Store` about architectures."""

    def add_genotype(self, genotype: Genotype) -> None:
        """See `Store.add_genotype`."""
        self._add(ADD_ARCHITECTURE, {"key": genotype.key, "genotype": genotype.to_json()})

    def genotype(self, key: str) -> Genotype:
        """See `Store.genotype`."""
        text = self._connection.execute(select(ArchitectureRow.genotype).where(ArchitectureRow.key == key)).scalar()
        if text is None:
            raise NotFound(f"There is no architecture {key!r}.")
        return genotype_of(text)

    def tried_in(self, key: str) -> list[tuple[int, int]]:
        """See `Store.tried_in`."""
        query = select(TrialRow.job_id, TrialRow.number).where(TrialRow.architecture_key == key)
        return [(row.job_id, row.number) for row in self._connection.execute(query.order_by(TrialRow.id))]
