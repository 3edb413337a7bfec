//! The entity sets and their properties; `$metadata`, checks and blank forms all come from here.

use serde_json::{Value, json};

pub(super) const NO_GUID: &str = "00000000-0000-0000-0000-000000000000";
pub(super) const NO_DATE: &str = "0001-01-01";

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Edm {
    Text(usize),
    /// Kept in capitals and without blanks around it.
    Code(usize),
    Decimal,
    Int,
    Bool,
    Date,
    Guid,
    Instant,
    /// The first is what a new record has.
    Choice(&'static [&'static str]),
}

impl Edm {
    /// What a property holds when nobody filled it; nothing is ever null.
    pub fn blank(self) -> Value {
        match self {
            Self::Text(_) | Self::Code(_) => json!(""),
            Self::Decimal | Self::Int => json!(0),
            Self::Bool => json!(false),
            Self::Date => json!(NO_DATE),
            Self::Guid => json!(NO_GUID),
            Self::Instant => json!("0001-01-01T00:00:00Z"),
            Self::Choice(all) => json!(all[0]),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Text(_) | Self::Code(_) | Self::Choice(_) => "Edm.String",
            Self::Decimal => "Edm.Decimal",
            Self::Int => "Edm.Int32",
            Self::Bool => "Edm.Boolean",
            Self::Date => "Edm.Date",
            Self::Guid => "Edm.Guid",
            Self::Instant => "Edm.DateTimeOffset",
        }
    }
}

/// What a property's value must name.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Relation {
    None,
    /// A record of this set, by this property.
    To(&'static str, &'static str),
    Country,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Property {
    pub name: &'static str,
    pub edm: Edm,
    pub writable: bool,
    pub relation: Relation,
}

const fn p(name: &'static str, edm: Edm) -> Property {
    Property { name, edm, writable: true, relation: Relation::None }
}

const fn fixed(name: &'static str, edm: Edm) -> Property {
    Property { name, edm, writable: false, relation: Relation::None }
}

const fn to(name: &'static str, edm: Edm, set: &'static str, by: &'static str) -> Property {
    Property { name, edm, writable: true, relation: Relation::To(set, by) }
}

const fn country(name: &'static str) -> Property {
    Property { name, edm: Edm::Code(10), writable: true, relation: Relation::Country }
}

pub(super) struct Set {
    pub name: &'static str,
    pub entity: &'static str,
    /// The natural key, given by a number series when the caller gives none.
    pub natural: &'static str,
    pub series: Option<Series>,
    pub properties: &'static [Property],
    pub indexed: &'static [&'static str],
    /// Whether subscriptions may watch it.
    pub watched: bool,
}

pub(super) struct Series {
    pub prefix: &'static str,
    pub first: u64,
    pub step: u64,
    pub width: usize,
}

