//! What every company has from the start: itself, its currencies and payment terms, and the service's list of sets.

use serde_json::{Value, json};

use super::super::call::Reply;
use super::refused::{Refused, refused};
use super::schema::{self, SETS};
use super::{BusinessCentral, by_setup, change};

pub(super) const COMPANY_NAME: &str = "CRONUS Sandbox";

const CURRENCIES: &[(&str, &str, &str)] =
    &[("EUR", "Euro", "€"), ("GBP", "Pound Sterling", "£"), ("CAD", "Canadian dollar", "$"), ("CHF", "Swiss franc", "CHF")];
const TERMS: &[(&str, &str, &str)] = &[("30 DAYS", "Net 30 days", "30D"), ("14 DAYS", "Net 14 days", "14D"), ("COD", "Cash on delivery", "0D")];

pub(super) fn plant(erp: &BusinessCentral) {
    let currencies = CURRENCIES
        .iter()
        .map(|(code, name, symbol)| ("currencies", json!({ "code": code, "displayName": name, "symbol": symbol, "amountDecimalPlaces": "2:2" })));
    let terms = TERMS.iter().map(|(code, name, due)| ("paymentTerms", json!({ "code": code, "displayName": name, "dueDateCalculation": due })));
    for (set, fields) in currencies.chain(terms) {
        let set = schema::set(set).expect("the sets of the setup are in the schema");
        let Value::Object(fields) = fields else { continue };
        change::create(erp, set, fields, &by_setup(&erp.base)).expect("the setup fits the schema it is written for");
    }
}

fn company(erp: &BusinessCentral) -> Value {
    json!({ "id": erp.company(), "systemVersion": "26.0.0.0", "name": COMPANY_NAME, "displayName": COMPANY_NAME, "businessProfileId": "" })
}

pub(super) fn companies(erp: &BusinessCentral, id: Option<&str>) -> Result<Reply, Refused> {
    match id {
        None => Ok(Reply::json(200, json!({ "@odata.context": format!("{}/$metadata#companies", erp.api_root()), "value": [company(erp)] }))),
        Some(id) if id.eq_ignore_ascii_case(erp.company()) => Ok(Reply::json(200, company(erp))),
        Some(id) => Err(refused(404, "Internal_CompanyNotFound", format!("Cannot find the company {id}."))),
    }
}

pub(super) fn service_document(erp: &BusinessCentral) -> Value {
    let sets = ["companies"].into_iter().chain(SETS.iter().map(|set| set.name));
    let all: Vec<Value> = sets.map(|name| json!({ "name": name, "kind": "EntitySet", "url": name })).collect();
    json!({ "@odata.context": format!("{}/$metadata", erp.api_root()), "value": all })
}
