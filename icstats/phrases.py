"""What simulated customers write: our own phrases per block, put together at random. Nobody ever wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

    from icstats.questionnaire import Block, Language

__all__ = ["Tone", "write_comment"]

Tone = Literal["praise", "wish"]

OPENERS: dict[Language, dict[Tone, tuple[str, ...]]] = {
    "en": {
        "praise": ("", "", "In my experience ", "What I appreciate: ", "Most of the time ", "Compliments: "),
        "wish": ("", "", "What would help me: ", "A small wish: ", "Tomorrow already: ", "If I may choose one thing, "),
    },
    "nl": {
        "praise": ("", "", "Mijn ervaring: ", "Wat ik waardeer: ", "Meestal geldt: ", "Compliment: "),
        "wish": ("", "", "Wat mij zou helpen: ", "Een kleine wens: ", "Morgen al: ", "Als ik één ding mag kiezen: "),
    },
}

CLOSERS: dict[Language, dict[Tone, tuple[str, ...]]] = {
    "en": {
        "praise": ("", "", "", " Keep it up!", " That saves me time.", " It was different two years ago."),
        "wish": (
            "",
            "",
            "",
            " It costs me hours every month.",
            " Colleagues say the same.",
            " I think that it is easy.",
        ),
    },
    "nl": {
        "praise": ("", "", "", " Ga zo door!", " Dat scheelt mij tijd.", " Twee jaar geleden was dat anders."),
        "wish": (
            "",
            "",
            "",
            " Het kost mij elke maand uren.",
            " Collega’s zeggen hetzelfde.",
            " Volgens mij is het makkelijk.",
        ),
    },
}

PHRASES: dict[Language, dict[Tone, dict[Block, tuple[str, ...]]]] = {
    "en": {
        "praise": {
            "product": (
                "what I get is right first time",
                "the advice is of real use in my work",
                "the tools simply work",
                "the quality has been steady for years",
                "the new templates fit what we do in the field",
                "reports are clear and complete",
            ),
            "process": (
                "I get an answer the same day",
                "agreements are kept, and if not I hear it in time",
                "I know exactly whom to call",
                "the form is short and clear",
                "I can follow where my request stands",
                "everything is arranged with one message",
            ),
            "orientation": (
                "people listen before they answer",
                "they think along when the rule does not fit",
                "friendly, skilled, and never in a hurry",
                "they know our work and ask the right questions",
                "they come with ideas that I had not thought of",
                "even at a busy moment there is time for a question",
            ),
        },
        "wish": {
            "product": (
                "fewer errors in what is delivered",
                "advice that I can apply without a second meeting",
                "a system that does not log me out every hour",
                "an overview per project instead of one long list",
                "check the figures before they are sent",
                "equipment that can stand rain and mud",
            ),
            "process": (
                "let me know when my request will be dealt with",
                "one counter instead of three mailboxes",
                "shorter forms; half of the questions are about things that you already know",
                "keep to the date that was agreed",
                "answer within two days, even if it is only to say “we are working on it”",
                "fewer signatures for small amounts",
            ),
            "orientation": (
                "come and see how we work outside",
                "listen first and explain the rule afterwards",
                "look for a solution when mine is not in the list",
                "give people the room to decide for themselves",
                "do not send me from one colleague to the next",
                "think ahead; the peak comes in the same month every year",
            ),
        },
    },
    "nl": {
        "praise": {
            "product": (
                "wat ik krijg is in één keer goed",
                "met het advies kan ik echt verder",
                "de hulpmiddelen doen het gewoon",
                "de kwaliteit is al jaren stabiel",
                "de nieuwe sjablonen passen bij het werk buiten",
                "rapportages zijn helder en compleet",
            ),
            "process": (
                "ik heb dezelfde dag antwoord",
                "afspraken worden nagekomen, en anders hoor ik het op tijd",
                "ik weet precies wie ik moet bellen",
                "het formulier is kort en duidelijk",
                "ik kan zien hoe het met mijn aanvraag staat",
                "met één bericht is alles geregeld",
            ),
            "orientation": (
                "er wordt eerst geluisterd en dan pas geantwoord",
                "ze denken mee als de regel niet past",
                "vriendelijk, deskundig en nooit gehaast",
                "ze kennen ons werk en stellen de goede vragen",
                "ze komen met ideeën waar ik zelf niet op was gekomen",
                "ook als het druk is, is er tijd voor een vraag",
            ),
        },
        "wish": {
            "product": (
                "minder fouten in wat er geleverd wordt",
                "advies dat ik zonder tweede overleg kan gebruiken",
                "een systeem dat mij niet elk uur uitlogt",
                "een overzicht per project in plaats van één lange lijst",
                "de cijfers controleren vóór ze verstuurd worden",
                "materiaal dat tegen regen en modder kan",
            ),
            "process": (
                "laat weten wanneer mijn aanvraag aan de beurt is",
                "één loket in plaats van drie postbussen",
                "kortere formulieren; de helft van de vragen gaat over wat al bekend is",
                "de afgesproken datum halen",
                "binnen twee dagen antwoord, al is het maar “we zijn ermee bezig”",
                "minder handtekeningen voor kleine bedragen",
            ),
            "orientation": (
                "kom eens kijken hoe wij buiten werken",
                "eerst luisteren, daarna pas de regel uitleggen",
                "zoek een oplossing als mijn vraag niet in het rijtje staat",
                "geef mensen de ruimte om zelf te beslissen",
                "stuur mij niet van de ene collega naar de andere",
                "vooruit denken; de piek komt elk jaar in dezelfde maand",
            ),
        },
    },
}


def write_comment(rng: np.random.Generator, *, language: Language, tone: Tone, block: Block) -> str:
    """Return one or two sentences of praise, or a wish, about a driver block.

    Parameters
    ----------
    rng
        Source of random numbers; moves on by three.
    language, tone, block
        Which phrases are drawn from.
    """
    lists = (OPENERS[language][tone], PHRASES[language][tone][block], CLOSERS[language][tone])
    opener, phrase, closer = (options[int(rng.integers(len(options)))] for options in lists)
    sentence = opener + phrase
    return f"{sentence[0].upper()}{sentence[1:]}.{closer}"
