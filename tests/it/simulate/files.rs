//! The history's mappings, compiled by the real compiler from the YAML a person would write.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline::diag::Files;
use syncline::diag::render::{Paint, render_all};
use syncline::id::{ConnectionName, ObjectName};
use syncline::mapping::Mapping;
use syncline::mapping::compile::compile;
use syncline::mapping::world::{Access, ConnectionFacts, FieldFacts, GoneKnown, ObjectFacts, Objects, Shows, Updates, World};
use syncline::spec::lost::Lost;
use syncline::spec::mapping::{join, read};
use syncline::system::{GoneBy, UpdateClass};
use syncline::value::record::Form;
use syncline::value::time::Zone;

use super::shape::{Column, Lossy, Shape};

struct Known<'a>(&'a Shape);

impl Objects for Known<'_> {
    fn connections(&self) -> Vec<ConnectionName> {
        self.0.vendors.iter().map(|vendor| ConnectionName::new(vendor.name)).collect()
    }

    fn connection(&self, name: &ConnectionName) -> Option<ConnectionFacts> {
        self.connections().contains(name).then(ConnectionFacts::default)
    }

    fn object(&self, connection: &ConnectionName, object: &ObjectName) -> ObjectFacts {
        let Some(at) = self.0.vendors.iter().position(|vendor| vendor.name == connection.as_str()) else { return ObjectFacts::default() };
        let Some(shape) = self.0.objects.iter().find(|shape| shape.name == object.as_str()) else { return ObjectFacts::default() };
        let abilities = &self.0.vendors[at].abilities;
        ObjectFacts {
            offered: Some(true),
            fields: shape.columns[at].iter().filter(|column| column.declared).map(|column| (column.path.to_owned(), facts(column))).collect(),
            gone: if abilities.gone == GoneBy::Never { GoneKnown::Never } else { GoneKnown::Told },
            creates: Some(true),
            updates: Some(match abilities.update {
                Some(UpdateClass::Version) => Updates::Versioned,
                Some(UpdateClass::Fields) => Updates::Fields,
                Some(UpdateClass::Whole) => Updates::Whole,
                None => Updates::None,
            }),
            archives: Some(abilities.archive.is_some()),
            deletes: Some(abilities.delete.is_some()),
            ..ObjectFacts::default()
        }
    }
}

fn facts(column: &Column) -> FieldFacts {
    let mut shows = Shows::default();
    match column.lossy {
        Lossy::Cut(length) => shows.length = Some(length as u32),
        Lossy::Round(scale) => shows.scale = Some(scale),
        Lossy::No | Lossy::Fold => {}
    }
    FieldFacts { form: Form::Natural, access: Access::ReadWrite, required: false, shows, currency: None, values: None }
}

/// Compiles what the shape says; in the order in which they run.
pub fn compiled(shape: &Shape) -> Vec<Arc<Mapping>> {
    let mut files = Files::new();
    let file = files.add("mappings/simulated.yaml", shape.yaml.as_str());
    let (parts, mut found) = read(&files, file);
    let (specs, problems) = join(parts, &[]);
    found.extend(problems);
    let (known, variables, lost) = (Known(shape), BTreeMap::new(), Lost::default());
    let world = World { mappings: &specs, objects: &known, variables: &variables, lost: &lost, time_zone: Zone::utc(), files: &files };
    let mut mappings = Vec::new();
    for spec in &specs {
        let (mapping, problems) = compile(spec, &world);
        found.extend(problems);
        mappings.extend(mapping.map(Arc::new));
    }
    assert_eq!(mappings.len(), shape.objects.len(), "{}\n{}", shape.yaml, render_all(&found, &files, Paint::Plain));
    mappings
}
