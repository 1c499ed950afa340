//! Guarantee 5: how many changes of a kind may go ahead by themselves, in a run, in a day, and in a week.

use super::{Facts, HoldKind, Limit, LimitKind, Limits, Objection};

/// L = min(max(ceil(percent of A), `at_least`), `at_most`), and for leavers at most half of A.
pub fn allowed(limit: &Limit, kind: LimitKind, active: u64) -> u64 {
    let share = share_of(active, limit.percent).max(u64::from(limit.at_least));
    let capped = limit.at_most.map_or(share, |most| share.min(u64::from(most)));
    if kind.is_leavers() { capped.min(active / 2) } else { capped }
}

/// ceil(percent of active), in thousandths of a percent so that no rounding error adds a person.
fn share_of(active: u64, percent: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "settings keep it between 0 and 100")]
    let thousandths = (percent.clamp(0.0, 100.0) * 1000.0).round() as u64;
    (active * thousandths).div_ceil(100_000)
}

pub fn objection(kind: LimitKind, facts: &Facts, limits: &Limits) -> Option<Objection> {
    let count = facts.planned.get(&kind).copied().unwrap_or(0);
    if count == 0 {
        return None;
    }
    let limit = allowed(setting(limits, kind), kind, facts.active);
    let day = facts.done_in_a_day.get(&kind).copied().unwrap_or(0);
    let week = facts.done_in_a_week.get(&kind).copied().unwrap_or(0);
    let what = format!("would {} {count} of {} accounts", verb(kind), facts.active);
    let message = if kind.is_leavers() && facts.roster_is_empty {
        format!("{what}, because the directory shows nobody at all; an empty group never acts by itself")
    } else if count > limit {
        format!("{what}; the limit is {limit}")
    } else if day + count > limit {
        format!("{what}, after {day} in the last 24 hours; the limit for a day is {limit}")
    } else if week + count > 2 * limit {
        format!("{what}, after {week} in the last 7 days; the limit for a week is {}", 2 * limit)
    } else {
        return None;
    };
    Some(Objection { kind: HoldKind::Limit(kind), limit, message })
}

fn setting(limits: &Limits, kind: LimitKind) -> &Limit {
    match kind {
        LimitKind::Disabled => &limits.disabled,
        LimitKind::Left => &limits.left,
        LimitKind::Reactivations => &limits.reactivations,
        LimitKind::Renames => &limits.renames,
        LimitKind::Creates => &limits.creates,
        LimitKind::Updates => &limits.updates,
    }
}

