"""Labels of fields, choices, menus and views in the languages that an Odoo has installed.

Belongs here: the words, and bringing them into a server that `setup.py` has set up. Does not belong here: sentences
about customers and products (`sentences.py`). What only the pipeline reads has no words here and stays English.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pipelines.odoo.client import OdooClient
from pipelines.odoo.schema import Item
from pipelines.odoo.sentences import LANGUAGES

# English, German, French, Spanish.
LABELS: tuple[tuple[str, str, str, str], ...] = (
    ("About to sleep", "Schläft bald ein", "Bientôt endormi", "A punto de dormirse"),
    ("Active", "Aktiv", "Actif", "Activo"),
    ("Amount", "Betrag", "Montant", "Importe"),
    ("Approved", "Genehmigt", "Approuvé", "Aprobado"),
    ("As of", "Stand", "Au", "A fecha de"),
    ("Asked", "Gefragt am", "Demandé le", "Preguntado el"),
    ("At risk", "Gefährdet", "À risque", "En riesgo"),
    ("Being checked", "In Prüfung", "En vérification", "En revisión"),
    ("Brand", "Marke", "Marque", "Marca"),
    ("By", "Von", "Par", "Por"),
    ("Cannot lose them", "Nicht zu verlieren", "À ne pas perdre", "No perder"),
    ("Cannot say", "Nicht zu sagen", "Impossible à dire", "No se puede decir"),
    ("Champions", "Spitzenkunden", "Champions", "Campeones"),
    ("Channels", "Kanäle", "Canaux", "Canales"),
    ("Churn probability", "Abwanderungswahrscheinlichkeit", "Probabilité de départ", "Probabilidad de abandono"),
    ("Churn reasons", "Gründe für Abwanderung", "Raisons du départ", "Motivos de abandono"),
    ("Churn risk", "Abwanderungsrisiko", "Risque de départ", "Riesgo de abandono"),
    ("Credit note", "Gutschrift", "Avoir", "Factura rectificativa"),
    ("Currency", "Währung", "Devise", "Moneda"),
    ("Currency of value at risk", "Währung des Werts in Gefahr", "Devise de la valeur menacée",
     "Moneda del valor en riesgo"),
    ("Currency of lifetime value", "Währung des Kundenwerts", "Devise de la valeur client",
     "Moneda del valor del cliente"),
    ("Customer", "Kunde", "Client", "Cliente"),
    ("Days of cover", "Reichweite in Tagen", "Jours de couverture", "Días de cobertura"),
    ("Decision", "Entscheidung", "Décision", "Decisión"),
    ("Different customers", "Verschiedene Kunden", "Clients différents", "Clientes distintos"),
    ("Do not contact", "Nicht ansprechen", "Ne pas contacter", "No contactar"),
    ("Expected value", "Erwarteter Wert", "Valeur attendue", "Valor esperado"),
    ("Fine", "In Ordnung", "En ordre", "Correcto"),
    ("For some channels", "Für manche Kanäle", "Pour certains canaux", "Para algunos canales"),
    ("Forecast", "Prognose", "Prévision", "Previsión"),
    ("Forecast, 4 weeks", "Prognose, 4 Wochen", "Prévision, 4 semaines", "Previsión, 4 semanas"),
    ("Forecast, high", "Prognose, hoch", "Prévision haute", "Previsión alta"),
    ("Forecast, low", "Prognose, niedrig", "Prévision basse", "Previsión baja"),
    ("Forecasts", "Prognosen", "Prévisions", "Previsiones"),
    ("Given", "Erteilt", "Donné", "Dado"),
    ("Has a loyalty account", "Hat ein Treuekonto", "A un compte de fidélité", "Tiene cuenta de fidelidad"),
    ("Hibernating", "Im Winterschlaf", "En hibernation", "Hibernando"),
    ("High", "Hoch", "Élevé", "Alto"),
    ("High churn risk", "Hohes Abwanderungsrisiko", "Risque de départ élevé", "Riesgo de abandono alto"),
    ("High value", "Hoher Wert", "Valeur élevée", "Valor alto"),
    ("Highest stock-out risk", "Höchstes Fehlbestandsrisiko", "Plus grand risque de rupture",
     "Mayor riesgo de rotura"),
    ("How unusual", "Wie ungewöhnlich", "Degré d'anomalie", "Grado de anomalía"),
    ("Judged as of", "Beurteilt zum", "Jugé au", "Juzgado a fecha de"),
    ("Lifetime value", "Kundenwert", "Valeur client", "Valor del cliente"),
    ("Linked sale", "Zugehöriger Verkauf", "Vente liée", "Venta vinculada"),
    ("Low", "Gering", "Faible", "Bajo"),
    ("Lowest days of cover", "Geringste Reichweite in Tagen", "Plus faible couverture en jours",
     "Menor cobertura en días"),
    ("Loyal", "Treu", "Fidèles", "Fieles"),
    ("Loyalty points", "Treuepunkte", "Points de fidélité", "Puntos de fidelidad"),
    ("Main brand", "Hauptmarke", "Marque principale", "Marca principal"),
    ("Marketing consent", "Werbeeinwilligung", "Consentement publicitaire", "Consentimiento publicitario"),
    ("Medium", "Mittel", "Moyen", "Medio"),
    ("New", "Neu", "Nouveaux", "Nuevos"),
    ("Not stated", "Nicht angegeben", "Non précisé", "No indicado"),
    ("Odd", "Auffällig", "Anormal", "Anómalo"),
    ("On hand", "Auf Lager", "En stock", "En existencias"),
    ("On order", "Bestellt", "Commandé", "Pedido"),
    ("One customer", "Ein Kunde", "Un seul client", "Un solo cliente"),
    ("Open cases", "Offene Fälle", "Dossiers ouverts", "Casos abiertos"),
    ("Order at", "Bestellen bei", "Commander à", "Pedir con"),
    ("Order now", "Jetzt bestellen", "Commander maintenant", "Pedir ahora"),
    ("Order up to", "Auffüllen bis", "Compléter jusqu'à", "Completar hasta"),
    ("Product", "Produkt", "Produit", "Producto"),
    ("Promising", "Vielversprechend", "Prometteurs", "Prometedores"),
    ("Reasons", "Gründe", "Raisons", "Motivos"),
    ("Refused", "Abgelehnt", "Refusé", "Rechazado"),
    ("Rejected", "Abgelehnt", "Refusé", "Rechazado"),
    ("Reknit approvals", "Reknit: Genehmigungen", "Reknit : approbations", "Reknit: aprobaciones"),
    ("Reknit cases", "Reknit: Fälle", "Reknit : dossiers", "Reknit: casos"),
    ("Reknit: one customer or two?", "Reknit: ein Kunde oder zwei?", "Reknit : un client ou deux ?",
     "Reknit: ¿un cliente o dos?"),
    ("Reknit: Win back", "Reknit: Zurückgewinnen", "Reknit : reconquérir", "Reknit: recuperar"),
    ("Reordering rule", "Nachbestellregel", "Règle de réapprovisionnement", "Regla de reabastecimiento"),
    ("Return at the till", "Rückgabe an der Kasse", "Retour en caisse", "Devolución en caja"),
    ("Sale at the till", "Verkauf an der Kasse", "Vente en caisse", "Venta en caja"),
    ("Sales order", "Verkaufsauftrag", "Commande client", "Pedido de venta"),
    ("Scored as of", "Bewertet zum", "Évalué au", "Evaluado a fecha de"),
    ("Scores", "Bewertungen", "Évaluations", "Evaluaciones"),
    ("Segment", "Segment", "Segment", "Segmento"),
    ("Sold by", "Verkauft mit", "Vendu par", "Vendido con"),
    ("Stock-out risk", "Fehlbestandsrisiko", "Risque de rupture", "Riesgo de rotura"),
    ("Stop all writing", "Alles Schreiben anhalten", "Arrêter toute écriture", "Detener toda escritura"),
    ("Store", "Filiale", "Magasin", "Tienda"),
    ("Stores with a forecast", "Filialen mit Prognose", "Magasins avec prévision", "Tiendas con previsión"),
    ("Suggested as of", "Vorgeschlagen zum", "Suggéré au", "Sugerido a fecha de"),
    ("Suggested order", "Bestellvorschlag", "Commande suggérée", "Pedido sugerido"),
    ("Suggested orders", "Bestellvorschläge", "Commandes suggérées", "Pedidos sugeridos"),
    ("Take over", "Übernehmen", "Reprendre", "Adoptar"),
    ("Take over the suggested order", "Bestellvorschlag übernehmen", "Reprendre la commande suggérée",
     "Adoptar el pedido sugerido"),
    ("This is wrong", "Das ist falsch", "C'est faux", "Esto es incorrecto"),
    ("To answer", "Zu beantworten", "À répondre", "Por responder"),
    ("To look at", "Anzusehen", "À regarder", "Por mirar"),
    ("Unusual returns", "Ungewöhnliche Rückgaben", "Retours inhabituels", "Devoluciones inusuales"),
    ("Value at risk", "Wert in Gefahr", "Valeur menacée", "Valor en riesgo"),
    ("Variant", "Variante", "Variante", "Variante"),
    ("Waiting", "Wartet", "En attente", "En espera"),
    ("Weeks ahead", "Wochen voraus", "Semaines à venir", "Semanas por delante"),
    ("What", "Was", "Quoi", "Qué"),
    ("What is unusual", "Was ungewöhnlich ist", "Ce qui est inhabituel", "Qué es inusual"),
    ("What it is about", "Worum es geht", "De quoi il s'agit", "De qué se trata"),
    ("What to do", "Was zu tun ist", "Que faire", "Qué hacer"),
    ("Why so much", "Warum so viel", "Pourquoi autant", "Por qué tanto"),
    ("With a churn score", "Mit Abwanderungsrisiko", "Avec un risque de départ", "Con riesgo de abandono"),
    ("With a forecast", "Mit Prognose", "Avec une prévision", "Con previsión"),
    ("Withdrawn", "Zurückgezogen", "Retiré", "Retirado"),
    ("Without a reordering rule", "Ohne Nachbestellregel", "Sans règle de réapprovisionnement",
     "Sin regla de reabastecimiento"),
)  # fmt: skip
_WORDS = {words[0]: dict(zip(LANGUAGES, words, strict=True)) for words in LABELS}
# The field of a model that people read.
LABELLED = {
    "ir.model.fields": "field_description",
    "ir.model.fields.selection": "name",
    "mail.activity.type": "name",
    "ir.actions.act_window": "name",
    "ir.actions.server": "name",
    "ir.ui.menu": "name",
    "project.project": "name",
    "project.task.type": "name",
}
VIEW = "ir.ui.view"
_TERM = re.compile(r'string="([^"]+)"')

# Record, its name for people, field, and the words by language code, for views by term.
Translation = tuple[str, int, str, str, dict[str, Any]]


def missing_translations(client: OdooClient, items: Sequence[tuple[Item, int]]) -> Iterator[Translation]:
    """Labels of existing records that do not stand in the server's languages as they do here."""
    found = client.search_read("res.lang", [["active", "=", True]], ["code"], order="code")
    codes = [row["code"] for row in found if row["code"][:2] in LANGUAGES[1:]]
    if not codes:
        return
    for model, field in LABELLED.items():
        if model == "ir.model.fields.selection":
            fields = [id_ for item, id_ in items if item.model == "ir.model.fields" and "selection" in item.values]
            rows = client.search_read(model, [["field_id", "in", fields]], ["name", "value"], order="id")
            records = [(row["id"], row["name"], f"choice {row['value']}") for row in rows]
        else:
            records = [(id_, str(item.values[field]), item.name) for item, id_ in items if item.model == model]
        peoples = {id_ for item, id_ in items if item.model == model and item.is_peoples}
        yield from _labels(client, model, field, records, codes, peoples)
    yield from _terms(client, [(item, id_) for item, id_ in items if item.model == VIEW], codes)


