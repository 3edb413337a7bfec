//! A believable partner ecosystem from a seed: the same companies in three systems, with the disagreements that years of typing leave behind.
//!
//! Partners are partnerships in the PRM, accounts of type Partner in the CRM and (some) vendors in the ERP. Accounts are CRM accounts and ERP customers.
//! Leads and deals are in PRM and CRM. No won deal has its sales order yet: that is what the first run brings about.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use serde_json::{Value, json};

use super::Settings;
use super::look_alike::{By, LookAlike, Origin, Refusal};
use super::store::Record;
use names::{Company, Names};

mod deals;
mod items;
mod names;
#[cfg(test)]
mod tests;

/// How far back the world goes.
const PAST: SignedDuration = SignedDuration::from_hours(24 * 540);
/// Nothing in it happened later than this before now, so that nothing seems to be just being typed.
const QUIET: SignedDuration = SignedDuration::from_hours(2);

/// The three systems while they are filled.
struct World<'a> {
    crm: &'a dyn LookAlike,
    prm: &'a dyn LookAlike,
    erp: &'a dyn LookAlike,
    now: Timestamp,
    names: Names,
}

struct Partner {
    /// Its `partner_key`, when the PRM has it.
    prm: Option<String>,
    /// Its account's id, when the CRM has it.
    crm: Option<String>,
}

struct Account {
    company: Company,
    crm: Option<String>,
}

/// Fills three empty look-alikes.
pub(super) fn plant(settings: &Settings, now: Timestamp, crm: &dyn LookAlike, prm: &dyn LookAlike, erp: &dyn LookAlike) -> Result<(), Refusal> {
    let deals = settings.records.max(1);
    let mut world = World { crm, prm, erp, now, names: Names::new(settings.seed) };
    items::plant(&world, 20)?;
    let partners = world.partners((deals / 10).max(3))?;
    let accounts = world.accounts((deals / 2).max(2))?;
    world.twins(&accounts)?;
    deals::leads(&mut world, deals / 3, &partners)?;
    deals::deals(&mut world, deals, &partners, &accounts)?;
    items::standing_orders(&mut world, deals / 20)
}

/// Leaves out what is null, as a person leaves a field empty.
fn make(system: &dyn LookAlike, object: &str, fields: Value, at: Timestamp) -> Result<Arc<Record>, Refusal> {
    let Value::Object(mut fields) = fields else { return Err(Refusal::new(400, "fields are an object")) };
    fields.retain(|_, value| !value.is_null());
    let by = By { who: Arc::from("Robin Clerk"), at, origin: Origin::Seed };
    system.create(object, fields, &by).map_err(|refusal| Refusal::new(refusal.status, format!("{object}: {}", refusal.message)))
}

