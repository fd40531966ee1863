"""Two participants meet, decide and see what came of it."""

from uproot.fields import *
from uproot.smithereens import *

DESCRIPTION = "A game of two"
SUGGESTED_MULTIPLE = 2


class Meet(GroupCreatingWait):
    group_size = 2


class Decide(Page):
    template = "pair/Page.html"
    fields = dict(give=IntegerField(label="How much do you give?", min=0, max=10))


class Together(SynchronizingWait):
    @classmethod
    def all_here(page, group):
        total = sum(player.give for player in group.players)

        for player in group.players:
            player.payoff = total


class Result(Page):
    template = "pair/Page.html"


def digest(session):
    return {"groups": len(list(session.groups))}


page_order = [Meet, Decide, Together, Result]
