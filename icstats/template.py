"""A study to fill in."""

from __future__ import annotations

import re

from icstats.errors import ParameterError
from icstats.strict_yaml import quoted
from icstats.study import LONGEST_NAME, SLUG, SLUG_IN_WORDS

__all__ = ["study_template"]

TEMPLATE = """\
# A study: which survey file, which questions, which departments, and what may be shown.
# Paths are relative to this file. `icstats check` says what is still wrong; it writes nothing.
name: {name}
title:
  en: Internal customer survey
  nl: Onderzoek onder interne klanten
organisation:
  en: Our organisation
  nl: Onze organisatie
wave: '{wave}'              # the wave that is reported, as the survey file writes it
language: en              # of the reports: en or nl

# Copy the item bank, keep the questions that were asked, and name the copy here.
questionnaire: questionnaires/internal_customer.yaml

responses:
  file: ../data/{name}.csv  # or .xlsx, .ods, .sav, .dta, .parquet: see README
  layout: stacked         # stacked: a row per rating; wide: a row per person; long: a row per answer
  columns:
    respondent: respondent  # null when the file does not say who answered
    department: department
    wave: null            # name of the column with the wave; null when all rows are of the wave above
    role: null            # name of the column that tells customers from the department's own staff
    date: null            # day on which the rating was given
    seconds: null         # how long it took
  items: {{}}               # item code: column, where the two differ, for instance PC1: q12
  attributes: []          # columns that describe the customer, for instance [unit, tenure]
  ignore: []              # columns to leave out; any other column is an error
  not_asked: []           # cell texts that mean so, for instance ['-3']
  not_applicable: []      # for instance ['n.v.t.', n/a]
  dont_know: []
  # What is found out by itself, and can be said where that goes wrong: separator, encoding, decimal, sheet, platform.
  sheet: null             # sheet of a workbook, when several hold something
  answers: {{}}             # response scale: words of an answer: number, for instance agreement: {{Eens: 4}}
  cleaning:
    duplicates: refuse    # or keep_first
    spellings: refuse     # of departments; or same
    straight_lining: keep # or leave_out
    shortest_seconds: null
    first_day: null       # of the fieldwork, for instance '2026-01-01'
    last_day: null
    outside: keep         # ratings of other days; or leave_out
    invited: null         # text file with who was invited, one respondent a line
    uninvited: keep       # ratings by others; or leave_out

departments:
  - slug: hr              # name in paths and results
    name: {{en: Human Resources, nl: Personeelszaken}}
    code: HR              # how the survey file writes it; leave it out when that is the slug
    invited: null         # number of customers asked to rate it, where known
    team_size: null       # number of people who work there, where known
  - slug: it
    name: {{en: IT, nl: ICT}}
    code: IT

# What to compare with: the path of a norm (.csv, with a .yaml beside it), or the mean of these departments.
norms: departments
# earlier_norms: path of the norm of the wave before, where norms is a path: did your scores change more than the norm?
margin: 0.2               # differences up to this many standard deviations are of no practical weight

names: null               # text file with a name of a person on each line, to be taken out of comments

# policy: policy.yaml     # what may be shown; without it the defaults, which are the same
# themes: themes/internal_customer.yaml  # the words that tell what comments are about (icstats[text])
# selection: selection.yaml  # which questions were chosen for whom: icstats questionnaire propose
# agreements: agreements/{name}.yaml  # how easy departments find each question to change, and the action list
seed: 1                   # all random numbers follow from it
"""


def study_template(name: str, *, wave: str = "2026") -> str:
    """Return the text of a study file to fill in.

    Parameters
    ----------
    name
        Name of the study: lower case letters, digits and single hyphens.
    wave
        The wave that stands in it.

    Raises
    ------
    ParameterError
        If the name cannot be that of a study.
    """
    if not re.fullmatch(SLUG, name) or len(name) > LONGEST_NAME:
        raise ParameterError(f"found {quoted(name)}; a study's name is {SLUG_IN_WORDS}.", code="ICS-332")
    return TEMPLATE.format(name=name, wave=wave)
