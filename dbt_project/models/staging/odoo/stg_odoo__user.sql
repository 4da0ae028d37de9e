select
    account.source_name || ':' || account.id as user_id,
    account.source_name,
    cast(account.id as varchar) as source_user_id,
    cast(account.partner_id as varchar) as source_partner_id,
    account.login,
    coalesce(account.share, false) as is_portal,
    coalesce(account.active, true) as is_active,
    -- Staff, and the accounts that Odoo makes for itself: their partners are nobody's customers.
    not coalesce(account.share, false) or account.login in ('public', 'portaltemplate') as is_internal
from {{ source("raw_odoo", "res_users") }} as account
inner join {{ ref("stg_ops__source") }} as source using (source_name)
