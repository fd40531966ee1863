"""Participants who fall silent are taken to the end by the app itself."""

from uproot.fields import *
from uproot.smithereens import *

DESCRIPTION = "A page that watches for dropouts"


async def gone(player):
    player.was_gone = True
    move_to_end(player)


class Stay(Page):
    template = "watched/Page.html"
    fields = dict(here=IntegerField(label="Still here?", min=0, max=10))

    @classmethod
    def before_once(page, player):
        watch_for_dropout(player, gone, 12.0)


class After(Page):
    template = "watched/Page.html"


page_order = [Stay, After]
