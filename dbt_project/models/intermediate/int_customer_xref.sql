-- Which customer a source's customer is, from when to when. It is kept to know which customers changed.
{{
    config(
        materialized="incremental",
        pre_hook="{{ replace_changed(customer_key('source_name'), [changed_xref()], named={'customer_id': 'customer_id'}) }}",
        post_hook="{{ remember_build([], customer_key('source_name'), named={'customer_id': 'customer_id'}) }}",
    )
}}

select source_name, source_customer_id, customer_id, valid_from, valid_to
from {{ only_changed(source("identity", "identity_xref"), customer_key("source_name")) }}
