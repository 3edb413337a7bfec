//! Which files a project is made of, read in the order of their names, so that the same directory always gives the same project.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::bounds::YAML_BYTES_MAX;
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, FileId, Files};
use crate::spec::mapping::{self, MappingSpec};
use crate::spec::project::{self, ProjectSpec};
use crate::spec::{SharedSpec, shared};

/// A directory while it is read.
pub struct Reading<'a> {
    dir: &'a Path,
    pub files: Files,
    pub problems: Vec<Diagnostic>,
}

impl<'a> Reading<'a> {
    pub fn new(dir: &'a Path) -> Self {
        Self { dir, files: Files::new(), problems: Vec::new() }
    }

    /// The shipped connectors, and over them those of the project's own `connectors/`.
    pub fn catalog(&mut self) -> Catalog {
        let (mut catalog, found) = Catalog::built_in(&mut self.files);
        self.problems.extend(found);
        for path in self.yaml_in("connectors") {
            if let Some(text) = self.text(&path) {
                self.problems.extend(catalog.add(&mut self.files, &path.to_string_lossy(), &text));
            }
        }
        catalog
    }

    pub fn project(&mut self, name: &str) -> Option<ProjectSpec> {
        let path = PathBuf::from(name);
        if !self.dir.join(&path).exists() {
            let what = format!("There is no {name} in {}", shown(self.dir));
            self.problems.push(Diagnostic::error("no_project", what).help("Make one with\n    syncline init\nor name its directory with --project DIR"));
            return None;
        }
        let file = self.add(&path)?;
        let (spec, found) = project::read(&self.files, file);
        self.problems.extend(found);
        spec
    }

    /// All mappings, joined by name, with what they use of `shared/`.
    pub fn mappings(&mut self) -> Vec<MappingSpec> {
        let mut shared_specs: Vec<SharedSpec> = Vec::new();
        for path in self.yaml_in("shared") {
            let Some(file) = self.add(&path) else {
                shared_specs.push(SharedSpec::unread());
                continue;
            };
            let (specs, found) = shared::read(&self.files, file);
            shared_specs.extend(specs);
            self.problems.extend(found);
        }
        let mut parts = Vec::new();
        for path in self.yaml_in("mappings") {
            let Some(file) = self.add(&path) else {
                parts.push(MappingSpec::unread(None, Vec::new()));
                continue;
            };
            let (specs, found) = mapping::read(&self.files, file);
            parts.extend(specs);
            self.problems.extend(found);
        }
        let (whole, found) = mapping::join(parts, &shared_specs);
        self.problems.extend(found);
        whole
    }

    fn add(&mut self, path: &Path) -> Option<FileId> {
        let text = self.text(path)?;
        Some(self.files.add(path, text))
    }

    /// A file's text, no longer than any YAML may be (one byte more, so that the reader of YAML can say so).
    fn text(&mut self, path: &Path) -> Option<String> {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(self.dir.join(path)).and_then(|file| file.take(YAML_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            self.problems.push(
                Diagnostic::error("unreadable", format!("{} cannot be read: {error}", path.display())).help("Check that it is a file and that you may read it"),
            );
            return None;
        }
        if bytes.len() > YAML_BYTES_MAX {
            let what = format!("{} is longer than {YAML_BYTES_MAX} bytes", path.display());
            self.problems.push(Diagnostic::error("file_too_big", what).help("Split it: several files may begin with the same `mapping:` name"));
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let what = format!("{} is not UTF-8 text (at byte {})", path.display(), error.utf8_error().valid_up_to());
                self.problems.push(Diagnostic::error("not_text", what).help("Save it as UTF-8"));
                None
            }
        }
    }

    /// The YAML files of one folder, by name; a folder that is not there is empty.
    fn yaml_in(&mut self, folder: &str) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(self.dir.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.problems.push(
                    Diagnostic::error("unreadable", format!("{folder}/ cannot be read: {error}")).help("Check that it is a folder and that you may read it"),
                );
                return Vec::new();
            }
        };
        let mut paths = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => paths.push(Path::new(folder).join(entry.file_name())),
                Err(error) => self.problems.push(Diagnostic::error("unreadable", format!("{folder}/ cannot be listed: {error}"))),
            }
        }
        paths.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
        paths.sort();
        paths
    }
}

fn shown(dir: &Path) -> String {
    if dir == Path::new(".") { "this directory".to_owned() } else { dir.display().to_string() }
}
