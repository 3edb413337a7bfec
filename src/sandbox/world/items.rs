//! What the ERP sells, and the orders that came to it without any deal.

use rand::RngExt;
use serde_json::json;

use super::super::look_alike::Refusal;
use super::{World, make};

const ITEMS: &[(&str, f64)] = &[
    ("Platform licence, yearly", 12_000.0),
    ("Platform licence, monthly", 1_150.0),
    ("Analytics module", 4_800.0),
    ("Integration module", 3_600.0),
    ("Support, standard", 2_400.0),
    ("Support, premium", 6_000.0),
    ("Onboarding package", 5_500.0),
    ("Training day", 1_400.0),
    ("Consulting hour", 185.0),
    ("Edge gateway", 890.0),
    ("Sensor kit", 249.5),
    ("Rack mount", 64.9),
    ("Data retention, 1 TB", 320.0),
    ("Sandbox environment", 960.0),
    ("Single sign-on", 1_800.0),
    ("Audit export", 720.0),
    ("Mobile seats, 10", 540.0),
    ("Warehouse scanner", 415.0),
    ("Spare battery", 38.75),
    ("Partner deal", 0.0),
];

pub(super) fn plant(world: &World<'_>, count: usize) -> Result<(), Refusal> {
    for (nth, (name, price)) in ITEMS.iter().take(count).enumerate() {
        let number = if *price == 0.0 { "DEAL".to_owned() } else { format!("{}", 1000 + nth) };
        let fields = json!({ "number": number, "displayName": name, "type": if *price == 0.0 { "Service" } else { "Inventory" }, "unitPrice": price });
        make(world.erp, "items", fields, world.time(0, 1))?;
    }
    Ok(())
}

/// Repeat customers order directly; no other system knows of these.
pub(super) fn standing_orders(world: &mut World<'_>, count: usize) -> Result<(), Refusal> {
    let customers: Vec<_> =
        world.erp.base().read(|store| store.shelf("customers").oldest_first(0, None).map(|record| record.field("number").clone()).collect());
    for nth in 0..count.min(customers.len() * 3) {
        let at = world.time(nth, count);
        let quantity = world.names.chance.random_range(1..12);
        let item = world.names.chance.random_range(0..ITEMS.len() - 1);
        let fields = json!({
            "customerNumber": customers[world.names.chance.random_range(0..customers.len())], "externalDocumentNumber": format!("PO-{}", 40_000 + nth),
            "orderDate": at.strftime("%Y-%m-%d").to_string(),
            "salesOrderLines": [{ "lineType": "Item", "lineObjectNumber": (1000 + item).to_string(), "quantity": quantity, "unitPrice": ITEMS[item].1 }],
        });
        make(world.erp, "salesOrders", fields, at)?;
    }
    Ok(())
}
