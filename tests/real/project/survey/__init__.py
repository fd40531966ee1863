"""Three ordinary pages, one field each."""

from uproot.fields import *
from uproot.smithereens import *

DESCRIPTION = "A short survey"


class Intro(Page):
    template = "survey/Page.html"
    fields = dict(nickname=StringField(label="What shall we call you?"))


class Decision(Page):
    template = "survey/Page.html"
    fields = dict(offer=IntegerField(label="How much do you offer?", min=0, max=10))


class Thanks(Page):
    template = "survey/Page.html"
    fields = dict(remark=StringField(label="Any remarks?", optional=True))


def digest(session):
    offers = [player.get("offer") for player in session.players]
    return {"offers": [offer for offer in offers if offer is not None]}


def pipeline(session, data=None):
    if isinstance(data, (str, dict)):
        return data

    if data == ["keys"]:
        return [{"player": player.name, "_uproot_key": str(player._uproot_key)} for player in session.players]

    return [{"player": player.name, "data": data} for player in session.players]


page_order = [Intro, Decision, Thanks]
