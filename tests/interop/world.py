"""A tenant, Rollcall and an app as one thing to tell stories about. Holds no checks but the ones every story ends with."""

import apps
import judge
from rollcall import Rollcall


class World:
    """Two people the stories know (Ada, and Bo, who reports to her) among some who only must stay untouched."""

    def __init__(self, folder, tenant, app, proxy):
        self.tenant, self.app, self.proxy = tenant, app, proxy
        self.ada = self.hire("ada", surname="Ångström-O'Neill", jobTitle="Engineer", department="Research")
        self.bo = self.hire("bo", jobTitle="Buyer", department="Purchasing")
        tenant.set_manager(self.bo, self.ada)
        self.rollcall = Rollcall(folder, tenant, f"http://127.0.0.1:{proxy.port}{app.base}")
        self.right_token = apps.TOKEN
        self.started = 0
        self.ends_quietly = True

    @property
    def people(self):
        """The userNames that everybody in the group is to have."""
        return [name.lower() for name in self.tenant.members()]

    def address(self, name):
        return f"{name}@{self.tenant.domain}"

    def hire(self, name, surname="Doe", **attributes):
        given = {"givenName": name.capitalize(), "surname": surname, "displayName": f"{name.capitalize()} {surname}"}
        address = self.address(name)
        return self.tenant.hire({**given, "userPrincipalName": address, "mail": address, **attributes})

    def stranger(self, name):
        """An account that somebody made in the app by hand."""
        return {"schemas": [judge.CORE], "userName": name, "displayName": "By hand", "active": True}

    def go_live(self):
        first = self.rollcall.run()
        assert first.code == 3, first.said
        approved = self.rollcall.approve(first["holds"][0]["id"])
        assert approved.code == 0, approved.said
        self.started = self.mark()

    def go_live_whatever_comes(self):
        """The same with faults armed: what the approval could not finish, the next run must."""
        first = self.rollcall.run()
        self.rollcall.approve(first["holds"][0]["id"])
        self.rollcall.run()

    def run(self):
        """A run that must do everything there is to do."""
        done = self.rollcall.run()
        assert done.code == 0, done.said
        return done

    def sends_nothing(self):
        self.proxy.disarm()
        mark = self.mark()
        done = self.run()
        assert self.writes(mark) == []
        assert (done["created"], done["updated"], done["deactivated"], done["reactivated"]) == (0, 0, 0, 0)

    def mark(self):
        return len(self.proxy.exchanges)

    def writes(self, since=None):
        return self.proxy.writes(self.started if since is None else since)

    def account(self, name):
        return self.app.accounts()[self.address(name).lower()]

    def others(self, name):
        """Everybody else's account, to see that a change stayed with one person."""
        return {user: account for user, account in self.app.accounts().items() if user != self.address(name).lower()}