impl World<'_> {
    /// When the nth of so many things happened: in order, evenly over the past.
    fn time(&self, nth: usize, of: usize) -> Timestamp {
        let whole = (PAST - QUIET).as_millis() as i64;
        let back = whole - whole * nth as i64 / of.max(1) as i64;
        self.now.checked_sub(QUIET + SignedDuration::from_millis(back)).unwrap_or(self.now)
    }

    fn partners(&mut self, count: usize) -> Result<Vec<Partner>, Refusal> {
        const GROUPS: [&str; 3] = ["resellers", "referralpartners", "distributors"];
        let mut all = Vec::with_capacity(count);
        for nth in 0..count {
            let (company, person, at) = (self.names.partner(), self.names.person(), self.time(nth, count));
            // The first few are on both sides; after that some are on one only.
            let (in_prm, in_crm) = (nth < 3 || self.names.often(0.95), nth < 3 || self.names.often(0.92));
            let (in_prm, in_crm) = if in_prm || in_crm { (in_prm, in_crm) } else { (true, true) };
            let key = company.domain.trim_end_matches(".example").replace('-', "");
            let prm = if in_prm {
                let team = if self.names.often(0.04) { company.name.replace(' ', "") } else { company.name.clone() };
                let fields = json!({
                    "partner_key": key, "email": company.mail(&person.user()), "first_name": person.first, "last_name": person.last,
                    "group": { "slug": GROUPS[nth % 3] }, "team": { "name": team },
                    "m_data": { "website": company.website(), "phone": company.phone(), "country": company.city.country_name },
                });
                make(self.prm, "partnerships", fields, at)?;
                Some(key)
            } else {
                None
            };
            let known = prm.clone().filter(|_| self.names.often(0.3));
            let crm = if in_crm { Some(self.crm_account(&company, "Partner", json!({ "Partner_Key__c": known }), at)?) } else { None };
            if self.names.often(0.5) {
                make(self.erp, "vendors", erp_company(&company, company.mail("billing")), at)?;
            }
            all.push(Partner { prm, crm });
        }
        Ok(all)
    }

    fn crm_account(&mut self, company: &Company, kind: &str, more: Value, at: Timestamp) -> Result<String, Refusal> {
        let phone = self.names.often(0.95).then(|| company.phone());
        let industry = self.names.often(0.9).then_some(company.industry);
        let mut fields = json!({
            "Name": company.name, "Type": kind, "Website": company.website(), "Phone": phone, "Industry": industry,
            "BillingStreet": company.street, "BillingCity": company.city.name, "BillingPostalCode": company.postal_code, "BillingCountry": company.city.country_name,
        });
        if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
            fields.extend(more);
        }
        Ok(make(self.crm, "Account", fields, at)?.key.to_string())
    }

    fn accounts(&mut self, count: usize) -> Result<Vec<Account>, Refusal> {
        let mut all = Vec::with_capacity(count);
        for nth in 0..count {
            let (company, at) = (self.names.customer(), self.time(nth, count));
            let (in_erp, in_crm) = if nth < 2 { (true, true) } else { (self.names.often(0.8), self.names.often(0.96)) };
            let mut number = Value::Null;
            if in_erp {
                let mut fields = erp_company(&company, company.mail("accounts"));
                self.misspell(&mut fields);
                fields["creditLimit"] = json!(self.names.chance.random_range(1..40) * 2_500);
                number = make(self.erp, "customers", fields, at)?.field("number").clone();
            }
            let known = if self.names.often(0.3) { number } else { Value::Null };
            let crm = if in_crm || !in_erp { Some(self.crm_account(&company, "Customer", json!({ "ERP_Number__c": known }), at)?) } else { None };
            all.push(Account { company, crm });
        }
        Ok(all)
    }

    /// What a clerk got wrong, or left out.
    fn misspell(&mut self, fields: &mut Value) {
        match self.names.chance.random_range(0..20) {
            0 => fields["phoneNumber"] = Value::Null,
            1 => fields["website"] = Value::Null,
            2 => fields["displayName"] = json!(format!("{} ", fields["displayName"].as_str().unwrap_or_default().to_uppercase()).trim()),
            3 => fields["addressLine1"] = json!(fields["addressLine1"].as_str().unwrap_or_default().replace("Street", "St.").replace("Avenue", "Ave.")),
            4 => fields["city"] = Value::Null,
            _ => {}
        }
    }

    /// The same company typed into the CRM a second time: nobody but a person can say which one is meant.
    fn twins(&mut self, accounts: &[Account]) -> Result<(), Refusal> {
        let both: Vec<_> = accounts.iter().filter(|account| account.crm.is_some()).collect();
        let at = self.time(1, 1);
        for account in both.iter().skip(1).step_by(120) {
            let fields = json!({ "Name": account.company.name, "Type": "Customer", "Website": account.company.website(), "BillingCountry": account.company.city.country_name });
            make(self.crm, "Account", fields, at)?;
        }
        Ok(())
    }
}

fn erp_company(company: &Company, mail: String) -> Value {
    json!({
        "displayName": company.name, "addressLine1": company.street, "city": company.city.name, "country": company.city.country,
        "postalCode": company.postal_code, "phoneNumber": company.phone_bare(), "email": mail, "website": company.website(),
        "currencyCode": if matches!(company.city.country, "DE" | "FR") { "EUR" } else { "" },
    })
}
