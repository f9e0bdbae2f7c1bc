//! Who may import whom: the table, kept by reading the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What each layer may import of ours. A module belongs to the longest path that it begins with. What is
/// named to the end, as in `engine::Command`, is all that may be imported of that layer.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("failpoints", &[]),
    ("protocol", &["domain"]),
    ("crypto", &["domain", "protocol"]),
    ("keyring", &["domain"]),
    ("registry", &["domain"]),
    ("store", &["domain"]),
    ("config", &["domain", "protocol"]),
    ("logging", &["config"]),
    ("mqtt", &["domain", "failpoints", "protocol"]),
    // The names and the topics, for its access rules.
    ("broker", &["config", "domain", "protocol"]),
    (
        "engine",
        &[
            "broker",
            "config",
            "crypto",
            "domain",
            "failpoints",
            "keyring",
            "mqtt",
            "protocol",
            "registry",
            "store",
        ],
    ),
    ("error", &["broker", "config", "demo", "domain", "engine", "logging", "registry", "tui"]),
    (
        "cli",
        &[
            "cli::broker",
            "cli::config",
            "cli::demo",
            "cli::export",
            "cli::import",
            "config",
            "domain",
            "engine",
            "error",
            "logging",
        ],
    ),
    ("cli::broker", &["broker", "cli", "config", "error", "logging", "registry"]),
    // What is wrong with keys and themes is known where they are read.
    ("cli::config", &["cli", "config", "error", "tui"]),
    ("cli::demo", &["cli", "config", "demo", "error"]),
    // The registry's way to write CSV.
    ("cli::export", &["cli", "config", "domain", "engine", "error", "registry"]),
    ("cli::import", &["cli", "config", "error", "registry"]),
    // A broker, companions and a screen, all of it real.
    ("demo", &["broker", "config", "domain", "engine", "protocol", "tui"]),
    ("tui", &["config", "domain", "engine", "error", "logging", "tui::app", "tui::view"]),
    (
        "tui::app",
        &[
            "config::InvalidInvite",
            "config::Invite",
            "domain",
            "engine::Command",
            "engine::ComparisonState",
            "engine::ComparisonView",
            "engine::Emoji",
            "engine::FileState",
            "engine::FileView",
            "engine::GroupView",
            "engine::Hop",
            "engine::Info",
            "engine::KeyView",
            "engine::Link",
            "engine::Notice",
            "engine::PageAt",
            "engine::Protection",
            "engine::Stored",
            "engine::TYPING_LASTS",
            "engine::TheirKey",
            "engine::Ticket",
            "engine::Update",
        ],
    ),
    ("tui::view", &["domain", "tui::app"]),
];

/// Crates that one layer alone may name.
const CRATES: &[(&str, &str)] = &[
    ("aead_stream", "crypto"),
    ("anstyle_lossy", "tui"),
    ("apple_native_keyring_store", "keyring"),
    ("argon2", "crypto"),
    ("chacha20poly1305", "crypto"),
    ("color_quant", "tui::graphics"),
    ("crossterm", "tui"),
    ("csv", "registry"),
    ("csv_core", "registry"),
    ("keyring_core", "keyring"),
    ("image", "engine"),
    ("mqtt5", "broker"),
    ("openssl_sys", "store"),
    ("png", "tui::graphics"),
    ("ratatui", "tui"),
    ("rpassword", "cli"),
    ("rumqttc", "mqtt"),
    ("rusqlite", "store"),
    ("rusqlite_migration", "store"),
    ("vodozemac", "crypto"),
    ("zbus", "tui::desktop"),
    ("zbus_secret_service_keyring_store", "keyring"),
];

/// Most lines of one file.
const LINES: usize = 600;

type Module = Vec<String>;

/// The layer of a module or of what it imports.
fn layer(path: &[String]) -> Option<&'static str> {
    let layers = LAYERS.iter().map(|(layer, _)| *layer);
    layers.filter(|layer| begins_with(path, layer)).max_by_key(|layer| layer.len())
}

fn begins_with(path: &[String], beginning: &str) -> bool {
    let mut path = path.iter().map(String::as_str);
    beginning.split("::").all(|segment| path.next() == Some(segment))
}

