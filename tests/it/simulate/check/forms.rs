//! I9: a form of a form is that form, and what is written comes back as it was meant, or as the vendor's own loss of it.

use syncline::mapping::{Mapping, Seen, SystemIx};
use syncline::run::Laid;
use syncline::store::Loaded;
use syncline::sync::neighbours::View;
use syncline::sync::op::Op;
use syncline::sync::{Neighbours, Terms};

use super::super::vendor::{Rec, kept};
use super::super::world::World;
use super::commit::TODAY;

impl World {
    pub fn check_forms(&mut self, laid: &Laid, loaded: &Loaded) {
        let of = &laid.mapping;
        let view = View { entity: &loaded.entity, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        for field in of.fields_ix().filter(|field| of.field(*field).refers_to().is_none()) {
            let agreed = loaded.entity.agreed(field);
            for system in of.systems_ix() {
                let Some(once) = of.form(field, system, agreed, &view) else { continue };
                let twice = of.form(field, system, &once, &view);
                if twice.as_ref().is_none_or(|twice| !of.same(field, &once, twice)) {
                    let name = of.system(system).name.clone();
                    self.broken(format!("I9: the form of {agreed} in {name} is {once}, and the form of that is {twice:?}"));
                }
            }
        }
    }

    /// Right after a write: the record shows what was sent.
    pub fn check_spelt(&mut self, vendor: usize, of: &Mapping, system: SystemIx, op: &Op, rec: &Rec) {
        let observation = self.observed(vendor, of, system, rec, rec.now());
        let columns = &self.vendors[vendor].tables[self.vendors[vendor].table(&of.system(system).object)].columns;
        let mut wrong = None;
        for write in op.fields.iter().filter(|write| of.field(write.field).refers_to().is_none()) {
            let Some(path) = of.paths(write.field, system).first().map(ToString::to_string) else { continue };
            let Seen::Value(shown) = &observation.fields[write.field.0 as usize] else { continue };
            let lossy = kept(columns, &path, write.want.clone());
            if !of.same(write.field, shown, &write.want) && !of.same(write.field, shown, &lossy) {
                wrong = Some(format!("I9: {path} of {} shows {shown} once it was given {}", rec.key, write.want));
            }
        }
        wrong.into_iter().for_each(|wrong| self.broken(wrong));
    }
}
