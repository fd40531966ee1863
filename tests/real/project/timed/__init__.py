"""A page that time ends: after `seconds` of the session's settings, or 3."""

from uproot.fields import *
from uproot.smithereens import *

DESCRIPTION = "A page with a time limit"


class Hurry(Page):
    template = "timed/Page.html"
    fields = dict(answer=IntegerField(label="Quick!", min=0, max=10))

    @classmethod
    def timeout(page, player):
        return float(player.session.settings.get("seconds", 3))

    @classmethod
    def timeout_reached(page, player):
        player.too_slow = True


class After(Page):
    template = "timed/Page.html"


page_order = [Hurry, After]
