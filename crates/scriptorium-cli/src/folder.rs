//! A bundle as a folder that people read and keep in version control: one folder for each script with
//! its source as a file. Names of files come from strangers in both directions, so they are made
//! here, never taken.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::exit::Refusal;

const MANIFEST: &str = "manifest.json";
/// Largest file that is read; no part of a bundle is as large.
const LARGEST: u64 = 64 << 20;
/// Longest name of a file in characters, before its number and ending.
const NAME_CHARS: usize = 60;

/// Writes a bundle into a folder that is new or empty.
pub(crate) fn write(folder: &Path, mut bundle: Value) -> Result<(), Refusal> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_empty {
        let shown = folder.display();
        return Err(Refusal::usage(format!("{shown} is not an empty folder")));
    }
    let mut taken = HashSet::new();
    let scripts = list(&mut bundle, "scripts")?;
    for mut script in scripts {
        let mut versions = list(&mut script, "versions")?;
        let mut current = versions
            .pop()
            .ok_or_else(|| Refusal::failed("the server's bundle has a script without versions"))?;
        let name = current["definition"]["name"].as_str().unwrap_or_default();
        let path = folder.join("scripts").join(file_name(name, &mut taken));
        current["status"] = script["status"].take();
        write_version(&path, "script", "source", current)?;
        for version in versions {
            let number = version["version"].as_u64().unwrap_or_default();
            let name = format!("{number:04}");
            write_version(&path.join("versions"), &name, &name, version)?;
        }
    }
    let mut files = Map::new();
    let mut taken = HashSet::new();
    for template in list(&mut bundle, "templates")? {
        let name = template["name"].as_str().unwrap_or_default();
        let file = format!("{}.txt", file_name(name, &mut taken));
        let body = template["body"].as_str().unwrap_or_default();
        create(&folder.join("templates").join(&file), body)?;
        files.insert(file, json!(name));
    }
    bundle["templates"] = Value::Object(files);
    // Last, so that a folder without it is no bundle.
    create(&folder.join(MANIFEST), &format!("{bundle:#}\n"))
}

/// Reads a folder back as a bundle. Links are not followed, and no name leads out of the folder.
pub(crate) fn read(folder: &Path) -> Result<Value, Refusal> {
    let mut bundle = document(&folder.join(MANIFEST))?;
    let mut scripts = Vec::new();
    for name in names(&folder.join("scripts"))? {
        scripts.push(read_script(&folder.join("scripts").join(name))?);
    }
    let files = match bundle["templates"].take() {
        Value::Object(files) => files,
        Value::Null => Map::new(),
        _ => return Err(bad(&folder.join(MANIFEST), "templates must be an object")),
    };
    let mut templates = Vec::new();
    for (file, name) in files {
        let path = folder.join("templates");
        if !is_plain(&file) {
            return Err(bad(&path, &format!("{file:?} is no name of a file here")));
        }
        templates.push(json!({"name": name, "body": text(&path.join(file))?}));
    }
    bundle["scripts"] = Value::Array(scripts);
    bundle["templates"] = Value::Array(templates);
    Ok(bundle)
}

fn read_script(folder: &Path) -> Result<Value, Refusal> {
    let mut current = read_version(folder, "script", "source")?;
    let status = current.remove("status").unwrap_or_else(|| json!("draft"));
    let history = folder.join("versions");
    let mut versions = Vec::new();
    for file in names(&history)? {
        if let Some(name) = file.strip_suffix(".json") {
            versions.push(Value::Object(read_version(&history, name, name)?));
        }
    }
    versions.sort_by_key(|version| version["version"].as_u64());
    versions.push(Value::Object(current));
    Ok(json!({"status": status, "versions": versions}))
}

fn write_version(
    folder: &Path,
    settings: &str,
    source: &str,
    mut version: Value,
) -> Result<(), Refusal> {
    let definition = version["definition"]
        .as_object_mut()
        .ok_or_else(|| Refusal::failed("the server's bundle has a version without definition"))?;
    let text = definition.remove("source").unwrap_or_default();
    let ending = ending(definition.get("language"));
    let path = folder.join(format!("{source}.{ending}"));
    create(&path, text.as_str().unwrap_or_default())?;
    create(
        &folder.join(format!("{settings}.json")),
        &format!("{version:#}\n"),
    )
}

fn read_version(
    folder: &Path,
    settings: &str,
    source: &str,
) -> Result<Map<String, Value>, Refusal> {
    let path = folder.join(format!("{settings}.json"));
    let Value::Object(mut version) = document(&path)? else {
        return Err(bad(&path, "must hold an object"));
    };
    let Some(Value::Object(definition)) = version.get_mut("definition") else {
        return Err(bad(&path, "must have a definition"));
    };
    let file = format!("{source}.{}", ending(definition.get("language")));
    definition.insert("source".to_owned(), json!(text(&folder.join(file))?));
    Ok(version)
}

fn ending(language: Option<&Value>) -> &'static str {
    if language.and_then(Value::as_str) == Some("typescript") {
        "ts"
    } else {
        "js"
    }
}

