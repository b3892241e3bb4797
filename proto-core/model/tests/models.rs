//! The small models, each to its end

use model::Pair;
use model::bounds::{self, Bounds};
use model::explore::{Outcome, explore};
use model::foreign::{ClosingServer, SilentClient};

/// Fails with what does not hold, and where the model has fewer states than it was seen to have
#[track_caller]
fn assert_holds(outcome: &Outcome, states: usize) {
    println!("{outcome}");
    assert!(outcome.broken.is_empty(), "{outcome}");
    assert!(outcome.states >= states, "{} states, {states} at least expected", outcome.states);
}

#[track_caller]
fn assert_pair_holds(bounds: Bounds, states: usize) {
    assert_holds(&explore(bounds.name, Pair::new(bounds), 1), states);
}

#[test]
fn every_segmentation_of_an_exchange_comes_out_right() {
    assert_pair_holds(bounds::SPLITS, 60_000);
}

#[test]
fn every_segmentation_of_two_exchanges_comes_out_right() {
    assert_pair_holds(bounds::AGAIN, 30_000);
}

#[test]
fn every_segmentation_of_lengths_of_two_bytes_comes_out_right() {
    assert_pair_holds(bounds::LENGTHS, 2_000);
}

#[test]
fn commands_and_time_outs_in_every_order_come_out_right() {
    assert_pair_holds(bounds::ORDERS, 250_000);
}

#[test]
fn a_fifth_exchange_is_refused_and_the_four_are_settled() {
    assert_pair_holds(bounds::FIFTH, 6_000);
}

#[test]
fn a_client_that_owes_four_is_left_out_and_answers_all_four() {
    assert_pair_holds(bounds::OWING, 25_000);
}

#[test]
fn a_client_may_leave_at_any_moment() {
    assert_pair_holds(bounds::EXIT, 6_000);
}

#[test]
fn a_client_that_never_answers_is_served_and_ended_by_time() {
    assert_holds(&explore("silent client", SilentClient::new(2, 5), 1), 90_000);
}

#[test]
fn a_server_that_closes_behind_its_pong_or_anywhere_leaves_no_client_behind() {
    assert_holds(&explore("closing server", ClosingServer::new(2, 1), 1), 7_000);
}
