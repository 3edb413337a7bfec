//! The org's objects: the standard fields integrations use, and the custom ones a partner team would have added.

use super::{Field, Kind, Object};

const STAGES: &[&str] = &["Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost"];
const ACCOUNT_TYPES: &[&str] = &["Prospect", "Customer", "Partner", "Reseller", "Other"];
const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Banking",
    "Biotechnology",
    "Construction",
    "Consulting",
    "Education",
    "Energy",
    "Finance",
    "Healthcare",
    "Insurance",
    "Manufacturing",
    "Retail",
    "Technology",
    "Other",
];
const LEAD_STATUSES: &[&str] = &["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"];
const RATINGS: &[&str] = &["Hot", "Warm", "Cold"];
const SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
const OPPORTUNITY_TYPES: &[&str] = &["New Business", "Existing Business"];

pub fn all() -> Vec<Object> {
    vec![account(), contact(), lead(), opportunity(), user()]
}

fn field(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: false, system: false, unique: false, external: false, default: None }
}

impl Field {
    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn system(self) -> Self {
        Self { system: true, ..self }
    }

    fn unique(self) -> Self {
        Self { unique: true, external: true, ..self }
    }

    fn external(self) -> Self {
        Self { external: true, ..self }
    }

    fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// Puts the fields every object has round its own.
fn object(name: &'static str, label: &'static str, plural: &'static str, prefix: &'static str, own: Vec<Field>) -> Object {
    let mut fields = vec![field("Id", "Record ID", Kind::Id).system(), field("IsDeleted", "Deleted", Kind::Flag).system()];
    if matches!(name, "Account" | "Contact" | "Lead") {
        fields.push(field("MasterRecordId", "Master Record ID", Kind::Reference(name, "MasterRecord")).system());
    }
    fields.extend(own);
    if name != "User" {
        fields.push(field("OwnerId", "Owner ID", Kind::Reference("User", "Owner")));
    }
    fields.extend([
        field("CreatedDate", "Created Date", Kind::Instant).system(),
        field("CreatedById", "Created By ID", Kind::Reference("User", "CreatedBy")).system(),
        field("LastModifiedDate", "Last Modified Date", Kind::Instant).system(),
        field("LastModifiedById", "Last Modified By ID", Kind::Reference("User", "LastModifiedBy")).system(),
        field("SystemModstamp", "System Modstamp", Kind::Instant).system(),
    ]);
    Object { name, label, plural, prefix, read_only: name == "User", fields }
}

fn address(prefix: &'static str) -> Vec<Field> {
    let [street, city, state, code, country] = match prefix {
        "Billing" => ["BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry"],
        "Mailing" => ["MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry"],
        _ => ["Street", "City", "State", "PostalCode", "Country"],
    };
    vec![
        field(street, "Street", Kind::Area(255)),
        field(city, "City", Kind::Text(40)),
        field(state, "State/Province", Kind::Text(80)),
        field(code, "Zip/Postal Code", Kind::Text(20)),
        field(country, "Country", Kind::Text(80)),
    ]
}

fn partner_and_marker() -> [Field; 2] {
    [field("Partner__c", "Partner", Kind::Reference("Account", "Partner__r")), field("Syncline_Id__c", "Syncline Id", Kind::Text(64)).unique()]
}

fn account() -> Object {
    let mut own = vec![
        field("Name", "Account Name", Kind::Text(255)).required(),
        field("Type", "Account Type", Kind::Pick(ACCOUNT_TYPES, true)),
        field("ParentId", "Parent Account ID", Kind::Reference("Account", "Parent")),
        field("Phone", "Account Phone", Kind::Phone),
        field("Website", "Website", Kind::Url),
        field("Industry", "Industry", Kind::Pick(INDUSTRIES, false)),
        field("AccountNumber", "Account Number", Kind::Text(40)),
        field("AnnualRevenue", "Annual Revenue", Kind::Money(18, 0)),
        field("NumberOfEmployees", "Employees", Kind::Whole),
        field("Rating", "Account Rating", Kind::Pick(RATINGS, false)),
        field("Description", "Account Description", Kind::Area(32_000)),
        field("Partner_Key__c", "Partner Key", Kind::Text(64)).unique(),
        field("ERP_Number__c", "ERP Number", Kind::Text(40)).unique(),
        // Not unique: the one by which an upsert can meet several records and answer 300.
        field("Legacy_Number__c", "Legacy Number", Kind::Text(40)).external(),
    ];
    own.extend(address("Billing"));
    own.extend(partner_and_marker());
    object("Account", "Account", "Accounts", "001", own)
}

fn contact() -> Object {
    let mut own = vec![
        field("FirstName", "First Name", Kind::Text(40)),
        field("LastName", "Last Name", Kind::Text(80)).required(),
        field("Name", "Full Name", Kind::Text(121)).system(),
        field("AccountId", "Account ID", Kind::Reference("Account", "Account")),
        field("Email", "Email", Kind::Email),
        field("Phone", "Business Phone", Kind::Phone),
        field("Title", "Title", Kind::Text(128)),
        field("Description", "Contact Description", Kind::Area(32_000)),
        field("Syncline_Id__c", "Syncline Id", Kind::Text(64)).unique(),
    ];
    own.extend(address("Mailing"));
    object("Contact", "Contact", "Contacts", "003", own)
}

fn lead() -> Object {
    let mut own = vec![
        field("FirstName", "First Name", Kind::Text(40)),
        field("LastName", "Last Name", Kind::Text(80)).required(),
        field("Name", "Full Name", Kind::Text(121)).system(),
        field("Company", "Company", Kind::Text(255)).required(),
        field("Title", "Title", Kind::Text(128)),
        field("Email", "Email", Kind::Email),
        field("Phone", "Phone", Kind::Phone),
        field("Website", "Website", Kind::Url),
        field("Status", "Status", Kind::Pick(LEAD_STATUSES, true)).required().or("Open - Not Contacted"),
        field("Rating", "Rating", Kind::Pick(RATINGS, true)),
        field("LeadSource", "Lead Source", Kind::Pick(SOURCES, false)),
        field("Industry", "Industry", Kind::Pick(INDUSTRIES, false)),
        field("Description", "Description", Kind::Area(32_000)),
        field("IsConverted", "Converted", Kind::Flag).system(),
        field("ConvertedAccountId", "Converted Account ID", Kind::Reference("Account", "ConvertedAccount")).system(),
        field("ConvertedContactId", "Converted Contact ID", Kind::Reference("Contact", "ConvertedContact")).system(),
        field("ConvertedOpportunityId", "Converted Opportunity ID", Kind::Reference("Opportunity", "ConvertedOpportunity")).system(),
        field("PRM_Lead_Key__c", "PRM Lead Key", Kind::Text(64)).unique(),
    ];
    own.extend(address(""));
    own.extend(partner_and_marker());
    object("Lead", "Lead", "Leads", "00Q", own)
}

fn opportunity() -> Object {
    let mut own = vec![
        field("Name", "Name", Kind::Text(120)).required(),
        field("AccountId", "Account ID", Kind::Reference("Account", "Account")),
        field("StageName", "Stage", Kind::Pick(STAGES, true)).required(),
        field("Amount", "Amount", Kind::Money(16, 2)),
        field("CloseDate", "Close Date", Kind::Date).required(),
        field("Probability", "Probability (%)", Kind::Percent),
        field("Type", "Opportunity Type", Kind::Pick(OPPORTUNITY_TYPES, false)),
        field("LeadSource", "Lead Source", Kind::Pick(SOURCES, false)),
        field("NextStep", "Next Step", Kind::Text(255)),
        field("Description", "Description", Kind::Area(32_000)),
        field("IsClosed", "Closed", Kind::Flag).system(),
        field("IsWon", "Won", Kind::Flag).system(),
        field("PRM_Deal_Key__c", "PRM Deal Key", Kind::Text(64)).unique(),
    ];
    own.extend(partner_and_marker());
    object("Opportunity", "Opportunity", "Opportunities", "006", own)
}

fn user() -> Object {
    let own = vec![
        field("Username", "Username", Kind::Text(80)).required(),
        field("FirstName", "First Name", Kind::Text(40)),
        field("LastName", "Last Name", Kind::Text(80)).required(),
        field("Name", "Full Name", Kind::Text(121)).system(),
        field("Email", "Email", Kind::Email).required(),
        field("IsActive", "Active", Kind::Flag),
    ];
    object("User", "User", "Users", "005", own)
}
