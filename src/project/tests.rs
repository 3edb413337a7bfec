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

#[test]
fn what_is_broken_hides_no_problem_of_the_rest() {
    let project = "connections:\n  prm: { connector: partnerstack, curency: USD, config: { public_key: pk, secret_key: \"${PRM_SECRET}\" } }\nserver: 8080\n";
    let deals = "mapping: deals\nshedule: every 2m\nsystems: { prm: { object: deals, where: stage ==, creat: always } }\nfields:\n  name: { prm: account_name, wnis: prm }\n  amount: { prm: amount, type: mony }\n  stage: { prm: stage, wins: cmr }\n";
    let partners = "mapping: partners\nlimits: { deletes: lots }\nsystems: { prm: { object: partnerships, only: nmae is blank } }\nfields: { name: { prm: name, required: perhaps } }\n";
    let connector = include_str!("../../connectors/partnerstack.yaml").replace("connector: partnerstack", "connector: own");
    let connector = connector.replacen("\nquotes:", "\nqoutes:", 1).replacen("key: record.key", "key: rekord.key", 1);
    let files = [("syncline.yaml", project), ("connectors/own.yaml", &connector), ("mappings/deals.yaml", deals), ("mappings/partners.yaml", partners)];
    let (_, said) = load(&files, &[("PRM_SECRET", "x")]);
    for part in ["curency", "shedule", "creat`", "wnis", "mony", "cmr", "where", "lots", "nmae", "perhaps", "rekord"] {
        assert!(said.contains(part), "{part} in:\n{said}");
    }
    assert!(said.contains("A `server`") || said.contains("`server` must be"), "{said}");
}

#[test]
fn mappings_are_held_against_one_another_although_something_is_wrong() {
    let other = "mapping: others\nsystems: { prm: { object: deals } }\nfields: { name: { prm: account_name, wnis: prm } }\n";
    let (_, said) = load(&[("syncline.yaml", PRM), ("mappings/deals.yaml", DEALS), ("mappings/others.yaml", other)], &[("PRM_SECRET", "x")]);
    assert!(said.contains("wnis") && said.contains("both write"), "{said}");
}

