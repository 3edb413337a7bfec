//! An OData service's metadata document as JSON, in the form that `parse: edmx` promises: `sets`, each with its `properties`.

use bytes::Bytes;
use roxmltree::{Document, Node};
use serde_json::{Map, Value, json};

use crate::value::Doc;

/// # Errors
/// Says in words what the document lacks.
pub fn read(xml: &str) -> Result<Doc, String> {
    let document = Document::parse(xml.trim_start_matches('\u{feff}')).map_err(|error| format!("the metadata is no XML: {error}"))?;
    let schemas: Vec<Node> = document.descendants().filter(|node| node.has_tag_name_local("Schema")).collect();
    if schemas.is_empty() {
        return Err("the metadata holds no schema".into());
    }
    let mut sets = Map::new();
    for set in document.descendants().filter(|node| node.has_tag_name_local("EntitySet")) {
        let (Some(name), Some(kind)) = (set.attribute("Name"), set.attribute("EntityType")) else { continue };
        let properties = entity(&schemas, kind).map(|entity| properties(entity, &schemas)).unwrap_or_default();
        sets.insert(name.into(), json!({ "name": name, "type": kind, "properties": properties }));
    }
    let text = json!({ "sets": sets }).to_string();
    Doc::new(Bytes::from(text)).map_err(|error| error.to_string())
}

trait Local {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl Local for Node<'_, '_> {
    /// Namespaces differ by the version of OData; the names inside do not.
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn entity<'a, 'i>(schemas: &[Node<'a, 'i>], kind: &str) -> Option<Node<'a, 'i>> {
    let (namespace, name) = kind.rsplit_once('.')?;
    let schema = schemas.iter().find(|schema| schema.attribute("Namespace") == Some(namespace) || schema.attribute("Alias") == Some(namespace))?;
    schema.children().find(|node| node.has_tag_name_local("EntityType") && node.attribute("Name") == Some(name))
}

fn properties(entity: Node, schemas: &[Node]) -> Vec<Value> {
    let keys: Vec<&str> = entity.descendants().filter(|node| node.has_tag_name_local("PropertyRef")).filter_map(|node| node.attribute("Name")).collect();
    let own = entity.children().filter(|node| node.has_tag_name_local("Property")).filter_map(|node| {
        let name = node.attribute("Name")?;
        let length = node.attribute("MaxLength").and_then(|length| length.parse::<u32>().ok());
        Some(json!({
            "name": name,
            "type": node.attribute("Type").unwrap_or("Edm.String"),
            "max_length": length,
            "nullable": node.attribute("Nullable") != Some("false"),
            "key": keys.contains(&name),
            "values": values(node.attribute("Type").unwrap_or_default(), schemas),
        }))
    });
    own.collect()
}

/// The members of an enumeration; empty for every other type.
fn values(kind: &str, schemas: &[Node]) -> Vec<String> {
    let Some((namespace, name)) = kind.rsplit_once('.') else { return Vec::new() };
    let schema = schemas.iter().find(|schema| schema.attribute("Namespace") == Some(namespace) || schema.attribute("Alias") == Some(namespace));
    let of = schema.and_then(|schema| schema.children().find(|node| node.has_tag_name_local("EnumType") && node.attribute("Name") == Some(name)));
    of.into_iter()
        .flat_map(|of| of.children().filter(|node| node.has_tag_name_local("Member")))
        .filter_map(|node| node.attribute("Name").map(str::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn lists_sets_with_their_properties() {
        let xml = r#"<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
            <Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
            <EnumType Name="blocked"><Member Name="_x0020_" Value="0"/><Member Name="All" Value="3"/></EnumType>
            <EntityType Name="customer"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid" Nullable="false"/>
            <Property Name="displayName" Type="Edm.String" MaxLength="100"/><Property Name="blocked" Type="Microsoft.NAV.blocked"/></EntityType>
            <EntityContainer Name="NAV"><EntitySet Name="customers" EntityType="Microsoft.NAV.customer"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"#;
        let doc = super::read(xml).expect("it is well formed");
        let customers = doc.member("sets").and_then(|sets| sets.member("customers")).expect("the set");
        let names: Vec<String> =
            customers.member("properties").expect("properties").items().map(|item| item.member("name").expect("a name").raw().to_string()).collect();
        assert_eq!(names, ["\"id\"", "\"displayName\"", "\"blocked\""]);
        assert!(customers.raw().contains(r#""max_length":100"#) && customers.raw().contains(r#""values":["_x0020_","All"]"#));
        assert!(super::read("<html>").is_err());
    }
}
