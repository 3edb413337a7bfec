//! `init`: what it writes is right, and it never overwrites.

use super::{directory, run};

#[test]
fn what_init_writes_passes_check() {
    for connectors in [&[][..], &["--connectors", "prm=partnerstack,crm=salesforce"], &["--connectors", "crm=salesforce,erp=business-central"]] {
        let project = directory(&[]);
        let made = run(project.path(), &[], &[&["init"], connectors].concat());
        assert_eq!(made.code, 0, "{}", made.err);
        assert!(made.out.contains("syncline.yaml") && made.out.contains("mappings/"), "{}", made.out);
        let variables: Vec<(String, String)> = std::fs::read_to_string(project.path().join("syncline.yaml"))
            .expect("it was written")
            .split("${")
            .skip(1)
            .map(|rest| (rest.split('}').next().expect("split gives one").to_owned(), "https://acme.example".to_owned()))
            .collect();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let checked = run(project.path(), &variables, &["check"]);
        assert_eq!(checked.code, 0, "{}", checked.out);
        assert!(checked.out.trim_end().ends_with("no problems"), "{}", checked.out);
    }
}

#[test]
fn nothing_is_overwritten() {
    let project = directory(&[("mappings/deals.yaml", "mine\n")]);
    let ran = run(project.path(), &[], &["init"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("mappings/deals.yaml is there already"), "{}", ran.err);
    assert!(!project.path().join("syncline.yaml").exists());
}

#[test]
fn connectors_without_a_shipped_mapping_get_a_hint() {
    let project = directory(&[]);
    let ran = run(project.path(), &[], &["init", "--connectors", "books=tryton"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("syncline discover books"), "{}", ran.out);
    let ran = run(project.path(), &[], &["init", "--connectors", "crm=salesfors"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `salesforce`?"), "{}", ran.err);
}
