//! The small models, each to its end

use model::Pair;
use model::bounds::{self, Bounds};
use model::explore::{Outcome, explore};
use model::foreign::{ClosingServer, SilentClient};
use model::seen::Seen;
use stateright::{Expectation, Model};

/// Fails with what does not hold, and where the model has not the states that it was seen to have: fewer would prove less, and more
/// are the sign of something that is remembered and means nothing
#[track_caller]
fn assert_holds(outcome: &Outcome, states: usize) {
    println!("{outcome}");
    assert!(outcome.broken.is_empty(), "{outcome}");
    assert_eq!(outcome.states, states, "states of {}", outcome.name);
}

#[track_caller]
fn assert_pair_holds(bounds: Bounds, states: usize) {
    assert_holds(&explore(bounds.name, Pair::new(bounds), 1), states);
}

#[test]
fn every_segmentation_of_an_exchange_comes_out_right() {
    assert_pair_holds(bounds::SPLITS, 69_398);
}

#[test]
fn every_segmentation_of_two_exchanges_comes_out_right() {
    assert_pair_holds(bounds::AGAIN, 38_054);
}

#[test]
fn every_segmentation_of_lengths_of_two_bytes_comes_out_right() {
    assert_pair_holds(bounds::LENGTHS, 2_565);
}

#[test]
fn commands_and_time_outs_in_every_order_come_out_right() {
    assert_pair_holds(bounds::ORDERS, 257_473);
}

#[test]
fn a_fifth_exchange_is_refused_and_the_four_are_settled() {
    assert_pair_holds(bounds::FIFTH, 6_721);
}

#[test]
fn a_client_that_owes_four_is_left_out_and_answers_all_four() {
    assert_pair_holds(bounds::OWING, 25_702);
}

#[test]
fn a_client_may_leave_at_any_moment() {
    assert_pair_holds(bounds::EXIT, 24_546);
}

#[test]
fn a_server_may_leave_at_any_moment() {
    assert_pair_holds(bounds::CLOSE, 9_160);
}

#[test]
fn bytes_may_be_lost_at_any_moment() {
    assert_pair_holds(bounds::RESET, 120_768);
}

#[test]
fn every_end_behind_two_exchanges_and_a_time_out() {
    assert_pair_holds(bounds::ENDINGS, 65_415);
}

#[test]
fn a_server_may_give_its_client_up_at_any_moment() {
    assert_pair_holds(bounds::DEADLINES, 148_314);
}

#[test]
fn a_client_that_never_answers_is_served_and_ended_by_time() {
    assert_holds(&explore("silent client", SilentClient::new(2, 5), 1), 94_787);
}

#[test]
fn a_client_that_never_answers_may_leave_at_any_moment() {
    assert_holds(&explore("it leaves", SilentClient::new(1, 2).leaving(), 1), 77_871);
}

#[test]
fn a_server_that_closes_behind_its_pong_or_anywhere_leaves_no_client_behind() {
    assert_holds(&explore("closing server", ClosingServer::new(2, 1), 1), 11_670);
}

#[test]
fn every_kind_of_step_that_a_model_may_take_has_to_be_met_in_it() {
    for Bounds { name, budget, meets, .. } in bounds::SMALL {
        let met = |count: u8, any: &[Seen]| {
            assert!(count == 0 || any.iter().any(|seen| meets.contains(seen)), "none of {any:?} in {name}");
        };
        met(budget.pings, &[Seen::Completed]);
        met(budget.stops, &[Seen::AbandonedResponse]);
        met(budget.server_pings, &[Seen::Crossing]);
        met(budget.timeouts, &[Seen::ResponseTimedOut]);
        met(budget.timeouts, &[Seen::PongTimedOut]);
        met(budget.idles, &[Seen::IdlePing]);
        met(budget.exits, &[Seen::Exit]);
        met(budget.closes, &[Seen::ServerLeaves]);
        met(budget.resets, &[Seen::Lost]);
        met(budget.deadlines, &[Seen::FrameTimeout]);
        met(budget.deadlines, &[Seen::StatusTimeout]);
        met(budget.deadlines, &[Seen::Silence]);
    }
}

#[test]
fn everything_worth_meeting_has_to_be_met_in_some_model() {
    fn sometimes<M: Model>(model: &M) -> Vec<&'static str> {
        let kept = model.properties().into_iter().filter(|property| property.expectation == Expectation::Sometimes);
        kept.map(|property| property.name).collect()
    }
    let mut met: Vec<_> = bounds::SMALL.iter().flat_map(|bounds| sometimes(&Pair::new(*bounds))).collect();
    met.extend(sometimes(&SilentClient::new(2, 5)));
    met.extend(sometimes(&SilentClient::new(1, 2).leaving()));
    met.extend(sometimes(&ClosingServer::new(2, 1)));
    for seen in Seen::ALL {
        assert!(met.contains(&seen.as_str()), "{seen:?}");
    }
}