/// What is wrong with the imports of a source file that is this module.
fn violations(module: &[&str], source: &str) -> Vec<String> {
    let tokens: TokenStream = source.parse().expect("it is Rust");
    let module: Module = module.iter().map(|&segment| segment.to_owned()).collect();
    let mut paths = BTreeSet::new();
    collect(tokens, &module, &mut paths);
    let Some(from) = layer(&module) else {
        return vec![format!("{} belongs to no layer", module.join("::"))];
    };
    let (_, allowed) = LAYERS.iter().find(|(layer, _)| *layer == from).unwrap();
    let mut wrong = Vec::new();
    for path in paths {
        let shown = path.segments.join("::");
        if path.ours {
            let fine = layer(&path.segments).is_some_and(|to| {
                to == from
                    || allowed.iter().any(|allowed| match layer_of(allowed) == *allowed {
                        true => to == *allowed,
                        false => begins_with(&path.segments, allowed),
                    })
            });
            if !fine {
                wrong.push(format!("{} imports {shown}", module.join("::")));
            }
        } else if let Some((_, owner)) = CRATES.iter().find(|(name, _)| path.segments[0] == *name)
            && !begins_with(&module, owner)
        {
            wrong.push(format!("{} names the crate {shown}", module.join("::")));
        }
    }
    wrong
}

/// The layer that an entry of the table names, as a whole or a part of.
fn layer_of(entry: &str) -> &'static str {
    let path: Module = entry.split("::").map(str::to_owned).collect();
    layer(&path).expect("the table names layers")
}

/// A path in a source, from the root of the crate (`ours`) or beginning with some other name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    ours: bool,
    segments: Module,
}

/// Collects all paths that are named, in `use` and elsewhere, resolved from `module`.
fn collect(tokens: TokenStream, module: &Module, paths: &mut BTreeSet<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                if let [TokenTree::Ident(name), TokenTree::Group(body), ..] = &tokens[at + 1..] {
                    let mut inner = module.clone();
                    inner.push(name.to_string());
                    collect(body.stream(), &inner, paths);
                    at += 2;
                }
                at += 1;
            }
            TokenTree::Ident(_) => at = path(&tokens, at, &Module::new(), module, paths),
            TokenTree::Group(group) => {
                collect(group.stream(), module, paths);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads the path, or tree of paths, that begins at `at` and continues `before`; returns where it ends.
fn path(
    tokens: &[TokenTree],
    mut at: usize,
    before: &Module,
    module: &Module,
    paths: &mut BTreeSet<Named>,
) -> usize {
    let mut segments = before.clone();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(segment)) => segments.push(segment.to_string()),
            Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                let branches: Vec<TokenTree> = tree.stream().into_iter().collect();
                let is_comma =
                    |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
                for branch in branches.split(is_comma).filter(|branch| !branch.is_empty()) {
                    path(branch, 0, &segments, module, paths);
                }
                return at + 1;
            }
            // `*`, or the `<` of generic arguments, which are looked at by themselves.
            _ => break,
        }
        at += 1;
        match tokens.get(at..at + 2) {
            Some([TokenTree::Punct(a), TokenTree::Punct(b)])
                if a.as_char() == ':' && b.as_char() == ':' =>
            {
                at += 2;
            }
            _ => break,
        }
    }
    paths.insert(resolve(segments, module));
    at
}

fn resolve(segments: Module, module: &Module) -> Named {
    let mut from = match segments[0].as_str() {
        "crate" | "cooee" => Module::new(),
        "self" | "super" => module.clone(),
        _ => return Named { ours: false, segments },
    };
    for segment in segments {
        match segment.as_str() {
            "crate" | "cooee" | "self" => {}
            "super" => drop(from.pop()),
            _ => from.push(segment),
        }
    }
    Named { ours: true, segments: from }
}

/// All source files below `directory`, with the module that each is.
fn sources(directory: &Path) -> Vec<(PathBuf, Module)> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(directory).unwrap().with_extension("");
                let mut module: Module =
                    relative.iter().map(|segment| segment.to_str().unwrap().to_owned()).collect();
                if module.last().is_some_and(|last| last == "mod") {
                    module.pop();
                }
                found.push((path, module));
            }
        }
    }
    found
}

fn root(directory: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)
}

