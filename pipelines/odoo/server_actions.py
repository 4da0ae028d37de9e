"""Code that the administrator installs and Odoo runs: it does what the bot may ask for and has no right to do itself.

Belongs here: server actions. Does not belong here: the records that ask for them (`schema.py`), and asking (`sink.py`).
"""

from pipelines.odoo.schema import (
    APPROVAL,
    BOT_GROUP,
    MODULE,
    NEW_PARTNER,
    ORDERPOINT,
    PARTNER_DETAILS,
    TASK,
    WIN_BACK_TYPE,
    Item,
    Ref,
    Value,
    model_xml_id,
)

# An activity that a person has done, deleted or changed is the person's.
_DELIVER_CODE = f"""
waiting = records.sudo().filtered(lambda task: not task.x_is_delivered)
fresh = waiting.filtered(lambda task: not task.x_activity_id and not task.x_delivered_name)
wanted = fresh.filtered(lambda task: not task.x_is_over and not task.x_is_removed)
partner_model = env['ir.model'].sudo()._get('res.partner')
activity_type = env.ref('{WIN_BACK_TYPE}').sudo()
activities = env['mail.activity'].sudo().with_context(mail_activity_quick_update=True).create([{{
    'activity_type_id': activity_type.id,
    'res_model_id': partner_model.id,
    'res_id': task.x_partner_id.id,
    'user_id': task.x_user_id.id,
    'summary': task.x_name,
    'note': task.x_note,
    'date_deadline': task.x_deadline,
}} for task in wanted])
for task, activity in zip(wanted, activities):
    task.write({{'x_activity_id': activity.id}})
for task in waiting - fresh:
    activity = task.x_activity_id.with_context(mail_activity_quick_update=True)
    if not activity or not activity.active:
        continue
    is_ours = (
        activity.summary == task.x_delivered_name
        and str(activity.note or '') == str(task.x_delivered_note or '')
        and activity.date_deadline == task.x_delivered_deadline
        and activity.user_id == task.x_delivered_user_id
        and activity.res_id == task.x_partner_id.id
    )
    if not is_ours:
        task.write({{'x_is_taken_over': True}})
    elif task.x_is_removed:
        activity.unlink()
    elif task.x_is_over:
        task.write({{'x_is_closed_by_pipeline': True}})
        activity.action_feedback(feedback=task.x_over_note)
    else:
        activity.write({{'summary': task.x_name, 'note': task.x_note}})
for task in waiting:
    delivered = {{'x_is_delivered': True}}
    activity = task.x_activity_id
    if activity and activity.active and not task.x_is_taken_over:
        delivered.update({{
            'x_delivered_name': activity.summary,
            'x_delivered_note': activity.note,
            'x_delivered_deadline': activity.date_deadline,
            'x_delivered_user_id': activity.user_id.id,
        }})
    task.write(delivered)
""".strip()
# The bot may not write a request, so that it cannot decide one. What a reviewer has decided is not withdrawn.
_WITHDRAW_CODE = """
undecided = records.sudo().filtered(lambda request: not request.x_decision)
undecided.write({'x_is_withdrawn': env.context.get('reknit_is_withdrawn', False)})
""".strip()
# The external id is made in the same transaction: a second partner for the customer cannot be.
_MAKE_PARTNERS_CODE = f"""
waiting = records.sudo().filtered(lambda row: not row.x_is_made)
countries = {{country.code: country.id for country in env['res.country'].sudo().search([])}}
partners = env['res.partner'].sudo().with_context(tracking_disable=True, mail_create_nosubscribe=True).create([{{
    'name': row.x_name,
    'email': row.x_email,
    'phone': row.x_phone,
    'street': row.x_street,
    'zip': row.x_zip,
    'city': row.x_city,
    'country_id': countries.get(row.x_country_code, False),
}} for row in waiting])
env['ir.model.data'].sudo().create([{{
    'module': '{MODULE}',
    'name': 'partner_' + row.x_key.partition(':')[2],
    'model': 'res.partner',
    'res_id': partner.id,
    'noupdate': True,
}} for row, partner in zip(waiting, partners)])
for row, partner in zip(waiting, partners):
    row.write({{
        'x_partner_id': partner.id, 'x_is_made': True, 'x_name': row.x_key,
        {", ".join(f"'{name}': False" for name in [*PARTNER_DETAILS][1:])}
    }})
""".strip()


def _action_item(name: str, label: str, model: str, code: str) -> Item:
    values: dict[str, Value] = {
        "name": label,
        "model_id": Ref(model_xml_id(model)),
        "state": "code",
        "code": code,
        "group_ids": (Ref(BOT_GROUP),),
    }
    return Item(name, "ir.actions.server", values, ("name",))


# Under the person's own rights. By rules that are automatic Odoo orders by itself.
_TAKE_OVER_CODE = """
for rule in records.filtered(lambda rule: rule.trigger == 'manual' and rule.x_reknit_suggested_qty > 0):
    rule.write({'qty_to_order': rule.x_reknit_suggested_qty})
""".strip()

ACTIONS = (
    _action_item("action_deliver_tasks", "Reknit: make the activities of tasks", TASK, _DELIVER_CODE),
    _action_item("action_make_partners", "Reknit: make partners", NEW_PARTNER, _MAKE_PARTNERS_CODE),
    _action_item("action_withdraw", "Reknit: withdraw requests whose matter is over", APPROVAL, _WITHDRAW_CODE),
    Item(
        "action_take_over",
        "ir.actions.server",
        {
            "name": "Take over the suggested order",
            "model_id": Ref(model_xml_id(ORDERPOINT)),
            "binding_model_id": Ref(model_xml_id(ORDERPOINT)),
            "state": "code",
            "code": _TAKE_OVER_CODE,
        },
        ("name",),
        needs=ORDERPOINT,
    ),
)