def _labels(
    client: OdooClient,
    model: str,
    field: str,
    records: Sequence[tuple[int, str, str]],
    codes: Sequence[str],
    peoples: Collection[int],
) -> Iterator[Translation]:
    """peoples: records of which only a name that is still ours, in English, is translated."""
    known = [record for record in records if record[1] in _WORDS]
    shown = {code: _read(client, model, field, [id_ for id_, _, _ in known], code) for code in codes}
    for id_, english, name in known:
        wanted = {code: _WORDS[english][code[:2]] for code in codes}
        differing = {
            code: text
            for code, text in wanted.items()
            if shown[code][id_] != text and (id_ not in peoples or shown[code][id_] == english)
        }
        if differing:
            yield model, id_, name, field, differing


def _terms(client: OdooClient, views: Sequence[tuple[Item, int]], codes: Sequence[str]) -> Iterator[Translation]:
    shown = {code: _read(client, VIEW, "arch", [id_ for _, id_ in views], code) for code in codes}
    for item, id_ in views:
        terms = {term for term in _TERM.findall(str(item.values["arch"])) if term in _WORDS}
        differing = {
            code: {term: _WORDS[term][code[:2]] for term in sorted(terms)}
            for code in codes
            if not {_WORDS[term][code[:2]] for term in terms} <= {*_TERM.findall(shown[code][id_])}
        }
        if differing:
            yield VIEW, id_, item.name, "arch_db", differing


def _read(client: OdooClient, model: str, field: str, ids: Sequence[int], code: str) -> dict[int, str]:
    context = {"active_test": False, "lang": code}
    rows = client.search_read(model, [["id", "in", list(ids)]], [field], context=context)
    return {row["id"]: row[field] for row in rows}