fn verb(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::Disabled | LimitKind::Left => "deactivate",
        LimitKind::Reactivations => "reactivate",
        LimitKind::Renames => "rename",
        LimitKind::Creates => "create or adopt accounts for",
        LimitKind::Updates => "update",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::guard::{Verdict, approve};
    use crate::model::{Cause, ChangeKind};

    /// The built-in defaults.
    fn limits() -> Limits {
        let limit = |percent, at_least, at_most| Limit { percent, at_least, at_most };
        Limits {
            disabled: limit(10.0, 5, Some(200)),
            left: limit(5.0, 2, Some(50)),
            reactivations: limit(5.0, 5, None),
            renames: limit(2.0, 5, None),
            creates: limit(25.0, 50, None),
            updates: limit(25.0, 20, None),
        }
    }

    #[track_caller]
    fn check(kind: LimitKind, active: u64, expected: u64) {
        assert_eq!(allowed(setting(&limits(), kind), kind, active), expected, "{kind:?} of {active}");
    }

    #[test]
    fn the_limit_is_a_share_with_a_floor_and_a_ceiling() {
        check(LimitKind::Left, 900, 45);
        check(LimitKind::Left, 901, 46);
        check(LimitKind::Left, 2000, 50);
        check(LimitKind::Left, 10, 2);
        check(LimitKind::Disabled, 10_000, 200);
        check(LimitKind::Creates, 0, 50);
        check(LimitKind::Updates, 1000, 250);
        check(LimitKind::Renames, 1000, 20);
    }

    #[test]
    fn never_more_than_half_leave_by_themselves_and_the_last_one_always_asks() {
        check(LimitKind::Disabled, 1, 0);
        check(LimitKind::Disabled, 2, 1);
        check(LimitKind::Disabled, 3, 1);
        check(LimitKind::Left, 1, 0);
        check(LimitKind::Left, 3, 1);
        check(LimitKind::Left, 4, 2);
    }

    /// H1: for every size and number, all or none are released, by the same arithmetic written a second time.
    #[test]
    fn exactly_at_the_limit_goes_ahead_and_one_more_is_held_whole() {
        for active in 0..300_u64 {
            let twentieth = active / 20 + u64::from(active % 20 > 0);
            let expected = twentieth.clamp(2, 50).min(active / 2);
            for leaving in 1..=active {
                let planned = BTreeMap::from([(LimitKind::Left, leaving)]);
                let facts = Facts { active, planned, ..Facts::default() };
                let verdict = approve(&facts, &limits()).verdict(ChangeKind::Deactivate, Cause::LeftGroup, false);
                assert_eq!(verdict == Verdict::Release, leaving <= expected, "{leaving} of {active}");
            }
        }
    }

    #[test]
    fn eight_runs_a_day_each_just_under_the_limit_stop_at_the_day_s_limit() {
        let mut done = 0;
        for _ in 0..8 {
            let facts = Facts {
                active: 900,
                planned: BTreeMap::from([(LimitKind::Left, 20)]),
                done_in_a_day: BTreeMap::from([(LimitKind::Left, done)]),
                done_in_a_week: BTreeMap::from([(LimitKind::Left, done)]),
                ..Facts::default()
            };
            if approve(&facts, &limits()).objections().is_empty() {
                done += 20;
            }
        }
        assert_eq!(done, 40);
    }

    #[test]
    fn a_week_allows_twice_the_limit() {
        let facts = |week| Facts {
            active: 900,
            planned: BTreeMap::from([(LimitKind::Left, 10)]),
            done_in_a_week: BTreeMap::from([(LimitKind::Left, week)]),
            ..Facts::default()
        };
        assert!(approve(&facts(80), &limits()).objections().is_empty());
        assert_eq!(approve(&facts(81), &limits()).objections().len(), 1);
    }

    #[test]
    fn too_many_weak_leavers_never_keep_a_dismissed_person_active() {
        let planned = BTreeMap::from([(LimitKind::Left, 400), (LimitKind::Disabled, 1)]);
        let plan = approve(&Facts { active: 900, planned, ..Facts::default() }, &limits());
        assert_eq!(plan.verdict(ChangeKind::Deactivate, Cause::Disabled, false), Verdict::Release);
        assert_eq!(
            plan.verdict(ChangeKind::Deactivate, Cause::LeftGroup, false),
            Verdict::Hold(HoldKind::Limit(LimitKind::Left))
        );
    }

    #[test]
    fn the_first_plan_of_a_configuration_is_held_whole_but_for_strong_leavers() {
        let planned = BTreeMap::from([(LimitKind::Creates, 3), (LimitKind::Left, 1), (LimitKind::Disabled, 1)]);
        let plan = approve(&Facts { active: 100, unreviewed: true, planned, ..Facts::default() }, &limits());
        let held = Verdict::Hold(HoldKind::Configuration);
        assert_eq!(plan.verdict(ChangeKind::Create, Cause::Joined, false), held);
        assert_eq!(plan.verdict(ChangeKind::Adopt, Cause::Joined, true), held);
        assert_eq!(plan.verdict(ChangeKind::Deactivate, Cause::LeftGroup, false), held);
        assert_eq!(plan.verdict(ChangeKind::Deactivate, Cause::Deleted, false), Verdict::Release);
    }

    #[test]
    fn an_empty_roster_never_acts_by_itself_whatever_the_size() {
        for (active, kind, cause) in
            [(2, LimitKind::Disabled, Cause::Deleted), (1000, LimitKind::Left, Cause::LeftGroup)]
        {
            let planned = BTreeMap::from([(kind, 1)]);
            let plan = approve(&Facts { active, roster_is_empty: true, planned, ..Facts::default() }, &limits());
            assert_eq!(plan.verdict(ChangeKind::Deactivate, cause, false), Verdict::Hold(HoldKind::Limit(kind)));
        }
    }

    proptest! {
        /// Whatever else is planned and was done: leavers go by themselves up to the limit, all of them or none, and
        /// never more than half.
        #[test]
        fn released_leavers_never_exceed_the_limit(
            active in 0..2000_u64, numbers in proptest::collection::vec(0..500_u64, 6), asks in 0..5_u64,
            day in 0..60_u64, week in 0..120_u64, unreviewed: bool, roster_is_empty: bool, nulls: bool,
        ) {
            let planned: BTreeMap<_, _> = LimitKind::ALL.into_iter().zip(numbers).collect();
            let done = |number| LimitKind::ALL.map(|kind| (kind, number)).into();
            let mass_null = if nulls { vec!["department".to_owned()] } else { Vec::new() };
            let facts = Facts {
                active, roster_is_empty, unreviewed, mass_null, planned, asks, declined: Vec::new(),
                done_in_a_day: done(day), done_in_a_week: done(week.max(day)),
            };
            let plan = approve(&facts, &limits());
            for (cause, kind) in [
                (Cause::Disabled, LimitKind::Disabled), (Cause::Deleted, LimitKind::Disabled),
                (Cause::LeftGroup, LimitKind::Left), (Cause::OutOfScope, LimitKind::Left),
            ] {
                if facts.planned[&kind] > 0 && plan.verdict(ChangeKind::Deactivate, cause, false) == Verdict::Release {
                    let limit = allowed(setting(&limits(), kind), kind, active);
                    prop_assert!(!roster_is_empty);
                    prop_assert!(facts.planned[&kind] + day <= limit && facts.planned[&kind] <= active / 2);
                    prop_assert!(facts.planned[&kind] + week.max(day) <= 2 * limit);
                    prop_assert!(kind == LimitKind::Disabled || !unreviewed);
                }
            }
        }

        /// A hold of one kind stays a hold when there is more of it.
        #[test]
        fn more_of_what_is_held_is_held_too(active in 0..2000_u64, count in 1..600_u64, more in 0..600_u64) {
            let verdict = |count| {
                let planned = BTreeMap::from([(LimitKind::Left, count)]);
                let facts = Facts { active, planned, ..Facts::default() };
                approve(&facts, &limits()).verdict(ChangeKind::Deactivate, Cause::LeftGroup, false)
            };
            prop_assert!(verdict(count) == Verdict::Release || verdict(count + more) != Verdict::Release);
        }
    }
}
