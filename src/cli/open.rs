//! From the command line to a project: files read, problems told.

use std::path::{Path, PathBuf};

use super::Global;
use super::environment::variable;
use super::out::{self, Out, styled};
use crate::diag::render::{Paint, render_all, to_json};
use crate::diag::{Diagnostic, Files, Severity};
use crate::project::{Loaded, Overrides, Project};

/// The directory of the project, and its project file where another one than `syncline.yaml` is named.
pub fn place(global: &Global) -> (PathBuf, Option<String>) {
    let path = &global.project;
    if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (dir.to_owned(), path.file_name().map(|name| name.to_string_lossy().into_owned()))
    } else {
        (path.clone(), None)
    }
}

/// Reads the project that the command line names.
pub fn load(global: &Global) -> Loaded {
    let (dir, file) = place(global);
    Project::load(&dir, file.as_deref(), &variable, &Overrides::default())
}

/// The project, for commands that need it whole: problems are told, and `None` means that there are errors among them.
///
/// # Errors
/// When nothing can be printed.
pub fn project(global: &Global, out: &Out) -> anyhow::Result<Option<(Project, Files)>> {
    let Loaded { project, files, problems, .. } = load(global);
    match project {
        Some(project) => Ok(Some((project, files))),
        None => {
            told(&problems, &files, out)?;
            Ok(None)
        }
    }
}

/// The project, ready to sign in: what is missing for that is an error, too.
///
/// # Errors
/// When nothing can be printed.
pub fn signed_in(global: &Global, out: &Out) -> anyhow::Result<Option<Project>> {
    whole(global, out, |_| &[])
}

/// The project, ready to sign in and to be asked by others: a token that is not there is an error, never an open door.
///
/// # Errors
/// When nothing can be printed.
pub fn ready_to_serve(global: &Global, out: &Out) -> anyhow::Result<Option<Project>> {
    whole(global, out, |project| &project.server.missing)
}

fn whole(global: &Global, out: &Out, also: impl Fn(&Project) -> &[Diagnostic]) -> anyhow::Result<Option<Project>> {
    let Some((project, files)) = self::project(global, out)? else { return Ok(None) };
    let missing: Vec<Diagnostic> = project.missing().chain(also(&project)).cloned().collect();
    if missing.is_empty() {
        return Ok(Some(project));
    }
    told(&missing, &files, out)?;
    Ok(None)
}

/// Prints problems where they belong: on standard error, or as JSON on standard output.
pub fn told(problems: &[Diagnostic], files: &Files, out: &Out) -> anyhow::Result<()> {
    if out.json {
        let problems: Vec<_> = problems.iter().map(|problem| to_json(problem, files)).collect();
        out.json(&serde_json::json!({ "ok": false, "problems": problems }))?;
        return Ok(());
    }
    out.remark(render_all(problems, files, Paint::Colour))?;
    out.remark("")?;
    out.remark(verdict(problems))?;
    Ok(())
}

/// `2 errors, 1 warning`.
pub fn verdict(problems: &[Diagnostic]) -> String {
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count() as u64;
    let parts: Vec<String> = [(Severity::Error, out::BAD), (Severity::Warning, out::WAITING), (Severity::Note, out::QUIET)]
        .into_iter()
        .filter(|(severity, _)| count(*severity) > 0)
        .map(|(severity, style)| styled(style, out::counted(count(severity), severity.word())))
        .collect();
    if parts.is_empty() { styled(out::GOOD, "no problems") } else { parts.join(", ") }
}
