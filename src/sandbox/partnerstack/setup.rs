//! What a company has set up: its groups, and the stages a deal may be in, which depend on the group.

use serde_json::{Value, json};

use super::super::look_alike::{Base, By, Origin, Refusal};
use super::super::store::{Fields, Store};
use super::PartnerStack;

pub(super) const LEAD_STATUSES: &[&str] = &["new", "working", "accepted", "rejected", "converted"];

const GROUPS: &[(&str, &str)] = &[("Resellers", "resellers"), ("Referral Partners", "referralpartners"), ("Distributors", "distributors")];

const DEAL_STAGES: &[(&str, &str)] =
    &[("qualified", "Qualified"), ("proposal", "Proposal"), ("negotiation", "Negotiation"), ("closed_won", "Closed won"), ("closed_lost", "Closed lost")];

/// Distributors register deals before anyone qualifies them.
const DISTRIBUTOR_STAGES: &[(&str, &str)] = &[
    ("registered", "Registered"),
    ("qualified", "Qualified"),
    ("proposal", "Proposal"),
    ("negotiation", "Negotiation"),
    ("closed_won", "Closed won"),
    ("closed_lost", "Closed lost"),
];

pub(super) fn groups(prm: &PartnerStack) {
    let by = By { who: "setup".into(), at: prm.base.now(), origin: Origin::Seed };
    for (name, slug) in GROUPS {
        let key = prm.new_key("grp");
        let fields = [("name", json!(name)), ("slug", json!(slug)), ("default", json!(*slug == "resellers")), ("archived", json!(false))];
        prm.base.write(&by, |writing| writing.create("groups", &key, fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()));
    }
}

pub(super) fn stages_of(group_slug: Option<&str>) -> &'static [(&'static str, &'static str)] {
    if group_slug == Some("distributors") { DISTRIBUTOR_STAGES } else { DEAL_STAGES }
}

/// The slug of the group a deal is in, by its own group or its partner's.
pub(super) fn group_of(store: &Store, fields: &Fields) -> Option<String> {
    if let Some(key) = fields.get("group_key").and_then(Value::as_str) {
        return Some(store.shelf("groups").live(key)?.text("slug").to_owned());
    }
    let partner = fields.get("partner_key")?.as_str()?;
    let partner = store.shelf("partnerships").find("partner_key", partner)?.into_iter().next()?;
    Some(partner.field("group").get("slug")?.as_str()?.to_owned())
}

/// The list behind `/sales-cycles/{kind}/stages`: of one group, or all that any group has.
pub(super) fn stages(base: &Base, kind: &str, group_key: Option<&str>) -> Result<Vec<Value>, Refusal> {
    if kind == "leads" || kind == "lead" {
        return Ok(LEAD_STATUSES.iter().enumerate().map(|(nth, key)| json!({ "key": key, "name": key, "position": nth })).collect());
    }
    if kind != "deals" && kind != "deal" {
        return Err(Refusal::new(404, "This object has no sales cycle."));
    }
    let slug = match group_key {
        Some(key) => Some(base.read(|store| super::found(store, "groups", key, None))?.text("slug").to_owned()),
        None => Some("distributors".to_owned()),
    };
    Ok(stages_of(slug.as_deref()).iter().enumerate().map(|(nth, (key, name))| json!({ "key": key, "name": name, "position": nth })).collect())
}