impl Set {
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

const CUSTOMERS: &[Property] = &[
    p("number", Edm::Code(20)),
    p("displayName", Edm::Text(100)),
    p("additionalName", Edm::Text(50)),
    p("type", Edm::Choice(&["Company", "Person"])),
    p("addressLine1", Edm::Text(100)),
    p("addressLine2", Edm::Text(50)),
    p("city", Edm::Text(30)),
    p("state", Edm::Text(30)),
    country("country"),
    p("postalCode", Edm::Code(20)),
    p("phoneNumber", Edm::Text(30)),
    p("email", Edm::Text(80)),
    p("website", Edm::Text(80)),
    p("salespersonCode", Edm::Code(20)),
    fixed("balanceDue", Edm::Decimal),
    p("creditLimit", Edm::Decimal),
    p("taxLiable", Edm::Bool),
    p("taxRegistrationNumber", Edm::Text(50)),
    to("currencyId", Edm::Guid, "currencies", "id"),
    to("currencyCode", Edm::Code(10), "currencies", "code"),
    to("paymentTermsId", Edm::Guid, "paymentTerms", "id"),
    p("blocked", Edm::Choice(&["_x0020_", "Ship", "Invoice", "All"])),
];

const VENDORS: &[Property] = &[
    p("number", Edm::Code(20)),
    p("displayName", Edm::Text(100)),
    p("addressLine1", Edm::Text(100)),
    p("addressLine2", Edm::Text(50)),
    p("city", Edm::Text(30)),
    p("state", Edm::Text(30)),
    country("country"),
    p("postalCode", Edm::Code(20)),
    p("phoneNumber", Edm::Text(30)),
    p("email", Edm::Text(80)),
    p("website", Edm::Text(80)),
    p("taxRegistrationNumber", Edm::Text(50)),
    to("currencyId", Edm::Guid, "currencies", "id"),
    to("currencyCode", Edm::Code(10), "currencies", "code"),
    to("paymentTermsId", Edm::Guid, "paymentTerms", "id"),
    p("taxLiable", Edm::Bool),
    p("blocked", Edm::Choice(&["_x0020_", "Payment", "All"])),
    fixed("balance", Edm::Decimal),
];

const ITEMS: &[Property] = &[
    p("number", Edm::Code(20)),
    p("displayName", Edm::Text(100)),
    p("displayName2", Edm::Text(50)),
    p("type", Edm::Choice(&["Inventory", "Service", "Non_x002D_Inventory"])),
    p("itemCategoryCode", Edm::Code(20)),
    p("blocked", Edm::Bool),
    p("gtin", Edm::Code(14)),
    fixed("inventory", Edm::Decimal),
    p("unitPrice", Edm::Decimal),
    p("priceIncludesTax", Edm::Bool),
    p("unitCost", Edm::Decimal),
    p("baseUnitOfMeasureCode", Edm::Code(10)),
];

const SALES_ORDERS: &[Property] = &[
    p("number", Edm::Code(20)),
    p("externalDocumentNumber", Edm::Code(35)),
    p("orderDate", Edm::Date),
    p("postingDate", Edm::Date),
    to("customerId", Edm::Guid, "customers", "id"),
    to("customerNumber", Edm::Code(20), "customers", "number"),
    fixed("customerName", Edm::Text(100)),
    p("shipToName", Edm::Text(100)),
    p("shipToAddressLine1", Edm::Text(100)),
    p("shipToCity", Edm::Text(30)),
    country("shipToCountry"),
    p("shipToPostCode", Edm::Code(20)),
    to("currencyId", Edm::Guid, "currencies", "id"),
    to("currencyCode", Edm::Code(10), "currencies", "code"),
    p("pricesIncludeTax", Edm::Bool),
    to("paymentTermsId", Edm::Guid, "paymentTerms", "id"),
    p("salesperson", Edm::Code(20)),
    p("partialShipping", Edm::Bool),
    p("requestedDeliveryDate", Edm::Date),
    p("discountAmount", Edm::Decimal),
    fixed("totalAmountExcludingTax", Edm::Decimal),
    fixed("totalTaxAmount", Edm::Decimal),
    fixed("totalAmountIncludingTax", Edm::Decimal),
    fixed("fullyShipped", Edm::Bool),
    fixed("status", Edm::Choice(&["Draft", "In_x0020_Review", "Open"])),
    p("phoneNumber", Edm::Text(30)),
    p("email", Edm::Text(80)),
];

const SALES_ORDER_LINES: &[Property] = &[
    p("documentId", Edm::Guid),
    p("sequence", Edm::Int),
    to("itemId", Edm::Guid, "items", "id"),
    p("lineType", Edm::Choice(&["Comment", "Account", "Item", "Resource"])),
    p("lineObjectNumber", Edm::Code(20)),
    p("description", Edm::Text(100)),
    p("unitOfMeasureCode", Edm::Code(10)),
    p("quantity", Edm::Decimal),
    p("unitPrice", Edm::Decimal),
    p("discountPercent", Edm::Decimal),
    p("discountAmount", Edm::Decimal),
    fixed("amountExcludingTax", Edm::Decimal),
    fixed("taxPercent", Edm::Decimal),
    fixed("totalTaxAmount", Edm::Decimal),
    fixed("amountIncludingTax", Edm::Decimal),
    fixed("netAmount", Edm::Decimal),
    p("shipmentDate", Edm::Date),
    fixed("shippedQuantity", Edm::Decimal),
];

const CURRENCIES: &[Property] = &[
    p("code", Edm::Code(10)),
    p("displayName", Edm::Text(30)),
    p("symbol", Edm::Text(10)),
    p("amountDecimalPlaces", Edm::Text(5)),
    p("amountRoundingPrecision", Edm::Decimal),
];

const PAYMENT_TERMS: &[Property] = &[
    p("code", Edm::Code(10)),
    p("displayName", Edm::Text(100)),
    p("dueDateCalculation", Edm::Text(32)),
    p("discountPercent", Edm::Decimal),
    p("calculateDiscountOnCreditMemos", Edm::Bool),
];

const fn series(prefix: &'static str, first: u64, step: u64, width: usize) -> Option<Series> {
    Some(Series { prefix, first, step, width })
}

pub(super) const SETS: &[Set] = &[
    Set {
        name: "customers",
        entity: "customer",
        natural: "number",
        series: series("C", 10, 10, 5),
        properties: CUSTOMERS,
        indexed: &["number", "displayName", "email"],
        watched: true,
    },
    Set {
        name: "vendors",
        entity: "vendor",
        natural: "number",
        series: series("V", 10, 10, 5),
        properties: VENDORS,
        indexed: &["number", "displayName", "email"],
        watched: true,
    },
    Set {
        name: "items",
        entity: "item",
        natural: "number",
        series: series("", 70_000, 1, 5),
        properties: ITEMS,
        indexed: &["number", "displayName"],
        watched: true,
    },
    Set {
        name: "salesOrders",
        entity: "salesOrder",
        natural: "number",
        series: series("S-ORD", 101_001, 1, 6),
        properties: SALES_ORDERS,
        indexed: &["number", "externalDocumentNumber", "customerNumber"],
        watched: true,
    },
    Set {
        name: "salesOrderLines",
        entity: "salesOrderLine",
        natural: "",
        series: None,
        properties: SALES_ORDER_LINES,
        indexed: &["documentId", "itemId"],
        watched: false,
    },
    Set { name: "currencies", entity: "currency", natural: "code", series: None, properties: CURRENCIES, indexed: &["code"], watched: true },
    Set { name: "paymentTerms", entity: "paymentTerm", natural: "code", series: None, properties: PAYMENT_TERMS, indexed: &["code"], watched: true },
];

pub(super) fn set(name: &str) -> Option<&'static Set> {
    SETS.iter().find(|set| set.name == name)
}

/// Country codes the company has set up; a name such as "Germany" is not one.
pub(super) const COUNTRIES: &[&str] = &[
    "AE", "AT", "AU", "BE", "BR", "CA", "CH", "CN", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HK", "HU", "IE", "IL", "IN", "IT", "JP", "KR", "LU", "MX",
    "NL", "NO", "NZ", "PL", "PT", "RO", "SE", "SG", "TR", "US", "ZA",
];
