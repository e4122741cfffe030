"""Comments as customers might write them, made up for this: with what identifies somebody in each.

Two fifths hold nothing that identifies anybody; those say how much is masked that need not be.
"""

from __future__ import annotations

from typing import NamedTuple


class Comment(NamedTuple):
    text: str
    identifying: tuple[str, ...] = ()
    on_list: bool = False
    """Whether the organisation's list of names (LIST) holds the name."""


LIST = ("Bas Roosendaal", "Roos", "Kowalczyk", "Wijnands", "Mark Bosch", "Okonkwo")

DUTCH = (
    Comment("Mevrouw De Vries van de balie is altijd vriendelijk.", ("De Vries",)),
    Comment("Bel dhr. P. Jansen maar, die weet alles.", ("Jansen",)),
    Comment("Meneer Van den Berg reageert nooit op mail.", ("Berg",)),
    Comment("drs. A.M. Hendriks-Smit legde het helder uit", ("Hendriks", "Smit")),
    Comment("Stuur het naar anja.bakker@voorbeeld.nl, dan komt het goed.", ("anja", "bakker", "voorbeeld.nl")),
    Comment("Ik ben te bereiken op 06-12345678.", ("12345678",)),
    Comment("Bel 030 - 251 23 45 voor uitleg", ("251",)),
    Comment("Mijn nummer is +31 6 1234 5678", ("1234",)),
    Comment("Zie toestel 4412, daar neemt niemand op.", ("4412",)),
    Comment("Mijn personeelsnummer is 70412 en mijn verlof klopt niet.", ("70412",)),
    Comment("Ticket 2026118 staat al drie weken open.", ("2026118",)),
    Comment("Medewerkernr. P12345 krijgt geen toegang", ("P12345",)),
    Comment("Jan en Marieke denken goed mee.", ("Jan", "Marieke")),
    Comment("Complimenten voor Fatima El Amrani!", ("Fatima", "Amrani")),
    Comment("Kees van Dijk lost alles op.", ("Kees", "Dijk")),
    Comment("Met vriendelijke groet, Joost Verhagen", ("Joost", "Verhagen")),
    Comment("Collega Wesselink heeft mij drie keer laten wachten.", ("Wesselink",)),
    Comment("Mijn leidinggevende Brouwer weet hiervan.", ("Brouwer",)),
    Comment("Roos van de administratie is goud waard", ("Roos",), on_list=True),
    Comment("bas roosendaal is onvindbaar", ("roosendaal",), on_list=True),
    Comment("Vraag het Wijnands, die kent het systeem.", ("Wijnands",), on_list=True),
    Comment("Okonkwo is de enige die terugbelt.", ("Okonkwo",), on_list=True),
    Comment("De Pietersen-methode werkt hier niet", ("Pietersen",)),
    Comment("annemieke helpt altijd", ("annemieke",)),
    Comment("Dank aan Hoogland voor de snelle levering.", ("Hoogland",)),
    Comment("Kijk op https://intranet.voorbeeld.nl/hr/jbakker", ("jbakker",)),
    Comment("Het duurt vaak twee tot drie weken voor er antwoord komt."),
    Comment("Altijd vriendelijk en deskundig, ga zo door."),
    Comment("De site is traag, vooral op maandag tussen 9 en 11 uur."),
    Comment("Meer uitleg over de nieuwe regels van 2026 zou helpen."),
    Comment("Facturen boven 10.000 euro blijven te lang liggen."),
    Comment("Ik mis een vast aanspreekpunt voor onze afdeling in Utrecht."),
    Comment("Nieuwe laptops komen te laat en zonder Office."),
    Comment("Een 8 voor de service, een 4 voor de snelheid."),
    Comment("De medewerkers weten waar ze het over hebben."),
    Comment("Graag vaker langskomen op de werkvloer."),
    Comment("Het Servicepunt op de begane grond is een verbetering."),
    Comment("Communicatie kan beter: wij horen pas achteraf wat er verandert."),
    Comment("Zet de formulieren in SharePoint en niet in de mail."),
    Comment("Prima afdeling."),
)
ENGLISH = (
    Comment("Mrs Thompson at the desk is always kind.", ("Thompson",)),
    Comment("Please ask Dr. J. Okafor, who knows it all.", ("Okafor",)),
    Comment("Mr. O'Brien never answers his mail", ("Brien",)),
    Comment("Ms Lee-Parker explained it well.", ("Lee", "Parker")),
    Comment("Write to sarah.hill (at) example.org instead.", ("sarah", "hill", "example.org")),
    Comment("Call me on +44 20 7946 0958", ("7946",)),
    Comment("My number is (555) 123-4567.", ("4567",)),
    Comment("ext. 3305 is never picked up", ("3305",)),
    Comment("My employee number is 88123, please fix my leave.", ("88123",)),
    Comment("Staff id X4471 has no access", ("X4471",)),
    Comment("Peter and Emma think along with us.", ("Peter", "Emma")),
    Comment("Thanks to Michael Dunne for the quick help", ("Michael", "Dunne")),
    Comment("My manager Whitfield knows about this.", ("Whitfield",)),
    Comment("Regards, Caroline Hughes", ("Caroline", "Hughes")),
    Comment("Mark Bosch solved it at once", ("Mark Bosch",), on_list=True),
    Comment("kowalczyk should get a raise", ("kowalczyk",), on_list=True),
    Comment("Nobody but Priya understands the system", ("Priya",)),
    Comment("the tall guy from Leeds, Stevo, is rude", ("Stevo",)),
    Comment("R. S. Patel answered within a day.", ("Patel",)),
    Comment("Colleague Ferreira let me wait three times.", ("Ferreira",)),
    Comment("See www.example.org/~tjones for the form", ("tjones",)),
    Comment("Room B2.14 is always locked", ("B2.14",)),
    Comment("It often takes two to three weeks to get an answer."),
    Comment("Always friendly and skilled, keep it up."),
    Comment("The site is slow, mostly on Monday between 9 and 11."),
    Comment("More explanation about the new rules of 2026 would help."),
    Comment("Invoices over 10,000 euros wait too long."),
    Comment("I miss one person to turn to for our branch in London."),
    Comment("New laptops come late and without Office."),
    Comment("An 8 for service, a 4 for speed."),
    Comment("Staff know what they talk about."),
    Comment("Will you please come by more often?"),
    Comment("The Service Desk on the ground floor is an improvement."),
    Comment("May is the worst month: everything stands still."),
    Comment("Put the forms in SharePoint and not in the mail."),
    Comment("Fine department."),
)
