//! What any backend must do: one suite over the contract, each part on a fresh store.

mod forget;
mod hangs;
mod journal;
pub mod look;
mod names;
pub mod sample;
mod touched;

use std::sync::Arc;

use super::Store;

/// Runs every part against stores that `make` builds empty.
pub fn suite(make: impl Fn() -> Arc<dyn Store>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime of one thread");
    runtime.block_on(async {
        look::an_entity_comes_back_as_it_was_committed(make()).await;
        look::an_entity_begins_as_if_it_had_been_looked_at(make()).await;
        look::what_is_agreed_is_told_of_live_records_alone(make()).await;
        look::a_moved_hub_leaves_the_old_pair_with_every_other_link(make()).await;
        look::a_result_after_the_hub_moved_is_told_apart_from_the_stored_hub(make()).await;
        look::links_are_found_by_identity_and_predecessor(make()).await;
        look::a_record_is_linked_once(make()).await;
        look::keys_hit_entities_and_waiting_records(make()).await;
        look::two_entities_become_one(make()).await;
        look::a_failed_commit_leaves_nothing(make()).await;
        look::counts_follow(make()).await;
        look::identities_come_in_order_and_live_only(make()).await;
        journal::entries_live_from_ready_to_done(make()).await;
        journal::open_creates_claim_records(make()).await;
        journal::dead_letters_close_when_nothing_is_refused(make()).await;
        journal::reviews_are_asked_once_and_answered(make()).await;
        journal::conflicts_and_decisions_are_kept(make()).await;
        journal::runs_end_and_adopt(make()).await;
        forget::what_is_over_is_forgotten_and_what_is_open_stays(make()).await;
        forget::many_old_rows_go_a_few_at_a_time(make()).await;
        forget::an_old_tombstone_keeps_its_id_only(make()).await;
        forget::what_others_refer_to_keeps_its_values(make()).await;
        touched::a_newer_hint_survives_its_answer(make()).await;
        touched::cursor_and_touched_move_together(make()).await;
        touched::what_is_put_off_waits_and_counts_attempts(make()).await;
        touched::a_delivery_is_accepted_once(make()).await;
        touched::small_things_of_a_connection_are_kept(make()).await;
        hangs::what_hangs_on_an_entity_is_touched_with_it(make()).await;
        hangs::what_hangs_is_found_anew_when_the_mapping_changes(make()).await;
        hangs::what_was_looked_through_is_kept_and_what_waits_is_hastened(make()).await;
        names::order_and_names_may_change(make()).await;
        names::a_changed_meaning_is_unknown_until_written(make()).await;
        names::what_left_the_mapping_is_gone_and_new_when_it_returns(make()).await;
        names::another_object_is_another_system(make()).await;
    });
}
