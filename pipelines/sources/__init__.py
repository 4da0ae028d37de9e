"""Outside systems, one module each: what they send and how it is read. They know no Dagster and no warehouse."""

from pipelines.sources import campaign, carrier, headoffice, loyalty, odoo_entities, pos, shopify
from pipelines.sources.contract import System

SYSTEMS: dict[str, System] = {
    module.SYSTEM.name: module.SYSTEM
    for module in (pos, shopify, carrier, loyalty, campaign, headoffice, odoo_entities)
}
