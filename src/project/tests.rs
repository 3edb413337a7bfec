//! What loading says of good and bad directories.

use std::path::Path;

use super::{Loaded, Overrides, Project};
use crate::diag::render::{Paint, render_all};

fn load(files: &[(&str, &str)], env: &[(&str, &str)]) -> (Loaded, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    let env = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let loaded = Project::load(dir.path(), None, &env, &Overrides::default());
    let said = render_all(&loaded.problems, &loaded.files, Paint::Plain).replace(&dir.path().display().to_string(), "DIR");
    (loaded, said)
}

const PRM: &str = "connections:\n  prm: { connector: partnerstack, currency: USD, config: { public_key: pk, secret_key: \"${PRM_SECRET}\" } }\n";
const DEALS: &str = "mapping: deals\nsystems: { prm: { object: deals } }\nfields: { name: { prm: account_name } }\n";

#[test]
fn a_whole_project_comes_out_with_its_secrets_looked_up() {
    let (loaded, said) = load(&[("syncline.yaml", PRM), ("mappings/deals.yaml", DEALS)], &[("PRM_SECRET", "s3cret")]);
    let project = loaded.project.unwrap_or_else(|| panic!("it loads:\n{said}"));
    let secret = &project.connection("prm").expect("it is named").config["secret_key"];
    assert_eq!(*secret, super::Given::Secret(crate::secret::Secret::new("s3cret")));
    assert_eq!(project.mapping_names().map(|name| name.as_str()).collect::<Vec<_>>(), ["deals"]);
    assert_eq!(project.missing().count(), 0);
    assert!(!format!("{project:?}").contains("s3cret"));
}

#[test]
fn a_secret_that_is_not_there_warns_and_is_kept_for_whoever_signs_in() {
    let (loaded, said) = load(&[("syncline.yaml", PRM), ("mappings/deals.yaml", DEALS)], &[]);
    assert!(said.starts_with("warning: The environment variable `PRM_SECRET` is not set\n  syncline.yaml:2:"), "{said}");
    assert_eq!(loaded.project.expect("files are right").missing().count(), 1);
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let project = "connections:\n  prm: { connector: partnerstak }\n  crm: { connector: salesforce, config: { instance_url: x, client_id: a, client_secret: hunter2, colour: red } }\nserver: { listen: here }\n";
    let (loaded, said) = load(&[("syncline.yaml", project), ("mappings/deals.yaml", "mapping: deals\nsystms: {}\n")], &[]);
    assert!(loaded.project.is_none());
    for part in [
        "no connector `partnerstak`",
        "did you mean `partnerstack`?",
        "`client_secret` is a secret",
        "no setting `colour`",
        "`x` does not fit `instance_url`",
        "no address to listen on",
        "systms",
    ] {
        assert!(said.contains(part), "{part} in:\n{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_directory_without_a_project_says_what_to_do() {
    let (loaded, said) = load(&[], &[]);
    assert!(loaded.project.is_none());
    assert!(said.contains("There is no syncline.yaml in DIR") && said.contains("syncline init"), "{said}");
}

#[test]
fn an_open_address_needs_a_token() {
    let project = format!("{PRM}server: {{ listen: \"0.0.0.0:8080\" }}\n");
    let (loaded, said) = load(&[("syncline.yaml", &project)], &[]);
    assert!(loaded.project.is_none() && said.contains("nothing keeps them from /metrics"), "{said}");
}

#[test]
fn the_example_is_right_and_in_the_order_of_its_references() {
    let loaded = Project::load(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/partner-deals")),
        None,
        &|_| Some("http://127.0.0.1:1".into()),
        &Overrides::default(),
    );
    let said = render_all(&loaded.problems, &loaded.files, Paint::Plain);
    let project = loaded.project.unwrap_or_else(|| panic!("{said}"));
    let names: Vec<&str> = project.mapping_names().map(|name| name.as_str()).collect();
    assert_eq!(names, ["accounts", "orders", "partners", "deals", "leads"]);
    assert_eq!(said, "");
}

#[test]
fn one_mistake_is_told_once() {
    let count = |files: &[(&str, &str)]| load(files, &[("PRM_SECRET", "x")]).1.matches("error: ").count();
    let deals = |fields: &str| format!("mapping: deals\nsystems: {{ prm: {{ object: deals }} }}\nfields: {{ {fields} }}\n");
    let mapping = |fields: &str| count(&[("syncline.yaml", PRM), ("mappings/deals.yaml", &deals(fields))]);
    assert_eq!(mapping("name: { prm: account_name }"), 0);
    assert_eq!(mapping("amount: { prm: amount, type: mony, wins: highest }"), 1, "what follows from a type that is none");
    assert_eq!(mapping("partner: { prm: { path: partner_key, key: k }, type: reef(partners) }"), 1);
    assert_eq!(mapping("name: { prm: account_name, foo: bar }"), 1);
    let edit = format!("{DEALS}tests: [ {{ edit: {{ pmr: {{ account_name: x }} }}, expect: {{ writes: 0 }} }} ]\n");
    assert_eq!(count(&[("syncline.yaml", PRM), ("mappings/deals.yaml", &edit)]), 1);
    let own = PRM.replace("partnerstack", "mine");
    assert_eq!(count(&[("syncline.yaml", &own), ("connectors/mine.yaml", "connector: [\n"), ("mappings/deals.yaml", DEALS)]), 1);
    let misspelt = include_str!("../../connectors/partnerstack.yaml").replace("\nauth:", "\nauht:");
    assert_eq!(count(&[("syncline.yaml", PRM), ("connectors/partnerstack.yaml", &misspelt), ("mappings/deals.yaml", DEALS)]), 1);
}
