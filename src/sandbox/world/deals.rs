//! Leads and deals: registered by partners in the PRM, worked on in the CRM.

use jiff::ToSpan;
use jiff::civil::Date;
use rand::RngExt;
use serde_json::{Value, json};

use super::super::look_alike::Refusal;
use super::{Account, Partner, World, make};

/// Stage keys of the PRM and labels of the CRM, open ones first.
const STAGES: [(&str, &str); 5] =
    [("qualified", "Qualification"), ("proposal", "Proposal"), ("negotiation", "Negotiation"), ("closed_won", "Closed Won"), ("closed_lost", "Closed Lost")];

const LEAD_STATUSES: [(&str, &str); 3] = [("new", "Open - Not Contacted"), ("working", "Working - Contacted"), ("rejected", "Closed - Not Converted")];

pub(super) fn leads(world: &mut World<'_>, count: usize, partners: &[Partner]) -> Result<(), Refusal> {
    let reachable: Vec<_> = partners.iter().filter(|partner| partner.prm.is_some() && partner.crm.is_some()).collect();
    for nth in 0..count {
        let (company, person, at) = (world.names.customer(), world.names.person(), world.time(nth, count));
        let partner = reachable[world.names.chance.random_range(0..reachable.len())];
        let email = company.mail(&person.user());
        let (in_prm, in_crm) = match world.names.chance.random_range(0..10) {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        let status = LEAD_STATUSES[[0, 0, 1, 1, 1, 2][world.names.chance.random_range(0..6)]];
        let mut key = Value::Null;
        if in_prm {
            let fields = json!({
                "account_name": company.name, "email": email, "contact_first_name": person.first, "contact_last_name": person.last,
                "partner_key": partner.prm, "status": status.0, "approved": status.0 != "new", "field_data": { "phone": company.phone_bare() },
            });
            key = json!(&*make(world.prm, "leads", fields, at)?.key);
        }
        if in_crm {
            let known = if world.names.often(0.6) { key } else { Value::Null };
            let phone = world.names.often(0.9).then(|| company.phone());
            let fields = json!({
                "FirstName": person.first, "LastName": person.last, "Company": company.name, "Email": email, "Phone": phone, "Status": status.1,
                "Rating": (["Hot", "Warm", "Cold"])[nth % 3], "PRM_Lead_Key__c": known, "Partner__c": if in_prm { json!(partner.crm) } else { Value::Null },
            });
            make(world.crm, "Lead", fields.clone(), at)?;
            // Now and then two people typed the same lead.
            if nth % 90 == 45 {
                let mut twin = fields;
                twin["PRM_Lead_Key__c"] = Value::Null;
                make(world.crm, "Lead", twin, at)?;
            }
        }
    }
    Ok(())
}

pub(super) fn deals(world: &mut World<'_>, count: usize, partners: &[Partner], accounts: &[Account]) -> Result<(), Refusal> {
    let reachable: Vec<_> = partners.iter().filter(|partner| partner.prm.is_some() && partner.crm.is_some()).collect();
    let known: Vec<_> = accounts.iter().filter(|account| account.crm.is_some()).collect();
    for nth in 0..count {
        let at = world.time(nth, count);
        let today = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (partner, account) = (reachable[world.names.chance.random_range(0..reachable.len())], known[world.names.chance.random_range(0..known.len())]);
        let person = world.names.person();
        let (stage, label) = STAGES[[0, 0, 0, 1, 1, 2, 3, 3, 4][world.names.chance.random_range(0..9)]];
        let dollars: i64 = world.names.chance.random_range(8..600) * 250;
        let close = close_date(today, world.names.chance.random_range(20..160));
        let (in_prm, in_crm) = match world.names.chance.random_range(0..20) {
            _ if nth < 2 => (true, true),
            0 => (true, false),
            1 | 2 => (false, true),
            _ => (true, true),
        };
        let mut key = Value::Null;
        if in_prm {
            // Amounts and dates are haggled over on the telephone, and typed once.
            let said = if world.names.often(0.06) { dollars + 500 } else { dollars };
            let close = if world.names.often(0.05) { close_date(close, 14) } else { close };
            let fields = json!({
                "account_name": account.company.name, "amount": said * 100, "close_date": close.to_string(), "contact_first_name": person.first,
                "contact_last_name": person.last, "partner_key": partner.prm, "stage": stage, "source": "partner",
                "lost_reason": if stage == "closed_lost" { json!("Budget") } else { Value::Null },
            });
            key = json!(&*make(world.prm, "deals", fields, at)?.key);
        }
        if in_crm {
            let product = (["Platform", "Renewal", "Expansion", "Pilot", "Rollout"])[nth % 5];
            let fields = json!({
                "Name": format!("{} - {product} {}", account.company.name, today.strftime("%b %Y")), "StageName": label, "Amount": dollars,
                "CloseDate": close.to_string(), "AccountId": account.crm, "PRM_Deal_Key__c": key,
                "Partner__c": if in_prm { json!(partner.crm) } else { Value::Null },
            });
            make(world.crm, "Opportunity", fields, at)?;
        }
    }
    Ok(())
}

fn close_date(from: Date, days: i64) -> Date {
    from.saturating_add(days.days())
}
