"""What happens to accounts when the way to the app breaks, at the worst moment: no second account, nobody forgotten."""

import pytest

# One strict server, and one lenient one with other answers.
TWO = pytest.mark.apps("scim2", "scimmy-express4")
# The server did it; what Rollcall hears of it differs.
UNHEARD = ["lost", "gateway_timeout", "truncated"]
# The server saw nothing, or said "later".
REFUSED = ["reset", "throttled", "unavailable"]
KILLED = ["killed_before", "killed_after"]


@TWO
@pytest.mark.parametrize("action", UNHEARD)
def test_a_create_whose_answer_is_lost_makes_one_account(world, action):
    fault = world.proxy.arm("POST", action, nth=3)
    world.go_live_whatever_comes()
    assert fault.hit == 1
    # The apps refuse a second account for one name themselves; here nobody may be missing, or failed for good.
    assert set(world.app.accounts()) == set(world.people)
    world.sends_nothing()


@TWO
@pytest.mark.parametrize("action", UNHEARD + REFUSED)
def test_a_fault_in_passing_is_over_by_the_next_run(live, action):
    faults = [live.proxy.arm(method, action) for method in ("POST", "PATCH")]
    live.tenant.set(live.bo, "department", "Legal")
    live.hire("dan")
    live.rollcall.run()
    live.rollcall.run()
    assert [fault.hit for fault in faults] == [1, 1]
    assert live.account("bo")["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["department"] == "Legal"
    assert live.account("dan")["active"] is True


@TWO
@pytest.mark.parametrize("action", UNHEARD + REFUSED)
def test_a_deactivation_gets_through_whatever_happens_to_its_first_answer(live, action):
    fault = live.proxy.arm("PATCH", action)
    live.tenant.disable(live.bo)
    live.rollcall.run()
    live.rollcall.run()
    assert fault.hit == 1
    assert live.account("bo")["active"] is False


@TWO
@pytest.mark.parametrize("action", KILLED)
@pytest.mark.parametrize("nth", [1, 3, 6])
def test_a_first_run_that_is_killed_is_finished_by_the_next_and_doubles_nobody(world, action, nth):
    fault = world.proxy.arm("POST", action, nth=nth, kill=world.rollcall.kill)
    world.go_live_whatever_comes()
    assert fault.hit == 1
    assert set(world.app.accounts()) == set(world.people)
    world.sends_nothing()


@TWO
@pytest.mark.parametrize("action", KILLED)
def test_a_person_who_leaves_after_the_crash_that_created_them_is_not_forgotten(live, action):
    dan = live.hire("dan")
    fault = live.proxy.arm("POST", action, kill=live.rollcall.kill)
    live.rollcall.run()
    assert fault.hit == 1
    live.tenant.leave(dan)
    live.rollcall.run()
    live.rollcall.run()
    assert not live.app.accounts().get(live.address("dan"), {}).get("active")


@TWO
@pytest.mark.parametrize("action", KILLED)
def test_a_deactivation_outlives_a_crash(live, action):
    fault = live.proxy.arm("PATCH", action, kill=live.rollcall.kill)
    live.tenant.disable(live.bo)
    live.rollcall.run()
    assert fault.hit == 1
    live.run()
    assert live.account("bo")["active"] is False


@pytest.mark.apps("scim2")
def test_retry_after_is_obeyed_and_nothing_is_sent_before(live):
    live.proxy.arm("POST", "throttled", retry_after="3")
    live.hire("dan")
    assert live.run()["created"] == 1
    first, second = live.writes()[:2]
    assert second.at - first.at >= 3


@pytest.mark.apps("scim2")
def test_an_app_that_is_down_gets_few_requests_and_everything_when_it_is_back(live):
    live.hire("dan")
    live.tenant.disable(live.bo)
    live.proxy.arm("*", "unavailable", count=10_000)
    mark = live.mark()
    down = live.rollcall.run()
    assert down.code in (1, 4), down.said
    assert len(live.proxy.exchanges) - mark < 40
    assert live.account("bo")["active"] is True
    live.proxy.disarm()
    live.run()
    assert live.account("bo")["active"] is False
    assert live.account("dan")["active"] is True


@pytest.mark.apps("scim2")
def test_a_wrong_token_fails_the_run_and_blames_no_person(live):
    live.rollcall.secret("target-token", "not-the-token")
    live.hire("dan")
    live.tenant.disable(live.bo)
    refused = live.rollcall.run()
    assert refused.code == 4, refused.said
    assert refused["failures"] == []
    assert "not-the-token" not in refused.said
    live.rollcall.secret("target-token", live.right_token)
    live.run()
    assert live.account("bo")["active"] is False


@pytest.mark.apps("scimmy-express4")
def test_a_taken_name_that_the_app_will_not_show_is_one_persons_failure(live):
    # SCIMMY refuses the name whatever its case, but finds it in its own case only: 409, and nothing to adopt.
    live.app.ask("POST", "/Users", live.stranger(live.address("Dan").title()))
    live.hire("dan")
    live.hire("eve")
    done = live.rollcall.run()
    assert (done.code, done["created"], done["failed"]) == (1, 1, 1), done.said
    assert [failure["user_name"] for failure in done["failures"]] == [live.address("dan")]
    assert live.account("eve")["active"] is True
    live.ends_quietly = False
