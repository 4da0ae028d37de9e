"""What the pipeline says to people in Odoo, in their language: one row a sentence, English first.

Belongs here: the words. Does not belong here: who reads which language (`language.py`) and the sentences themselves,
which the models give in English; a sentence that has no row here stays English.

`{0}` is the first fact of a sentence; `{0:day|days}` is the word for one of it, then for any other number.
"""

LANGUAGES = ("en", "de", "fr", "es")

# English, German, French, Spanish.
SENTENCES: tuple[tuple[str, str, str, str], ...] = (
    # Why a customer may leave.
    (
        "Last purchase {0} {0:day|days} ago; no second one yet",
        "Letzter Kauf vor {0} {0:Tag|Tagen}; noch kein zweiter",
        "Dernier achat il y a {0} {0:jour|jours} ; pas encore de second",
        "Última compra hace {0} {0:día|días}; aún no hay segunda",
    ),
    (
        "No purchase for {0} {0:day|days}; usual gap {1} {1:day|days}",
        "Seit {0} {0:Tag|Tagen} kein Kauf; üblicher Abstand {1} {1:Tag|Tage}",
        "Aucun achat depuis {0} {0:jour|jours} ; écart habituel {1} {1:jour|jours}",
        "Sin compras desde hace {0} {0:día|días}; intervalo habitual {1} {1:día|días}",
    ),
    (
        "Last purchase {0} {0:day|days} ago; usual gap {1} {1:day|days}",
        "Letzter Kauf vor {0} {0:Tag|Tagen}; üblicher Abstand {1} {1:Tag|Tage}",
        "Dernier achat il y a {0} {0:jour|jours} ; écart habituel {1} {1:jour|jours}",
        "Última compra hace {0} {0:día|días}; intervalo habitual {1} {1:día|días}",
    ),
    (
        "{0} {0:order|orders} in the last 28 days, {1} in the 28 days before, {2} in a year",
        "{0} {0:Bestellung|Bestellungen} in den letzten 28 Tagen, {1} in den 28 Tagen davor, {2} in einem Jahr",
        "{0} {0:commande|commandes} ces 28 derniers jours, {1} les 28 jours d'avant, {2} en un an",
        "{0} {0:pedido|pedidos} en los últimos 28 días, {1} en los 28 anteriores, {2} en un año",
    ),
    (
        "Last gap between purchases {0} {0:day|days}; usual gap {1} {1:day|days}",
        "Letzter Abstand zwischen Käufen {0} {0:Tag|Tage}; üblicher Abstand {1} {1:Tag|Tage}",
        "Dernier écart entre achats {0} {0:jour|jours} ; écart habituel {1} {1:jour|jours}",
        "Último intervalo entre compras {0} {0:día|días}; intervalo habitual {1} {1:día|días}",
    ),
    (
        "Bought for {0} {1} in the last 28 days, {2} in the last 84",
        "Für {0} {1} in den letzten 28 Tagen gekauft, {2} in den letzten 84",
        "{0} {1} d'achats ces 28 derniers jours, {2} ces 84 derniers",
        "Compras por {0} {1} en los últimos 28 días, {2} en los últimos 84",
    ),
    (
        "An order is {0} {1} on average",
        "Eine Bestellung beträgt im Mittel {0} {1}",
        "Une commande est de {0} {1} en moyenne",
        "Un pedido es de {0} {1} de media",
    ),
    (
        "Bought from {0} {0:category|categories} in the last 84 days",
        "Aus {0} {0:Kategorie|Kategorien} in den letzten 84 Tagen gekauft",
        "Achats dans {0} {0:catégorie|catégories} ces 84 derniers jours",
        "Compras en {0} {0:categoría|categorías} en los últimos 84 días",
    ),
    (
        "Bought on {0} {0:day|days} in the weeks that a year ago followed",
        "An {0} {0:Tag|Tagen} gekauft in den Wochen, die vor einem Jahr folgten",
        "Achats {0} {0:jour|jours} dans les semaines qui suivaient il y a un an",
        "Compras en {0} {0:día|días} en las semanas que siguieron hace un año",
    ),
    (
        "{0} % of the value of the last 84 days was discount",
        "{0} % des Werts der letzten 84 Tage waren Rabatt",
        "{0} % de la valeur des 84 derniers jours était une remise",
        "El {0} % del valor de los últimos 84 días fue descuento",
    ),
    (
        "{0} % of the orders of the last 84 days on line",
        "{0} % der Bestellungen der letzten 84 Tage online",
        "{0} % des commandes des 84 derniers jours en ligne",
        "El {0} % de los pedidos de los últimos 84 días en línea",
    ),
    (
        "{0} % of the amount bought in a year was returned",
        "{0} % des in einem Jahr gekauften Betrags wurden zurückgegeben",
        "{0} % du montant acheté en un an a été retourné",
        "El {0} % del importe comprado en un año fue devuelto",
    ),
    (
        "{0} {0:service case|service cases} in a year",
        "{0} {0:Servicefall|Servicefälle} in einem Jahr",
        "{0} {0:demande|demandes} au service client en un an",
        "{0} {0:caso|casos} de atención al cliente en un año",
    ),
    (
        "{0} {0:point|points} on the loyalty account",
        "{0} {0:Punkt|Punkte} auf dem Kundenkonto",
        "{0} {0:point|points} sur le compte de fidélité",
        "{0} {0:punto|puntos} en la cuenta de fidelidad",
    ),
    (
        "{0} {0:campaign send|campaign sends} in the last 84 days, {1} {1:coupon|coupons} redeemed",
        "{0} {0:Kampagnensendung|Kampagnensendungen} in den letzten 84 Tagen, {1} {1:Gutschein|Gutscheine} eingelöst",
        "{0} {0:envoi|envois} de campagne ces 84 derniers jours, {1} {1:bon utilisé|bons utilisés}",
        "{0} {0:envío|envíos} de campaña en los últimos 84 días, {1} {1:cupón canjeado|cupones canjeados}",
    ),
    (
        "Last year {0} {0:day|days} with a purchase in the weeks now ahead",
        "Im Vorjahr {0} {0:Tag|Tage} mit einem Kauf in den Wochen, die jetzt kommen",
        "L'an dernier {0} {0:jour|jours} avec un achat dans les semaines à venir",
        "El año pasado {0} {0:día|días} con una compra en las semanas que vienen",
    ),
    (
        "{0} {0:order|orders} of others of the household in the last 84 days",
        "{0} {0:Bestellung|Bestellungen} anderer aus dem Haushalt in den letzten 84 Tagen",
        "{0} {0:commande|commandes} d'autres membres du foyer ces 84 derniers jours",
        "{0} {0:pedido|pedidos} de otros miembros del hogar en los últimos 84 días",
    ),
    (
        "First purchase {0} {0:day|days} ago",
        "Erster Kauf vor {0} {0:Tag|Tagen}",
        "Premier achat il y a {0} {0:jour|jours}",
        "Primera compra hace {0} {0:día|días}",
    ),
    (
        "Too little history of this brand for a model: judged by the days since the last purchase",
        "Zu wenig Verlauf dieser Marke für ein Modell: nach den Tagen seit dem letzten Kauf beurteilt",
        "Trop peu d'historique de cette marque pour un modèle : jugé d'après les jours depuis le dernier achat",
        "Poco historial de esta marca para un modelo: según los días desde la última compra",
    ),
    # What to do about it.
    (
        "Contact the customer this week: ask what is missing and make an offer for the usual basket.",
        "Den Kunden diese Woche ansprechen: fragen, was fehlt, und ein Angebot für den üblichen Korb machen.",
        "Contacter le client cette semaine : demander ce qui manque et faire une offre sur son panier habituel.",
        "Contactar al cliente esta semana: preguntar qué falta y hacer una oferta para su cesta habitual.",
    ),
    (
        "Put the customer on the next campaign and look again in two weeks.",
        "Den Kunden in die nächste Kampagne aufnehmen und in zwei Wochen wieder nachsehen.",
        "Mettre le client dans la prochaine campagne et revoir dans deux semaines.",
        "Incluir al cliente en la próxima campaña y volver a mirar en dos semanas.",
    ),
    ("Nothing to do.", "Nichts zu tun.", "Rien à faire.", "Nada que hacer."),
    # Why so much will be sold.
    (
        "Sold {0} last week, {1} a week over 4 weeks, {2} over 13",
        "Letzte Woche {0} verkauft, {1} je Woche über 4 Wochen, {2} über 13",
        "{0} vendus la semaine dernière, {1} par semaine sur 4 semaines, {2} sur 13",
        "{0} vendidos la semana pasada, {1} por semana en 4 semanas, {2} en 13",
    ),
    (
        "Sold {0} a week over the last 13 that have data",
        "{0} je Woche über die letzten 13 mit Daten verkauft",
        "{0} vendus par semaine sur les 13 dernières avec données",
        "{0} vendidos por semana en las últimas 13 con datos",
    ),
    (
        "{0} sold in the same 4 weeks a year ago",
        "{0} in denselben 4 Wochen vor einem Jahr verkauft",
        "{0} vendus les mêmes 4 semaines il y a un an",
        "{0} vendidos en las mismas 4 semanas hace un año",
    ),
    (
        "{0} {0:public holiday|public holidays} in the coming 4 weeks",
        "{0} {0:Feiertag|Feiertage} in den nächsten 4 Wochen",
        "{0} {0:jour férié|jours fériés} dans les 4 prochaines semaines",
        "{0} {0:festivo|festivos} en las próximas 4 semanas",
    ),
    (
        "Sold in {0} % of the last 13 weeks, {1} in the best one",
        "In {0} % der letzten 13 Wochen verkauft, {1} in der besten",
        "Vendu {0} % des 13 dernières semaines, {1} la meilleure",
        "Vendido en el {0} % de las últimas 13 semanas, {1} en la mejor",
    ),
    (
        "{0} % discount in the last 4 weeks",
        "{0} % Rabatt in den letzten 4 Wochen",
        "{0} % de remise ces 4 dernières semaines",
        "{0} % de descuento en las últimas 4 semanas",
    ),
    (
        "Price of the last 4 weeks was {0} % of the year's",
        "Der Preis der letzten 4 Wochen war {0} % dessen des Jahres",
        "Le prix des 4 dernières semaines était de {0} % de celui de l'année",
        "El precio de las últimas 4 semanas fue el {0} % del del año",
    ),
    (
        "All stores sold {0} a week over 4 weeks, {1} over 13",
        "Alle Filialen verkauften {0} je Woche über 4 Wochen, {1} über 13",
        "Tous les magasins ont vendu {0} par semaine sur 4 semaines, {1} sur 13",
        "Todas las tiendas vendieron {0} por semana en 4 semanas, {1} en 13",
    ),
    (
        "{0} {0:day|days} without stock in the last 4 weeks",
        "{0} {0:Tag|Tage} ohne Bestand in den letzten 4 Wochen",
        "{0} {0:jour|jours} sans stock ces 4 dernières semaines",
        "{0} {0:día|días} sin existencias en las últimas 4 semanas",
    ),
    (
        "Promoted in {0} of the coming 4 weeks, in {1} of the last 13",
        "In {0} der nächsten 4 Wochen in Aktion, in {1} der letzten 13",
        "En promotion {0} des 4 prochaines semaines, {1} des 13 dernières",
        "En promoción {0} de las próximas 4 semanas, {1} de las últimas 13",
    ),
    (
        "{0} on hand, {1} days of the forecast; {2} % chance to sell out in 4 weeks",
        "{0} auf Lager, {1} Tage der Prognose; zu {2} % in 4 Wochen ausverkauft",
        "{0} en stock, {1} jours de la prévision ; {2} % de risque de rupture en 4 semaines",
        "{0} en existencias, {1} días de la previsión; {2} % de probabilidad de agotarse en 4 semanas",
    ),
    (
        "Too little history of this brand for a model: mean of the last 13 weeks",
        "Zu wenig Verlauf dieser Marke für ein Modell: Mittel der letzten 13 Wochen",
        "Trop peu d'historique de cette marque pour un modèle : moyenne des 13 dernières semaines",
        "Poco historial de esta marca para un modelo: media de las últimas 13 semanas",
    ),
    (
        "No sales of the brand known in week {0} before, its feed may be silent: mean of the last 13 weeks",
        "Keine Verkäufe der Marke in Woche {0} davor bekannt, die Quelle schweigt vielleicht: Mittel der letzten 13 "
        "Wochen",
        "Aucune vente de la marque connue {0} semaine(s) avant, le flux est peut-être muet : moyenne des 13 dernières "
        "semaines",
        "Sin ventas conocidas de la marca {0} semana(s) antes, su fuente quizá calla: media de las últimas 13 semanas",
    ),
    # Why so much is to be ordered.
    (
        "Order {0}: {1} days need {2}, at most {3} with {4} % certainty, and {5} are on hand or on order",
        "{0} bestellen: {1} Tage brauchen {2}, mit {4} % Sicherheit höchstens {3}; {5} sind auf Lager oder bestellt",
        "Commander {0} : {1} jours demandent {2}, au plus {3} avec {4} % de certitude, et {5} sont en stock ou "
        "commandés",
        "Pedir {0}: {1} días necesitan {2}, como mucho {3} con {4} % de certeza, y hay {5} en existencias o pedidos",
    ),
    (
        "Order nothing: {0} days need {1}, at most {2} with {3} % certainty, and {4} are on hand or on order",
        "Nichts bestellen: {0} Tage brauchen {1}, mit {3} % Sicherheit höchstens {2}; {4} sind auf Lager oder bestellt",
        "Ne rien commander : {0} jours demandent {1}, au plus {2} avec {3} % de certitude, et {4} sont en stock ou "
        "commandés",
        "No pedir nada: {0} días necesitan {1}, como mucho {2} con {3} % de certeza, y hay {4} en existencias o "
        "pedidos",
    ),
    (
        "Order nothing now, though {0} days need {1}, at most {2} with {3} % certainty, and {4} are on hand or on "
        "order",
        "Jetzt nichts bestellen, obwohl {0} Tage {1} brauchen, mit {3} % Sicherheit höchstens {2}; {4} sind auf Lager "
        "oder bestellt",
        "Ne rien commander maintenant, bien que {0} jours demandent {1}, au plus {2} avec {3} % de certitude, et que "
        "{4} soient en stock ou commandés",
        "No pedir nada ahora, aunque {0} días necesitan {1}, como mucho {2} con {3} % de certeza, y hay {4} en "
        "existencias o pedidos",
    ),
    (
        "Stock on hand is not known: no order is suggested",
        "Der Bestand ist nicht bekannt: keine Bestellung vorgeschlagen",
        "Le stock n'est pas connu : aucune commande n'est suggérée",
        "Las existencias no se conocen: no se sugiere ningún pedido",
    ),
    (
        "Sold too rarely for a forecast: no order is suggested",
        "Für eine Prognose zu selten verkauft: keine Bestellung vorgeschlagen",
        "Vendu trop rarement pour une prévision : aucune commande n'est suggérée",
        "Vendido muy pocas veces para una previsión: no se sugiere ningún pedido",
    ),
    (
        "Move {0} from {1}, which has more than it sells in {2} days",
        "{0} von {1} holen: Dort liegt mehr, als in {2} Tagen verkauft wird",
        "Déplacer {0} de {1}, qui a plus que ce qu'il vend en {2} jours",
        "Mover {0} de {1}, que tiene más de lo que vende en {2} días",
    ),
    (
        "At {0} or less it may run out before an order of today arrives",
        "Bei {0} oder weniger kann es ausgehen, bevor eine Bestellung von heute eintrifft",
        "À {0} ou moins, la rupture est possible avant l'arrivée d'une commande d'aujourd'hui",
        "Con {0} o menos puede agotarse antes de que llegue un pedido de hoy",
    ),
    (
        "No more than sells in its shelf life of {0} {0:day|days}",
        "Nicht mehr, als sich in der Haltbarkeit von {0} {0:Tag|Tagen} verkauft",
        "Pas plus que ce qui se vend pendant sa conservation de {0} {0:jour|jours}",
        "No más de lo que se vende en su vida útil de {0} {0:día|días}",
    ),
    (
        "{0} missing; it comes in packs of {1}",
        "{0} fehlen; verpackt zu je {1}",
        "{0} manquent ; conditionné par {1}",
        "Faltan {0}; viene en paquetes de {1}",
    ),
    (
        "{0} missing; the least order is {1}",
        "{0} fehlen; die kleinste Bestellung ist {1}",
        "{0} manquent ; la commande minimale est de {1}",
        "Faltan {0}; el pedido mínimo es de {1}",
    ),
    (
        "The budget of {0} {1} pays for {2} of {3}",
        "Das Budget von {0} {1} reicht für {2} von {3}",
        "Le budget de {0} {1} paie {2} sur {3}",
        "El presupuesto de {0} {1} paga {2} de {3}",
    ),
    (
        "{0} on hand, {1} on order, {2} reserved",
        "{0} auf Lager, {1} bestellt, {2} reserviert",
        "{0} en stock, {1} en commande, {2} réservés",
        "{0} en existencias, {1} pedidos, {2} reservados",
    ),
    (
        "Neither its open orders nor its cost are known: neither is counted",
        "Weder offene Bestellungen noch Einstandspreis sind bekannt: beides ist nicht eingerechnet",
        "Ni les commandes en cours ni le coût ne sont connus : ni l'un ni l'autre n'est compté",
        "No se conocen ni sus pedidos abiertos ni su coste: ninguno se cuenta",
    ),
    (
        "Its open orders are not known and not counted",
        "Offene Bestellungen sind nicht bekannt und nicht eingerechnet",
        "Les commandes en cours ne sont pas connues et pas comptées",
        "Sus pedidos abiertos no se conocen y no se cuentan",
    ),
    (
        "Its cost is not known and not counted",
        "Der Einstandspreis ist nicht bekannt und nicht eingerechnet",
        "Son coût n'est pas connu et pas compté",
        "Su coste no se conoce y no se cuenta",
    ),
    (
        "Its supplier takes {0} days, give or take {1}, by {2} deliveries",
        "Der Lieferant braucht {0} Tage, plus oder minus {1}, nach {2} Lieferungen",
        "Son fournisseur met {0} jours, à {1} près, d'après {2} livraisons",
        "Su proveedor tarda {0} días, {1} más o menos, según {2} entregas",
    ),
    (
        "Its lead time is set to {0} days, give or take {1}",
        "Die Lieferzeit ist auf {0} Tage gesetzt, plus oder minus {1}",
        "Son délai est fixé à {0} jours, à {1} près",
        "Su plazo está fijado en {0} días, {1} más o menos",
    ),
    (
        "Too few deliveries of its supplier: its lead time in Odoo is {0} days, give or take {1} are assumed",
        "Zu wenige Lieferungen des Lieferanten: die Lieferzeit in Odoo ist {0} Tage, plus oder minus {1} angenommen",
        "Trop peu de livraisons du fournisseur : son délai dans Odoo est de {0} jours, à {1} près supposés",
        "Muy pocas entregas del proveedor: su plazo en Odoo es de {0} días, {1} más o menos supuestos",
    ),
    (
        "Suppliers of its category take {0} days, give or take {1}, by {2} deliveries",
        "Lieferanten der Kategorie brauchen {0} Tage, plus oder minus {1}, nach {2} Lieferungen",
        "Les fournisseurs de sa catégorie mettent {0} jours, à {1} près, d'après {2} livraisons",
        "Los proveedores de su categoría tardan {0} días, {1} más o menos, según {2} entregas",
    ),
    (
        "Too few deliveries tell its lead time: {0} days are assumed, give or take {1}",
        "Zu wenige Lieferungen für eine Lieferzeit: {0} Tage angenommen, plus oder minus {1}",
        "Trop peu de livraisons pour connaître le délai : {0} jours supposés, à {1} près",
        "Muy pocas entregas para conocer el plazo: se suponen {0} días, {1} más o menos",
    ),
    # What is unusual about a return.
    (
        "{0} {0:line|lines} returned in {1} days, of {2} bought; {3} to be expected",
        "{0} {0:Position|Positionen} in {1} Tagen zurückgegeben, von {2} gekauften; {3} zu erwarten",
        "{0} {0:ligne retournée|lignes retournées} en {1} jours, sur {2} achetées ; {3} attendues",
        "{0} {0:línea devuelta|líneas devueltas} en {1} días, de {2} compradas; {3} esperables",
    ),
    (
        "{0} {0:line|lines} returned in {1} days, and nothing bought",
        "{0} {0:Position|Positionen} in {1} Tagen zurückgegeben und nichts gekauft",
        "{0} {0:ligne retournée|lignes retournées} en {1} jours, et rien d'acheté",
        "{0} {0:línea devuelta|líneas devueltas} en {1} días, y nada comprado",
    ),
    (
        "No customer on the receipt; {0} {0:line|lines} returned so in the store that day, {1} on a usual day",
        "Kein Kunde auf dem Beleg; {0} {0:Position|Positionen} an dem Tag in der Filiale so zurückgegeben, {1} an "
        "einem üblichen Tag",
        "Pas de client sur le ticket ; {0} {0:ligne retournée|lignes retournées} ainsi ce jour-là dans le magasin, {1} "
        "un jour habituel",
        "Sin cliente en el recibo; {0} {0:línea devuelta|líneas devueltas} así ese día en la tienda, {1} en un día "
        "habitual",
    ),
    (
        "No known sale for {0} of {1} {1:line|lines} on this receipt",
        "Für {0} von {1} {1:Position|Positionen} dieses Belegs ist kein Verkauf bekannt",
        "Aucune vente connue pour {0} des {1} {1:ligne|lignes} de ce ticket",
        "Sin venta conocida para {0} de {1} {1:línea|líneas} de este recibo",
    ),
    (
        "{0} {0:unit|units} for {1} {2} on this receipt",
        "{0} Stück für {1} {2} auf diesem Beleg",
        "{0} {0:unité|unités} pour {1} {2} sur ce ticket",
        "{0} {0:unidad|unidades} por {1} {2} en este recibo",
    ),
    (
        "Brought back {0} {0:day|days} after the sale",
        "{0} {0:Tag|Tage} nach dem Verkauf zurückgebracht",
        "Rapporté {0} {0:jour|jours} après la vente",
        "Devuelto {0} {0:día|días} después de la venta",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: no known sale",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: kein Verkauf bekannt",
        "{0} sur {1} {1:retour|retours} de ce client : aucune vente connue",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: sin venta conocida",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: without the receipt",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: ohne den Beleg",
        "{0} sur {1} {1:retour|retours} de ce client : sans le ticket",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: sin el recibo",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: without the receipt",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: ohne den Beleg",
        "{0} sur {1} {1:retour|retours} de ce caissier : sans le ticket",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: sin el recibo",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: more than the sale that it names had left",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: mehr, als vom genannten Verkauf übrig war",
        "{0} sur {1} {1:retour|retours} de ce client : plus que ce qui restait de la vente nommée",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: más de lo que quedaba de la venta nombrada",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: paid back above the price paid",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: mehr als der gezahlte Preis erstattet",
        "{0} sur {1} {1:retour|retours} de ce client : remboursé au-dessus du prix payé",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: reembolsado por encima del precio pagado",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: paid back by another tender",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: mit anderem Zahlungsmittel erstattet",
        "{0} sur {1} {1:retour|retours} de ce client : remboursé par un autre moyen de paiement",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: reembolsado con otro medio de pago",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: a whole order undone after 7 days and more",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: ganze Bestellung nach 7 Tagen und mehr storniert",
        "{0} sur {1} {1:retour|retours} de ce client : une commande entière annulée après 7 jours et plus",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: un pedido entero deshecho tras 7 días o más",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer: three stores and more within 7 days",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden: drei und mehr Filialen innerhalb von 7 Tagen",
        "{0} sur {1} {1:retour|retours} de ce client : trois magasins et plus en 7 jours",
        "{0} de {1} {1:devolución|devoluciones} de este cliente: tres tiendas o más en 7 días",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: no known sale",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: kein Verkauf bekannt",
        "{0} sur {1} {1:retour|retours} de ce caissier : aucune vente connue",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: sin venta conocida",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: more than the sale that it names had left",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: mehr, als vom genannten Verkauf übrig war",
        "{0} sur {1} {1:retour|retours} de ce caissier : plus que ce qui restait de la vente nommée",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: más de lo que quedaba de la venta nombrada",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: paid back above the price paid",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: mehr als der gezahlte Preis erstattet",
        "{0} sur {1} {1:retour|retours} de ce caissier : remboursé au-dessus du prix payé",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: reembolsado por encima del precio pagado",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: paid back by another tender",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: mit anderem Zahlungsmittel erstattet",
        "{0} sur {1} {1:retour|retours} de ce caissier : remboursé par un autre moyen de paiement",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: reembolsado con otro medio de pago",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: a whole order undone after 7 days and more",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: ganze Bestellung nach 7 Tagen und mehr storniert",
        "{0} sur {1} {1:retour|retours} de ce caissier : une commande entière annulée après 7 jours et plus",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: un pedido entero deshecho tras 7 días o más",
    ),
    (
        "{0} of {1} {1:return|returns} of this cashier: three stores and more within 7 days",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieser Kassenkraft: drei und mehr Filialen innerhalb von 7 Tagen",
        "{0} sur {1} {1:retour|retours} de ce caissier : trois magasins et plus en 7 jours",
        "{0} de {1} {1:devolución|devoluciones} de este cajero: tres tiendas o más en 7 días",
    ),
    (
        "{0} of {1} {1:return|returns} of this customer in the store: taken by one cashier",
        "{0} von {1} {1:Rückgabe|Rückgaben} dieses Kunden in der Filiale: von einer Kassenkraft angenommen",
        "{0} sur {1} {1:retour|retours} de ce client dans le magasin : pris par un même caissier",
        "{0} de {1} {1:devolución|devoluciones} de este cliente en la tienda: recogidas por un mismo cajero",
    ),
    (
        "Check the receipts with the store and look through the customer's returns; a person decides.",
        "Die Belege mit der Filiale prüfen und die Rückgaben des Kunden durchsehen; ein Mensch entscheidet.",
        "Vérifier les tickets avec le magasin et parcourir les retours du client ; une personne décide.",
        "Comprobar los recibos con la tienda y revisar las devoluciones del cliente; decide una persona.",
    ),
    (
        "Look at the receipt when the next return of this customer comes in.",
        "Den Beleg ansehen, wenn dieser Kunde das nächste Mal etwas zurückgibt.",
        "Regarder le ticket au prochain retour de ce client.",
        "Mirar el recibo cuando llegue la próxima devolución de este cliente.",
    ),
    (
        "Go through the store's returns of that day with its manager, receipt by receipt; a person decides.",
        "Die Rückgaben der Filiale von dem Tag mit der Leitung durchgehen, Beleg für Beleg; ein Mensch entscheidet.",
        "Parcourir les retours du magasin de ce jour avec son responsable, ticket par ticket ; une personne décide.",
        "Revisar las devoluciones de la tienda de ese día con su responsable, recibo a recibo; decide una persona.",
    ),
    (
        "Compare the store's returns of that day with the till's journal.",
        "Die Rückgaben der Filiale von dem Tag mit dem Kassenjournal vergleichen.",
        "Comparer les retours du magasin de ce jour avec le journal de caisse.",
        "Comparar las devoluciones de la tienda de ese día con el diario de caja.",
    ),
    (
        "Too few returns of this brand for a model: judged by the brand's own rate",
        "Zu wenige Rückgaben dieser Marke für ein Modell: nach der Quote der Marke beurteilt",
        "Trop peu de retours de cette marque pour un modèle : jugé d'après le taux de la marque",
        "Muy pocas devoluciones de esta marca para un modelo: según la tasa de la marca",
    ),
    # Products that come back more than expected.
    (
        "Sold in {0} days: {1} of {2} {2:buyer|buyers} brought it back; {3} to be expected",
        "In {0} Tagen verkauft: {1} von {2} {2:Käufer|Käufern} brachten es zurück; {3} zu erwarten",
        "Vendu en {0} jours : {1} sur {2} {2:acheteur l'a|acheteurs l'ont} rapporté ; {3} attendus",
        "Vendido en {0} días: {1} de {2} {2:comprador|compradores} lo devolvieron; {3} esperables",
    ),
    (
        "Lot {0}: {1} of {2} {2:buyer|buyers} brought it back; {3} to be expected",
        "Charge {0}: {1} von {2} {2:Käufer|Käufern} brachten es zurück; {3} zu erwarten",
        "Lot {0} : {1} sur {2} {2:acheteur l'a|acheteurs l'ont} rapporté ; {3} attendus",
        "Lote {0}: {1} de {2} {2:comprador|compradores} lo devolvieron; {3} esperables",
    ),
    (
        "Bought in {0}: {1} of {2} {2:buyer|buyers} brought it back; {3} to be expected",
        "Gekauft in {0}: {1} von {2} {2:Käufer|Käufern} brachten es zurück; {3} zu erwarten",
        "Acheté à {0} : {1} sur {2} {2:acheteur l'a|acheteurs l'ont} rapporté ; {3} attendus",
        "Comprado en {0}: {1} de {2} {2:comprador|compradores} lo devolvieron; {3} esperables",
    ),
    (
        "Reason {0}: {1} of {2} {2:buyer|buyers} brought it back; {3} to be expected",
        "Grund {0}: {1} von {2} {2:Käufer|Käufern} brachten es zurück; {3} zu erwarten",
        "Motif {0} : {1} sur {2} {2:acheteur l'a|acheteurs l'ont} rapporté ; {3} attendus",
        "Motivo {0}: {1} de {2} {2:comprador|compradores} lo devolvieron; {3} esperables",
    ),
    (
        "Look at the goods, the lot and the supplier. It is about the product: no customer is suspected.",
        "Die Ware, die Charge und den Lieferanten prüfen. Es geht um das Produkt: Kein Kunde steht im Verdacht.",
        "Examiner la marchandise, le lot et le fournisseur. Il s'agit du produit : aucun client n'est soupçonné.",
        "Revisar la mercancía, el lote y el proveedor. Se trata del producto: no se sospecha de ningún cliente.",
    ),
    (
        "More returns than expected at {0}: {1}",
        "Mehr Rückgaben als erwartet bei {0}: {1}",
        "Plus de retours que prévu chez {0} : {1}",
        "Más devoluciones de las esperadas en {0}: {1}",
    ),
    (
        "The matter is over: no more of it comes back than is to be expected.",
        "Die Sache ist erledigt: Es kommt nicht mehr davon zurück, als zu erwarten ist.",
        "L'affaire est close : il n'en revient pas plus que prévu.",
        "El asunto ha terminado: no se devuelve más de lo esperable.",
    ),
    # What a reviewer reads beside.
    (
        "Sold as {0} on {1}.",
        "Verkauft als {0} am {1}.",
        "Vendu sous {0} le {1}.",
        "Vendido como {0} el {1}.",
    ),
    (
        "Sold as {0} on {1}, and in {2} more.",
        "Verkauft als {0} am {1} und in {2} weiteren.",
        "Vendu sous {0} le {1}, et dans {2} autres.",
        "Vendido como {0} el {1}, y en {2} más.",
    ),
    (
        "No sale of it is known.",
        "Ein Verkauf ist nicht bekannt.",
        "Aucune vente n'en est connue.",
        "No se conoce ninguna venta.",
    ),
    (
        "Similar case {0}, {1} {2}: confirmed",
        "Ähnlicher Fall {0}, {1} {2}: bestätigt",
        "Cas semblable {0}, {1} {2} : confirmé",
        "Caso similar {0}, {1} {2}: confirmado",
    ),
    (
        "Similar case {0}, {1} {2}: found to be fine",
        "Ähnlicher Fall {0}, {1} {2}: in Ordnung befunden",
        "Cas semblable {0}, {1} {2} : jugé normal",
        "Caso similar {0}, {1} {2}: considerado normal",
    ),
    (
        "No similar case has been decided yet.",
        "Noch kein ähnlicher Fall wurde entschieden.",
        "Aucun cas semblable n'a encore été tranché.",
        "Aún no se ha decidido ningún caso similar.",
    ),
    # Tasks and cases.
    (
        "Win back a customer of {0}",
        "Einen Kunden von {0} zurückgewinnen",
        "Reconquérir un client de {0}",
        "Recuperar a un cliente de {0}",
    ),
    (
        "Value at risk: {0} {1}. Risk of leaving: {2}%.",
        "Wert in Gefahr: {0} {1}. Abwanderungsrisiko: {2} %.",
        "Valeur menacée : {0} {1}. Risque de départ : {2} %.",
        "Valor en riesgo: {0} {1}. Riesgo de abandono: {2} %.",
    ),
    (
        "Unusual return at {0}: {1}",
        "Ungewöhnliche Rückgabe bei {0}: {1}",
        "Retour inhabituel chez {0} : {1}",
        "Devolución inusual en {0}: {1}",
    ),
    (
        "The matter is over: the customer is at low risk again.",
        "Die Sache ist erledigt: Das Risiko des Kunden ist wieder gering.",
        "L'affaire est close : le risque du client est de nouveau faible.",
        "El asunto ha terminado: el riesgo del cliente vuelve a ser bajo.",
    ),
    (
        "The matter is over: the customer is not at risk any more, or is not to be contacted.",
        "Die Sache ist erledigt: Der Kunde ist nicht mehr gefährdet oder soll nicht angesprochen werden.",
        "L'affaire est close : le client n'est plus à risque, ou ne doit pas être contacté.",
        "El asunto ha terminado: el cliente ya no está en riesgo, o no debe ser contactado.",
    ),
    (
        "The matter is over: the return is not unusual any more.",
        "Die Sache ist erledigt: Die Rückgabe ist nicht mehr ungewöhnlich.",
        "L'affaire est close : le retour n'est plus inhabituel.",
        "El asunto ha terminado: la devolución ya no es inusual.",
    ),
    (
        "Order {0} × {1} for {2}",
        "{0} × {1} bestellen für {2}",
        "Commander {0} × {1} pour {2}",
        "Pedir {0} × {1} para {2}",
    ),
    (
        "No contact: the customer refuses marketing.",
        "Kein Kontakt: Der Kunde lehnt Werbung ab.",
        "Pas de contact : le client refuse la publicité.",
        "Sin contacto: el cliente rechaza la publicidad.",
    ),
    ("Store", "Filiale", "Magasin", "Tienda"),
    ("Web shop", "Webshop", "Boutique en ligne", "Tienda en línea"),
    ("Order desk", "Bestellannahme", "Prise de commande", "Toma de pedidos"),
    ("Other channels", "Andere Kanäle", "Autres canaux", "Otros canales"),
    # Cards that ask who is one customer.
    (
        "One customer or two? {0}",
        "Ein Kunde oder zwei? {0}",
        "Un client ou deux ? {0}",
        "¿Un cliente o dos? {0}",
    ),
    (
        "Are these two records one customer? Move the card to the column that answers it.",
        "Sind diese zwei Datensätze ein Kunde? Die Karte in die Spalte ziehen, die es beantwortet.",
        "Ces deux fiches sont-elles un seul client ? Déplacer la carte dans la colonne qui répond.",
        "¿Son estos dos registros un solo cliente? Mover la tarjeta a la columna que lo responde.",
    ),
    (
        "These two contacts count as one customer. If they are, merge them: in the list of contacts select both, then"
        " Actions, Merge. If not, move the card to the column that says so.",
        "Diese zwei Kontakte gelten als ein Kunde. Falls sie es sind, zusammenführen: in der Liste der Kontakte beide"
        " auswählen, dann Aktionen, Zusammenführen. Falls nicht, die Karte in die Spalte ziehen, die es sagt.",
        "Ces deux contacts comptent comme un seul client. S'ils le sont, les fusionner : dans la liste des contacts,"
        " sélectionner les deux, puis Actions, Fusionner. Sinon, déplacer la carte dans la colonne qui le dit.",
        "Estos dos contactos cuentan como un solo cliente. Si lo son, fusionarlos: en la lista de contactos,"
        " seleccionar ambos y luego Acciones, Fusionar. Si no, mover la tarjeta a la columna que lo indica.",
    ),
    ("Source", "Quelle", "Source", "Origen"),
    ("Record", "Datensatz", "Fiche", "Registro"),
    ("Name", "Name", "Nom", "Nombre"),
    ("E-mail", "E-Mail", "E-mail", "Correo electrónico"),
    ("Phone", "Telefon", "Téléphone", "Teléfono"),
    ("Street", "Straße", "Rue", "Calle"),
    ("Postcode", "Postleitzahl", "Code postal", "Código postal"),
    ("City", "Ort", "Ville", "Ciudad"),
    ("Country", "Land", "Pays", "País"),
    ("Born", "Geboren", "Né le", "Nacimiento"),
    ("Loyalty number", "Kundenkarte", "Carte de fidélité", "Tarjeta de cliente"),
    ("Tax id", "Steuernummer", "Numéro de TVA", "NIF"),
    ("Last changed", "Zuletzt geändert", "Dernière modification", "Último cambio"),
    (
        "Answered: one customer.",
        "Beantwortet: ein Kunde.",
        "Réponse : un seul client.",
        "Respondido: un solo cliente.",
    ),
    (
        "Answered: different customers.",
        "Beantwortet: verschiedene Kunden.",
        "Réponse : des clients différents.",
        "Respondido: clientes distintos.",
    ),
    (
        "Answered: cannot say. The records stay as they are.",
        "Beantwortet: nicht zu sagen. Die Datensätze bleiben, wie sie sind.",
        "Réponse : impossible à dire. Les fiches restent comme elles sont.",
        "Respondido: no se puede decir. Los registros quedan como están.",
    ),
    (
        "There is nothing to answer any more: a record is gone, or it was decided elsewhere.",
        "Es gibt nichts mehr zu beantworten: Ein Datensatz ist weg, oder es wurde anderswo entschieden.",
        "Il n'y a plus rien à répondre : une fiche a disparu, ou la décision a été prise ailleurs.",
        "Ya no hay nada que responder: un registro ha desaparecido o se decidió en otro lugar.",
    ),
    (
        "Decision {0}, which an engineer can withdraw.",
        "Entscheidung {0}, die ein Techniker zurücknehmen kann.",
        "Décision {0}, qu'un technicien peut retirer.",
        "Decisión {0}, que un técnico puede retirar.",
    ),
    ("Returned: {0} {1}.", "Zurückgegeben: {0} {1}.", "Retourné : {0} {1}.", "Devuelto: {0} {1}."),
)