/// A name for a file that any file system takes, and that no other here has, whatever the case.
fn file_name(name: &str, taken: &mut HashSet<String>) -> String {
    let mut made = String::new();
    for letter in name.to_lowercase().chars().take(NAME_CHARS) {
        if letter.is_alphanumeric() || letter == '_' {
            made.push(letter);
        } else if !made.is_empty() && !made.ends_with('-') {
            made.push('-');
        }
    }
    let made = made.trim_end_matches('-');
    let made = if made.is_empty() { "unnamed" } else { made };
    let mut tried = made.to_owned();
    let mut number = 2;
    while !taken.insert(tried.clone()) {
        tried = format!("{made}-{number}");
        number += 1;
    }
    tried
}

/// Whether a name from a manifest stays in its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}

/// The names in a folder, sorted; none when it is not there. Two that differ in case only would be
/// one on other systems.
fn names(folder: &Path) -> Result<Vec<String>, Refusal> {
    let found = match fs::symlink_metadata(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(bad(folder, &error.to_string())),
    };
    if !found.is_dir() {
        return Err(bad(folder, "must be a folder, and no link"));
    }
    let refused = |error: std::io::Error| bad(folder, &error.to_string());
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        let name = name
            .into_string()
            .map_err(|_| bad(folder, "holds a name that is no UTF-8"))?;
        if name.starts_with('.') {
            continue;
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(bad(
                folder,
                &format!("holds {name:?} twice, in different case"),
            ));
        }
        names.push(name);
    }
    names.sort_unstable();
    Ok(names)
}

fn document(path: &Path) -> Result<Value, Refusal> {
    serde_json::from_str(&text(path)?).map_err(|error| bad(path, &error.to_string()))
}

fn text(path: &Path) -> Result<String, Refusal> {
    let found = fs::symlink_metadata(path).map_err(|error| bad(path, &error.to_string()))?;
    if !found.is_file() || found.len() > LARGEST {
        return Err(bad(path, "must be a plain file, and no link"));
    }
    fs::read_to_string(path).map_err(|error| bad(path, &error.to_string()))
}

fn create(path: &Path, text: &str) -> Result<(), Refusal> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())
    });
    written.map_err(|error| bad(path, &error.to_string()))
}

fn list(value: &mut Value, name: &str) -> Result<Vec<Value>, Refusal> {
    match value[name].take() {
        Value::Array(items) => Ok(items),
        _ => Err(Refusal::failed(format!(
            "the server's bundle has no {name}"
        ))),
    }
}

fn bad(path: &Path, complaint: &str) -> Refusal {
    Refusal::usage(format!("{}: {complaint}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64, name: &str, language: &str) -> Value {
        json!({
            "version": number,
            "definition": {"name": name, "language": language, "source": format!("return {number}\n")},
        })
    }

    fn bundle() -> Value {
        json!({
            "format": 1,
            "scripts": [
                {"status": "active", "versions": [
                    version(1, "../../etc", "javascript"), version(2, "../../etc", "typescript"),
                ]},
                {"status": "draft", "versions": [version(1, "Отчёт (2)", "javascript")]},
                {"status": "draft", "versions": [version(1, "отчёт 2", "javascript")]},
            ],
            "templates": [{"name": "..", "body": "a"}, {"name": "A", "body": "b"}, {"name": "a", "body": ""}],
            "secrets": [],
        })
    }

    #[test]
    fn a_folder_reads_back_as_the_bundle_it_was_written_from() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("out");
        write(&folder, bundle()).unwrap();
        let mut found = read(&folder).unwrap();
        let templates = found["templates"].as_array_mut().unwrap();
        templates.sort_by_key(|template| template["name"].as_str().map(str::to_owned));
        assert_eq!(found, bundle());
        assert_eq!(names(dir.path()).unwrap(), ["out"]);
        assert_eq!(
            names(&folder.join("scripts")).unwrap(),
            ["etc", "отчёт-2", "отчёт-2-2"]
        );
        assert!(folder.join("scripts/etc/source.ts").is_file());
        assert!(folder.join("scripts/etc/versions/0001.js").is_file());
        assert!(
            write(&folder, bundle()).is_err(),
            "a folder was written over"
        );
    }

    #[track_caller]
    fn refused(spoil: impl FnOnce(&Path), complaint: &str) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("out");
        write(&folder, bundle()).unwrap();
        fs::write(dir.path().join("outside.js"), "secret").unwrap();
        spoil(&folder);
        let error = read(&folder).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }

    #[test]
    fn a_folder_that_leads_elsewhere_is_refused() {
        let link = |from: &Path, to: &str| {
            if from.is_dir() {
                fs::remove_dir_all(from).unwrap();
            } else {
                fs::remove_file(from).unwrap();
            }
            std::os::unix::fs::symlink(to, from).unwrap();
        };
        refused(
            |at| link(&at.join("scripts/etc/source.ts"), "../../../outside.js"),
            "no link",
        );
        refused(|at| link(&at.join("scripts/etc/versions"), ".."), "no link");
        refused(
            |at| link(&at.join("manifest.json"), "/etc/hostname"),
            "no link",
        );
        refused(
            |at| fs::create_dir(at.join("scripts/ETC")).unwrap(),
            "different case",
        );
        let manifest = |at: &Path, name: &str| {
            let text = json!({"format": 1, "templates": {name: "x"}});
            fs::write(at.join(MANIFEST), text.to_string()).unwrap();
        };
        for name in ["../../outside.js", "/etc/hostname", "..", "a\\b", ""] {
            refused(|at| manifest(at, name), "is no name of a file here");
        }
    }
}
