"""What the settings and the connected Odoos say of resolving customers."""

from pathlib import Path

import pytest

from models.identity.settings import OwnContact
from pipelines.identities import config
from pipelines.settings import Settings, read_settings
from pipelines.warehouse import connect
from tests.pipelines.conftest import RETAIL, stage


@pytest.mark.usefixtures("prepared")
def test_the_shops_own_contacts_are_those_of_its_companies_here_and_in_odoo(settings: Settings, tmp_path: Path) -> None:
    """Of Odoo's partners only the companies: a clerk may be a customer as well."""
    company = "companies: {c: {name: C, country_code: US, currency_code: USD"
    text = RETAIL.replace(
        company, f"{company}, contacts: [{{email: hello@c.example, street: 1 Elm St, postcode: '1'}}]"
    )
    path = tmp_path / "own.yaml"
    path.write_text(f"{text}identity: {{trusted_sources: [card], golden: {{email: [longest]}}}}\n", encoding="utf-8")
    stage()
    with connect() as connection:
        connection.execute(
            """insert into stg_odoo__partner (source_name, source_customer_id, email, phone, street, postcode,
                country_code) values
                ('odoo', '1', 'office@c.example', '212-555-0100', null, null, 'US'),
                ('odoo', '7', 'clerk@c.example', null, null, null, 'US');
            insert into stg_odoo__company values ('odoo', '1')"""
        )
        found = config(connection, read_settings(path))
    assert found.own_contacts == (
        OwnContact("hello@c.example", None, "1 Elm St", "1", "US"),
        OwnContact("office@c.example", "212-555-0100", None, None, "US"),
    )
    assert (found.trusted_sources, found.golden["email"]) == (("card",), ("longest",))
