//! `$metadata`: the service's own description, as EDMX.

use std::fmt::Write;

use super::schema::{Edm, SETS};

pub(super) fn edmx() -> String {
    let mut types = String::new();
    let mut sets = String::new();
    for set in SETS {
        write_type(&mut types, set.entity, set.properties.iter().map(|property| (property.name, property.edm)), true);
        push(&mut sets, format_args!("<EntitySet Name=\"{}\" EntityType=\"Microsoft.NAV.{}\"/>", set.name, set.entity));
    }
    let company = [("systemVersion", Edm::Text(0)), ("name", Edm::Text(30)), ("displayName", Edm::Text(250)), ("businessProfileId", Edm::Text(250))];
    write_type(&mut types, "company", company.into_iter(), false);
    push(&mut sets, format_args!("<EntitySet Name=\"companies\" EntityType=\"Microsoft.NAV.company\"/>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>\
         <Schema Namespace=\"Microsoft.NAV\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">{types}<EntityContainer Name=\"NAV\">{sets}</EntityContainer></Schema>\
         </edmx:DataServices></edmx:Edmx>"
    )
}

fn write_type(into: &mut String, name: &str, properties: impl Iterator<Item = (&'static str, Edm)>, changes: bool) {
    push(into, format_args!("<EntityType Name=\"{name}\"><Key><PropertyRef Name=\"id\"/></Key><Property Name=\"id\" Type=\"Edm.Guid\" Nullable=\"false\"/>"));
    for (property, edm) in properties {
        push(into, format_args!("<Property Name=\"{property}\" Type=\"{}\"", edm.name()));
        match edm {
            Edm::Text(most) | Edm::Code(most) if most > 0 => push(into, format_args!(" MaxLength=\"{most}\"")),
            Edm::Decimal => into.push_str(" Scale=\"Variable\""),
            _ => {}
        }
        into.push_str("/>");
    }
    if changes {
        into.push_str("<Property Name=\"lastModifiedDateTime\" Type=\"Edm.DateTimeOffset\" Precision=\"7\"/>");
    }
    if name == "salesOrder" {
        into.push_str("<NavigationProperty Name=\"salesOrderLines\" Type=\"Collection(Microsoft.NAV.salesOrderLine)\" ContainsTarget=\"true\"/>");
    }
    into.push_str("</EntityType>");
}

fn push(into: &mut String, text: std::fmt::Arguments<'_>) {
    into.write_fmt(text).expect("writing to a String cannot fail");
}
