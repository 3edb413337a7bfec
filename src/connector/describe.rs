//! What the vendor says is there: objects, fields, choices. Where it says nothing, the connector's file does.

use super::Line;
use super::call::{Answer, read_error};
use super::frame::{Frame, Local, maybe_word, word};
use super::rate::Purpose;
use crate::catalog::describe::{Choices, DescribeDefaults, DescribeFields, Table};
use crate::catalog::request::Request;
use crate::catalog::scope::{FIELDS, ITEM, OPTION};
use crate::expr::{Env, Item, Program};
use crate::id::ObjectName;
use crate::spec::connector::{Access, Verdict};
use crate::system::{Description, FieldDescription, SystemError};
use crate::value::Value;

impl Line {
    pub async fn objects(&self) -> Result<Vec<Description>, SystemError> {
        let connector = &self.ground.connector;
        let Some(objects) = connector.describe.as_ref().and_then(|describe| describe.objects.as_ref()) else {
            return Ok(connector
                .objects
                .keys()
                .map(|name| Description { name: name.to_string(), label: name.to_string(), fields: Vec::new(), fills_in: false })
                .collect());
        };
        let frame = Frame::new(&self.ground, None);
        let answer = self.described(&objects.request, &frame, &ObjectName::new("objects")).await?;
        let seen = answer.frame(&frame);
        let mut all = Vec::new();
        for item in self.each(&objects.each, &seen)? {
            let own = seen.clone().with(ITEM, item);
            if let Some(name) = maybe_word(Some(&objects.name), &own) {
                let label = maybe_word(objects.label.as_ref(), &own).unwrap_or_else(|| name.clone());
                all.push(Description { name: name.to_string(), label: label.to_string(), fields: Vec::new(), fills_in: false });
            }
        }
        Ok(all)
    }

    pub async fn describe(&self, object: &ObjectName) -> Result<Description, SystemError> {
        let local = self.local(object)?;
        let describe = self.ground.connector.describe.as_ref();
        let mut fields = match describe {
            Some(describe) => self.fields(&describe.fields, &local).await?,
            None => Vec::new(),
        };
        let defaults = describe.and_then(|describe| describe.defaults.as_ref());
        if let Some(defaults) = defaults {
            self.leave_out_defaults(defaults, &local, &mut fields).await?;
        }
        for field in &local.object.fields {
            let path = field.path.to_string();
            let at = fields.iter().position(|known| known.path == path).unwrap_or_else(|| {
                fields.push(FieldDescription { path: path.clone(), label: path.clone(), creatable: true, writable: true, ..FieldDescription::default() });
                fields.len() - 1
            });
            let known = &mut fields[at];
            known.kind = field.kind_word.to_string();
            known.length = field.length.or(known.length);
            known.creatable = !matches!(field.access, Some(Access::ReadOnly | Access::ActionOnly));
            known.writable = known.creatable && field.access != Some(Access::CreateOnly);
            known.required |= field.required;
            known.unique |= field.unique;
            if !field.values.is_empty() {
                known.values = field.values.iter().map(|value| (value.to_string(), value.to_string())).collect();
            }
        }
        if let Some(choices) = &local.object.choices {
            self.add_choices(choices, &local, &mut fields).await?;
        }
        if fields.is_empty() {
            let why = "the vendor describes no field of it; is its name right?".to_string();
            return Err(SystemError::Drift { connection: self.name.clone(), object: object.clone(), why });
        }
        Ok(Description { name: object.to_string(), label: object.to_string(), fields, fills_in: defaults.is_some() })
    }

