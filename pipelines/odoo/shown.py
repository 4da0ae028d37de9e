"""How values look to people: SQL expressions that round to what somebody would notice and make text safe to show.

Belongs here: rounding and escaping. Does not belong here: which values are shown (`plan.py`, `tasks.py`).
"""


def plain(text: str) -> str:
    """SQL for text without the control characters that XML cannot carry."""
    return rf"regexp_replace({text}, '[\x00-\x08\x0b\x0c\x0e-\x1f]', '', 'g')"


def html(text: str) -> str:
    """SQL for text inside HTML."""
    return f"replace(replace(replace({plain(text)}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"


def lines(reasons: str) -> str:
    return plain(f"array_to_string({reasons}, chr(10))")


def items(reasons: str) -> str:
    """SQL for reasons as an HTML list."""
    return f"""'<ul>' || array_to_string(list_transform({reasons}, lambda reason:
        '<li>' || {html("reason")} || '</li>'), '') || '</ul>'"""


def share(value: str) -> str:
    """A probability as people read it: whole percents."""
    return f"round({value}, 2)::decimal(9, 2)"


def money(value: str) -> str:
    """An amount as people read it: whole units."""
    return f"round({value}, 0)::decimal(18, 0)"


def quantity(value: str) -> str:
    """Units as people read them: whole from ten on, else with one decimal."""
    return f"if(abs({value}) >= 10, round({value}, 0), round({value}, 1))::decimal(18, 1)"