/// Each of these files has one mistake, whatever else hangs on it.
#[test]
fn nothing_is_said_of_what_follows_from_something_lost() {
    const TWO: &str = "connections:\n  prm: { connector: partnerstack, config: { public_key: pk, secret_key: \"${PRM_SECRET}\" } }\n  crm: { connector: salesforce, config: { instance_url: \"https://a.my.salesforce.com\", client_id: a, client_secret: \"${PRM_SECRET}\" } }\nvariables: { kind: x }\n";
    const DEALS: &str = "mapping: deals\nsystems:\n  prm: { object: deals, create: \"stage != 'lost'\", only: \"not deleted('crm')\", new: { source: \"${kind}\" } }\n  crm: { object: Opportunity, create: partner is not blank, where: Type == 'P', new: { Type: P } }\nmatch: [ [name], { ask: [stage] } ]\nwins: { latest: [crm, prm] }\nfields:\n  name: { prm: account_name, crm: Name, wins: crm }\n  amount: { prm: amount, crm: Amount, type: money, wins: highest }\n  partner: { prm: partner_key, crm: AccountId, type: ref(partners) }\n  stage: { prm: stage, crm: StageName, unknown: won, values: { won: { prm: closed_won, crm: Closed Won }, lost: { prm: closed_lost, crm: Closed Lost } } }\ntests:\n  - { given: { name: A, stage: won }, edit: { crm: { Name: B } }, expect: { prm: { account_name: B } } }\n";
    const PARTNERS: &str = "mapping: partners\nsystems: { prm: { object: partnerships }, crm: { object: Account, create: tier == 'gold' } }\ninclude: [firm]\nfields: { name: { prm: name, crm: Name } }\n";
    const SHARED: &str =
        "shared: common\nfields: { firm: { tier: { prm: tier, crm: Tier__c, values: tier } } }\nvalues: { tier: { gold: { prm: gold, crm: Gold } } }\n";
    let said = |file: usize, was: &str, is: &str| {
        let mut texts = [TWO, DEALS, PARTNERS, SHARED].map(str::to_owned);
        assert!(texts[file].contains(was), "{was}");
        texts[file] = texts[file].replacen(was, is, 1);
        let names = ["syncline.yaml", "mappings/deals.yaml", "mappings/partners.yaml", "shared/common.yaml"];
        let files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
        let (loaded, said) = load(&files, &[("PRM_SECRET", "x")]);
        (loaded.problems.iter().filter(|problem| problem.is_error()).count(), said)
    };
    let (errors, text) = said(0, "", "");
    assert_eq!(errors, 0, "{text}");
    let mistakes = [
        (0, "connections:", "conections:"),
        (0, "  crm: {", "  crm: 5\n  erp: {"),
        (0, "connector: salesforce", "conector: salesforce"),
        (0, "client_id: a", "client_id: [a]"),
        (0, "variables: { kind: x }", "variables: [kind]"),
        (0, "variables: { kind: x }", "variables: { kind: [x] }"),
        (0, "variables: {", "variables: ["),
        (1, "mapping: deals", "maping: deals"),
        (1, "systems:", "sytems:"),
        (1, "object: Opportunity", "objct: Opportunity"),
        (1, "object: Opportunity", "object: [Opportunity]"),
        (1, "only: \"not deleted('crm')\"", "only: [x]"),
        (1, "create: partner is not blank", "create: [partner]"),
        (1, "fields:\n", "feilds:\n"),
        (1, "match:", "mach:"),
        (1, "wins: { latest", "wins: { latset"),
        (1, "name: { prm: account_name, crm: Name, wins: crm }", "name: 5"),
        (1, "crm: Name, wins", "crm: [Name], wins"),
        (1, "type: money", "type: [money]"),
        (1, "type: money", "tpye: money"),
        (1, "type: money", "type: &m money"),
        (1, "  amount: {", "  name: { prm: x }\n  amount: {"),
        (1, "type: ref(partners)", "type: { ref: partners }"),
        (1, "values: {", "valeus: {"),
        (1, "won: { prm: closed_won", "won: { prm: { a: b }"),
        (1, "won: { prm: closed_won, crm: Closed Won }", "won: 5"),
        (1, "tests:\n  - {", "tests:\n  - [ {"),
        (2, "mapping: partners", "mapping: partners\n\tx: y"),
        (2, "mapping: partners", "mapping: [partners]"),
        (2, "crm: { object: Account", "crm: { objetc: Account"),
        (2, "crm: { object: Account", "crm: [ { object: Account"),
        (2, "include: [firm]", "inclde: [firm]"),
        (3, "shared: common", "shared: common\n\tx: y"),
        (3, "fields: {", "feilds: {"),
        (3, "values: {", "valeus: {"),
        (3, "firm: { tier: {", "firm: { tier: 5, tear: {"),
        (3, "gold: { prm: gold", "gold: { prm: { a: b }"),
    ];
    let wrong: Vec<String> = mistakes
        .into_iter()
        .filter_map(|(file, was, is)| {
            let (errors, text) = said(file, was, is);
            (errors != 1).then(|| format!("`{is}` for `{was}` is {errors}:\n{text}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The example with one line of a file changed: how many errors there are, and those that stand on other lines.
fn elsewhere(path: &str, change: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/partner-deals"));
    let text = std::fs::read_to_string(example.join(path)).expect("the example has it");
    let dir = tempfile::tempdir().expect("a temporary directory");
    for folder in ["mappings", "shared"] {
        std::fs::create_dir(dir.path().join(folder)).expect("it can be made");
        for entry in std::fs::read_dir(example.join(folder)).into_iter().flatten() {
            let from = entry.expect("it can be listed").path();
            std::fs::copy(&from, dir.path().join(folder).join(from.file_name().expect("a file"))).expect("it can be copied");
        }
    }
    std::fs::copy(example.join("syncline.yaml"), dir.path().join("syncline.yaml")).expect("it can be copied");
    let mut wrong = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some(changed) = change(line) else { continue };
        let lines: Vec<&str> = text.lines().enumerate().map(|(other, line)| if other == at { changed.as_str() } else { line }).collect();
        std::fs::write(dir.path().join(path), lines.join("\n")).expect("it can be written");
        let loaded = Project::load(dir.path(), None, &|_| Some("http://127.0.0.1:1".into()), &Overrides::default());
        let strayed = loaded.problems.iter().filter(|problem| problem.is_error()).filter(|problem| {
            let place = problem.span.map(|span| (loaded.files.path(span.file).to_owned(), loaded.files.position(span.file, span.start).0));
            place != Some((path.into(), at + 1))
        });
        wrong.extend(
            strayed.map(|problem| {
                format!("`{changed}` for `{line}`: {} {:?}", problem.what, problem.span.map(|span| loaded.files.position(span.file, span.start)))
            }),
        );
    }
    wrong
}

#[test]
fn errors_stand_where_the_mistake_is() {
    let listed = |line: &str| {
        let (key, value) = line.split_once(": ")?;
        (!line.trim_start().starts_with(['#', '-']) && !value.trim().is_empty()).then(|| format!("{key}: [[x]]"))
    };
    // Words of the format and settings; another name of a field is only missed by those who use it.
    let words = ["schedule", "systems", "object", "create", "where", "match", "fields", "values", "type", "tests", "connector", "config", "tenant", "server"];
    let misspelt = |line: &str| {
        let key = line.trim_start().split(':').next()?;
        words.contains(&key).then(|| line.replacen(key, &format!("{}x{}", &key[..2], &key[2..]), 1))
    };
    let mut wrong = Vec::new();
    for path in ["mappings/leads.yaml", "syncline.yaml"] {
        wrong.extend(elsewhere(path, listed));
        wrong.extend(elsewhere(path, misspelt));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