    async fn fields(&self, describe: &DescribeFields, local: &Local) -> Result<Vec<FieldDescription>, SystemError> {
        let frame = Frame::new(&self.ground, Some(local));
        let answer = self.described(&describe.request, &frame, &local.name).await?;
        let seen = answer.frame(&frame);
        let mut fields = Vec::new();
        for item in self.each(&describe.each, &seen)? {
            let own = seen.clone().with(ITEM, item);
            if let Some(field) = field(describe, &own) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    /// A required field that the vendor fills in by itself is not required of us.
    async fn leave_out_defaults(&self, defaults: &DescribeDefaults, local: &Local, fields: &mut [FieldDescription]) -> Result<(), SystemError> {
        let required: Vec<Value> = fields.iter().filter(|field| field.required && field.creatable).map(|field| Value::text(&field.path)).collect();
        if required.is_empty() {
            return Ok(());
        }
        let frame = Frame::new(&self.ground, Some(local)).with(FIELDS, Item::Value(Value::List(required)));
        let answer = self.described(&defaults.request, &frame, &local.name).await?;
        let garbled = |why: String| SystemError::Garbled { connection: self.name.clone(), why };
        let given = defaults.of.eval(&answer.frame(&frame)).map_err(|fault| garbled(format!("`defaults.of`: {fault}")))?;
        let given = given.members().ok_or_else(|| garbled(format!("`defaults.of` should give a map and gives {}", given.noun())))?;
        let known: Vec<String> = given.filter(|(_, value)| !value.is_blank()).map(|(name, _)| name.to_string()).collect();
        for field in fields.iter_mut().filter(|field| known.contains(&field.path)) {
            field.required = false;
        }
        Ok(())
    }

    async fn add_choices(&self, choices: &Choices, local: &Local, fields: &mut [FieldDescription]) -> Result<(), SystemError> {
        let frame = Frame::new(&self.ground, Some(local));
        let answer = self.described(&choices.request, &frame, &local.name).await?;
        let seen = answer.frame(&frame);
        let mut items = self.each(&choices.each, &seen)?;
        if let Some(many) = &choices.many {
            let inner: Result<Vec<Vec<Item>>, SystemError> = items.iter().map(|item| self.each(many, &seen.clone().with(ITEM, item.clone()))).collect();
            items = inner?.into_iter().flatten().collect();
        }
        for item in items {
            let own = seen.clone().with(ITEM, item);
            for (path, program) in &choices.fields {
                let Some(key) = maybe_word(Some(program), &own) else { continue };
                let label = maybe_word(choices.label.as_ref(), &own).unwrap_or_else(|| key.clone());
                if let Some(field) = fields.iter_mut().find(|field| field.path == path.as_str())
                    && !field.values.iter().any(|(known, _)| *known == key.as_str())
                {
                    field.values.push((key.to_string(), label.to_string()));
                }
            }
        }
        Ok(())
    }

    async fn described(&self, request: &Request, frame: &Frame<'_>, object: &ObjectName) -> Result<Answer, SystemError> {
        let answer = self.call(request, frame, Purpose::Read).await.map_err(|failure| failure.into_error(self))?;
        if answer.judged.is == Verdict::Ok { Ok(answer) } else { Err(read_error(self, object, &answer.judged)) }
    }

    /// The elements of a list, or the values of a map.
    fn each(&self, program: &Program, frame: &Frame) -> Result<Vec<Item>, SystemError> {
        let garbled = |why: String| SystemError::Garbled { connection: self.name.clone(), why };
        let item = program.eval(frame).map_err(|fault| garbled(format!("`each`: {fault}")))?;
        if let Some(members) = item.members() {
            return Ok(members.map(|(_, item)| item).collect());
        }
        let items = item.elements().ok_or_else(|| garbled(format!("`each` should give a list and gives {}", item.noun())))?;
        Ok(items.collect())
    }
}

fn field(describe: &DescribeFields, frame: &Frame) -> Option<FieldDescription> {
    let name = maybe_word(Some(&describe.name), frame)?;
    let holds = |program: &Option<Program>, otherwise: bool| program.as_ref().map_or(otherwise, |program| program.condition(frame).unwrap_or(otherwise));
    let items = |program: &Option<Program>| -> Vec<Item> {
        let item = program.as_ref().and_then(|program| program.eval(frame).ok()).unwrap_or(Item::BLANK);
        item.elements().map(Iterator::collect).unwrap_or_default()
    };
    let values = items(&describe.values).into_iter().filter_map(|option| {
        let own = frame.clone().with(OPTION, option.clone());
        let Some(value) = &describe.value else { return word(&option).map(|key| (key.to_string(), key.to_string())) };
        if value.hidden.as_ref().is_some_and(|hidden| hidden.condition(&own).unwrap_or(false)) {
            return None;
        }
        let key = maybe_word(Some(&value.key), &own)?;
        let label = maybe_word(value.label.as_ref(), &own).unwrap_or_else(|| key.clone());
        Some((key.to_string(), label.to_string()))
    });
    Some(FieldDescription {
        path: name.to_string(),
        label: maybe_word(describe.label.as_ref(), frame).unwrap_or_else(|| name.clone()).to_string(),
        kind: looked_up(&describe.kind, frame).unwrap_or_else(|| "text".into()),
        many: holds(&describe.many, false),
        length: maybe_word(describe.length.as_ref(), frame).and_then(|text| text.parse().ok()).filter(|length| *length > 0),
        values: values.collect(),
        creatable: holds(&describe.creatable, true),
        writable: holds(&describe.writable, true),
        required: holds(&describe.required, false),
        unique: holds(&describe.unique, false),
        refers_to: items(&describe.refers_to).iter().filter_map(word).map(|name| name.to_string()).collect(),
    })
}

/// What a table makes of an item.
pub fn looked_up(table: &Table, env: &dyn Env) -> Option<String> {
    let key = word(&table.of.eval(env).ok()?)?;
    Some(table.row(&key).to_string())
}
