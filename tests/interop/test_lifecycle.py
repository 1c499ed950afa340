"""Hires, movers, renames, leavers, returns and managers, seen in apps that others wrote.

Every test begins with a customer that has gone live, and ends with a run that sends nothing (`live`, in conftest.py).
"""

import pytest

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_the_first_plan_is_held_and_its_approval_creates_everybody(world):
    first = world.rollcall.run()
    assert first.code == 3, first.said
    assert [hold["kind"] for hold in first["holds"]] == ["configuration"]
    assert first["held"] == len(world.people)
    planned = world.rollcall.plan()
    assert (planned.code, len(planned["changes"])) == (0, len(world.people)), planned.said
    assert world.writes() == []

    approved = world.rollcall.approve(first["holds"][0]["id"])
    assert (approved.code, approved["created"]) == (0, len(world.people)), approved.said
    accounts = world.app.accounts()
    assert set(accounts) == set(world.people)
    assert all(account["active"] is True for account in accounts.values())
    world.sends_nothing()


def test_a_created_account_carries_every_mapped_value(live):
    ada = live.account("ada")
    assert ada["externalId"] == live.ada
    assert ada["displayName"] == "Ada Ångström-O'Neill"
    assert ada["name"]["givenName"] == "Ada" and ada["name"]["familyName"] == "Ångström-O'Neill"
    assert [(mail["type"], mail["value"]) for mail in ada["emails"]] == [("work", live.address("ada"))]
    assert ada["title"] == "Engineer"
    assert ada[ENTERPRISE]["department"] == "Research"
    assert live.account("bo")[ENTERPRISE]["manager"]["value"] == ada["id"]


def test_a_mover_is_updated_and_nobody_else_is_touched(live):
    live.tenant.set(live.bo, "department", "Sales & Søn")
    live.tenant.set(live.bo, "jobTitle", 'Head of "Sales"')
    others = live.others("bo")
    done = live.run()
    assert (done["updated"], len(live.writes())) == (1, 1)
    assert live.account("bo")[ENTERPRISE]["department"] == "Sales & Søn"
    assert live.account("bo")["title"] == 'Head of "Sales"'
    assert live.others("bo") == others


def test_a_value_cleared_in_entra_is_cleared_in_the_app(live):
    live.tenant.set(live.bo, "jobTitle", None)
    assert live.run()["updated"] == 1
    assert not live.account("bo").get("title")


def test_a_value_set_again_after_it_was_cleared_arrives(live):
    live.tenant.set(live.bo, "department", None)
    live.run()
    assert not live.account("bo").get(ENTERPRISE, {}).get("department")
    live.tenant.set(live.bo, "department", "Legal")
    live.run()
    assert live.account("bo")[ENTERPRISE]["department"] == "Legal"


def test_a_new_work_address_replaces_the_old_one(live):
    live.tenant.set(live.bo, "mail", "bo.new@northwind.example")
    live.run()
    assert [mail["value"] for mail in live.account("bo")["emails"]] == ["bo.new@northwind.example"]


def test_a_renamed_person_keeps_the_account(live):
    before = live.account("bo")["id"]
    live.tenant.rename(live.bo, live.address("bo.married"))
    assert live.run()["updated"] == 1
    accounts = live.app.accounts()
    assert accounts[live.address("bo.married")]["id"] == before
    assert live.address("bo") not in accounts


def test_a_disabled_person_is_deactivated_and_comes_back_to_the_same_account(live):
    before = live.account("bo")
    live.tenant.disable(live.bo)
    assert live.run()["deactivated"] == 1
    assert live.account("bo")["active"] is False
    live.sends_nothing()
    live.tenant.enable(live.bo)
    assert live.run()["reactivated"] == 1
    after = live.account("bo")
    assert (after["active"], after["id"], after["title"]) == (True, before["id"], before["title"])


@pytest.mark.parametrize(("leave", "come_back"), [("leave", "join"), ("delete", "restore")])
def test_a_leaver_is_deactivated_and_a_re_hire_gets_the_account_back(live, leave, come_back):
    before = live.account("bo")["id"]
    others = live.others("bo")
    getattr(live.tenant, leave)(live.bo)
    assert live.run()["deactivated"] == 1
    gone = live.account("bo")
    assert (gone["active"], gone["id"], gone["userName"]) == (False, before, live.address("bo"))
    live.sends_nothing()
    getattr(live.tenant, come_back)(live.bo)
    assert live.run()["reactivated"] == 1
    assert (live.account("bo")["active"], live.account("bo")["id"]) == (True, before)
    assert live.others("bo") == others


def test_a_hire_and_the_manager_hired_with_them_are_linked_in_one_run(live):
    boss = live.hire("cleo")
    live.tenant.set_manager(live.hire("dan"), boss)
    done = live.run()
    assert done["created"] == 2
    assert live.account("dan")[ENTERPRISE]["manager"]["value"] == live.account("cleo")["id"]


def test_a_manager_changes_and_goes(live):
    live.tenant.set_manager(live.ada, live.bo)
    live.tenant.set_manager(live.bo, None)
    live.run()
    assert live.account("ada")[ENTERPRISE]["manager"]["value"] == live.account("bo")["id"]
    assert not live.account("bo").get(ENTERPRISE, {}).get("manager")


def test_an_account_that_exists_already_is_adopted_only_after_approval(live):
    live.app.ask("POST", "/Users", live.stranger(live.address("dan")))
    before = live.account("dan")
    live.hire("dan")
    held = live.rollcall.run()
    assert (held.code, [hold["kind"] for hold in held["holds"]]) == (3, ["adoptions"]), held.said
    assert live.account("dan") == before
    approved = live.rollcall.approve(held["holds"][0]["id"])
    assert (approved.code, approved["adopted"], approved["created"]) == (0, 1, 0), approved.said
    assert live.account("dan")["id"] == before["id"]


def test_accounts_that_are_not_ours_are_never_touched(live):
    live.app.ask("POST", "/Users", live.stranger("root@elsewhere.example"))
    before = live.app.accounts()["root@elsewhere.example"]
    live.tenant.disable(live.bo)
    live.run()
    assert live.app.accounts()["root@elsewhere.example"] == before


def test_more_people_than_one_page_are_created_once(live):
    # More than the 20 rows that SCIMMY gives by itself; one of the apps can't page at all.
    for number in range(25):
        live.hire(f"extra{number}")
    assert live.run()["created"] == 25
    assert len(live.writes()) == 25