#[test]
fn every_layer_imports_what_it_may_and_nothing_else() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, module) in sources(&root("src")) {
        // The two roots choose and list, and the build script runs before there is a program; they belong to
        // no layer.
        if matches!(module[0].as_str(), "main" | "lib" | "build") {
            continue;
        }
        seen.extend(layer(&module));
        let module: Vec<&str> = module.iter().map(String::as_str).collect();
        wrong.extend(violations(&module, &fs::read_to_string(path).unwrap()));
    }
    assert_eq!(wrong, Vec::<String>::new());
    let layers: BTreeSet<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    assert_eq!(seen, layers, "the table and the house are the same");
}

#[test]
fn files_are_short_and_folders_say_what_they_own() {
    for directory in ["src", "tests"] {
        for (path, _) in sources(&root(directory)) {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().count();
            assert!(lines <= LINES, "{} has {lines} lines, more than {LINES}", path.display());
            let is_front = ["mod.rs", "lib.rs", "main.rs"].iter().any(|front| path.ends_with(front));
            assert!(
                !is_front || text.starts_with("//! "),
                "{} does not say what it owns",
                path.display()
            );
        }
    }
}

#[test]
fn the_top_level_holds_what_it_is_for_and_nothing_else() {
    let names = fs::read_dir(root(".")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    // What a build makes is beside it.
    let seen: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.starts_with('.') && *name != "target")
        .collect();
    assert_eq!(seen, ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "assets", "src", "tests"]);
}

#[test]
fn a_planted_import_is_found_however_it_is_written() {
    let planted = [
        (&["tui", "view", "chat"][..], "use crate::store::Store;"),
        (&["tui", "view", "chat"], "use crate::{domain::Message, store::{self, Store}};"),
        (&["tui", "view"], "fn f() { let s = crate::store::Store::open(p); }"),
        (&["tui", "view"], "fn f() { assert!(matches!(x, Some(crate::engine::Link::Up))); }"),
        (&["tui", "app", "state"], "use crate::engine::{Command, Session};"),
        (&["tui", "app", "state"], "use super::super::run::Loop;"),
        (&["tui", "app"], "use crate::engine;"),
        (&["registry", "table"], "use super::super::store::Store;"),
        (&["registry", "table"], "mod tests { use super::super::super::store::Store; }"),
        (&["registry"], "mod tests { fn f(s: super::super::store::Store) {} }"),
        (&["domain"], "pub use crate::protocol::*;"),
        (&["domain"], "use cooee::protocol::Root;"),
        (&["broker", "serve"], "use crate::engine::Setup;"),
        (&["engine"], "use crate::cli::run;"),
        (&["cli", "send"], "use crate::registry::Registry;"),
        (&["domain"], "use crate::nowhere::X;"),
        (&["engine", "core"], "use rumqttc::v5::AsyncClient;"),
        (&["engine", "core"], "use {std::io, rumqttc::v5::AsyncClient};"),
        (&["cli"], "fn f(e: rusqlite::Error) {}"),
        (&["store"], "use csv;"),
        (&["nowhere"], ""),
    ];
    for (module, source) in planted {
        assert!(!violations(module, source).is_empty(), "{module:?}: {source}");
    }
}

#[test]
fn what_is_allowed_and_what_only_looks_forbidden_is_let_be() {
    let fine = [
        (&["tui", "view", "chat"][..], "use crate::tui::app::State; use super::theme::Theme;"),
        (&["tui", "app"], "use crate::engine::{Command, Update}; use crate::domain::*;"),
        (&["registry", "table"], "mod tests { use super::super::cell; use super::*; }"),
        (&["registry"], "// use crate::store::Store;\n/// [`crate::store::Store`]\nfn f() {}"),
        (&["registry"], "const A: &str = \"use crate::store\"; const B: &str = r#\"rumqttc::\"#;"),
        (&["mqtt", "driver"], "use rumqttc::v5::AsyncClient;"),
        (&["cli", "import"], "use crate::registry::import;"),
        (&["cli"], "fn f() { self::broker::run(); std::fs::read(x); store.load(); }"),
        (&["domain"], "macro_rules! m { () => { $crate::domain::X } } struct mqtt5x;"),
    ];
    for (module, source) in fine {
        assert_eq!(violations(module, source), Vec::<String>::new(), "{module:?}: {source}");
    }
}
