//! Every directory under examples/ that is a project is right: no error, no warning but of secrets that only its owner has.

use std::fs;
use std::path::Path;

use syncline::diag::render::{Paint, render_all};
use syncline::project::{Overrides, Project};
use syncline::trial;

/// What a project asks of the environment; only what is not text needs a likely value.
fn environment(name: &str) -> Option<String> {
    let value = match name {
        "TRYTON_COMPANY" => "1",
        "CRM_INSTANCE_URL" => "https://acme.my.salesforce.com",
        "TRYTON_URL" => "http://127.0.0.1:8000",
        _ if name.ends_with("_URL") => "http://127.0.0.1:8701",
        _ => "given",
    };
    Some(value.to_owned())
}

#[test]
fn every_example_is_a_project_without_problems() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in fs::read_dir(examples).expect("examples/ is there") {
        let directory = entry.expect("and can be read").path();
        if !directory.join("syncline.yaml").exists() {
            continue;
        }
        seen += 1;
        let loaded = Project::load(&directory, None, &environment, &Overrides::default());
        let said = render_all(&loaded.problems, &loaded.files, Paint::Plain);
        assert!(loaded.project.is_some() && loaded.problems.is_empty(), "{}:\n{said}", directory.display());
    }
    assert!(seen >= 3, "account-partners, partner-deals and partner-deals-tryton are projects");
}

#[tokio::test]
async fn every_example_keeps_what_its_own_tests_say() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for directory in fs::read_dir(examples).expect("examples/ is there") {
        let directory = directory.expect("and can be read").path();
        let Some(project) = Project::load(&directory, None, &environment, &Overrides::default()).project else { continue };
        let results = trial::run_examples(&project.mappings, project.time_zone.get().expect("a zone")).await;
        for result in results {
            assert!(result.passed(), "{} {}: {:?}", directory.display(), result.about, result.failures);
        }
    }
}
