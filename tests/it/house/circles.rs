//! The files of one folder do not import each other in a circle.
//!
//! A folder's `mod.rs` only offers what its files define, so a name that it re-exports counts as an
//! import of the file that defines it, and `mod.rs` itself is in no circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::source::{PathUse, Source};
use super::{assert_found, assert_kept};

/// From one file of a folder to those that it imports, with the first place that does.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

/// A folder of modules.
struct Folder {
    /// Its module, from the crate's root.
    module: Vec<String>,
    /// Its files and folders.
    children: BTreeSet<String>,
    /// The names that its `mod.rs` takes from its children, and from which.
    exports: BTreeMap<String, String>,
}

impl Folder {
    fn new(module: Vec<String>, children: BTreeSet<String>, files: &[Source]) -> Self {
        let mut folder = Self {
            module,
            children,
            exports: BTreeMap::new(),
        };
        for path in files
            .iter()
            .filter(|f| f.module() == folder.module)
            .flat_map(|f| &f.paths)
        {
            let inside = folder.inside(path).unwrap_or(&path.segments);
            let (Some(bound), [child, _, ..]) = (&path.binds, inside) else {
                continue;
            };
            if !folder.children.contains(child) {
                continue;
            }
            let names = match bound.as_str() {
                "*" => folder.names_of(child, files),
                _ => vec![bound.clone()],
            };
            folder
                .exports
                .extend(names.into_iter().map(|name| (name, child.clone())));
        }
        folder
    }

    /// What a path names under the folder.
    fn inside<'p>(&self, path: &'p PathUse) -> Option<&'p [String]> {
        path.in_crate()?.strip_prefix(self.module.as_slice())
    }

    /// The names that a child's file defines or imports.
    fn names_of(&self, child: &String, files: &[Source]) -> Vec<String> {
        let mut names = Vec::new();
        for file in files {
            if file.module().split_last() == Some((child, &self.module)) {
                names.extend(file.items.iter().map(|i| i.name.clone()));
                names.extend(file.paths.iter().filter_map(|p| p.binds.clone()));
            }
        }
        names
    }

    /// The children that a name under the folder leads to.
    fn children_behind(&self, name: &str) -> Vec<&String> {
        if name == "*" {
            return self.exports.values().collect();
        }
        let child = self.children.get(name).or_else(|| self.exports.get(name));
        child.into_iter().collect()
    }

    fn imports(&self, files: &[Source]) -> Imports {
        let mut imports = Imports::new();
        for file in files.iter().filter(|f| f.room().is_some()) {
            let module = file.module();
            let Some([child, ..]) = module.strip_prefix(self.module.as_slice()) else {
                continue;
            };
            for path in &file.paths {
                let Some([name, ..]) = self.inside(path) else {
                    continue;
                };
                for other in self
                    .children_behind(name)
                    .into_iter()
                    .filter(|o| *o != child)
                {
                    let place = || format!("{}:{}", file.path, path.line);
                    let from = imports.entry(child.clone()).or_default();
                    from.entry(other.clone()).or_insert_with(place);
                }
            }
        }
        imports
    }
}

/// Every folder under `src` that holds modules.
fn folders(files: &[Source]) -> Vec<Folder> {
    let mut folders: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|f| f.room().is_some()) {
        let module = file.module();
        for depth in 1..module.len() {
            let children = folders.entry(module[..depth].to_vec()).or_default();
            children.insert(module[depth].clone());
        }
    }
    folders
        .into_iter()
        .map(|(module, children)| Folder::new(module, children, files))
        .collect()
}

/// The shortest way from a file back to itself, without its end; none where it is in no circle.
fn circle_through<'i>(start: &'i String, imports: &'i Imports) -> Option<Vec<&'i String>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in imports
            .get(*way.last()?)
            .into_iter()
            .flat_map(BTreeMap::keys)
        {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back([way.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

/// Files of one folder that import each other in a circle, each import with its place.
fn violations_of_circles(files: &[Source]) -> Vec<String> {
    let mut violations = BTreeSet::new();
    for folder in folders(files) {
        let imports = folder.imports(files);
        for start in imports.keys() {
            let Some(mut circle) = circle_through(start, &imports) else {
                continue;
            };
            // Each circle once, whichever of its files it was found from.
            let first = (0..circle.len()).min_by_key(|at| circle[*at]).unwrap_or(0);
            circle.rotate_left(first);
            let nexts = circle.iter().cycle().skip(1);
            let steps: Vec<String> = circle
                .iter()
                .zip(nexts)
                .map(|(from, to)| format!("{}: {from} imports {to}", imports[*from][*to]))
                .collect();
            violations.insert(steps.join(", "));
        }
    }
    violations.into_iter().collect()
}

#[test]
fn files_of_a_folder_do_not_import_each_other_in_a_circle() {
    assert_kept(violations_of_circles);
}

#[test]
fn a_circle_of_two_files_is_found() {
    assert_found(
        violations_of_circles,
        &[
            ("src/receipts/mod.rs", "mod compose; mod issue;"),
            ("src/receipts/compose.rs", "use super::issue::Candidate;"),
            (
                "src/receipts/issue.rs",
                "fn f() { crate::receipts::compose::printed() }",
            ),
        ],
        &["src/receipts/compose.rs:1: compose imports issue, src/receipts/issue.rs:1: issue"],
    );
}

#[test]
fn a_circle_through_the_names_that_a_folder_offers_is_found() {
    for exports in [
        "pub use accounts::{Account as A, open};",
        "pub use self::accounts::*;",
    ] {
        assert_found(
            violations_of_circles,
            &[
                ("src/ledger/mod.rs", exports),
                (
                    "src/ledger/accounts.rs",
                    "use super::rules::post;\nstruct A;",
                ),
                ("src/ledger/rules/mod.rs", "mod inner;"),
                ("src/ledger/rules/inner.rs", "use super::super::post::Post;"),
                (
                    "src/ledger/post.rs",
                    "use std::fmt;\nuse super::{A, Other};",
                ),
            ],
            &["src/ledger/accounts.rs:1: accounts imports rules, \
               src/ledger/rules/inner.rs:1: rules imports post, \
               src/ledger/post.rs:2: post imports accounts"],
        );
    }
}

#[test]
fn a_folder_is_in_no_circle_with_its_own_files() {
    assert_found(
        violations_of_circles,
        &[
            (
                "src/parties/mod.rs",
                "mod donor; mod cause; use donor::Donor; struct AddError;",
            ),
            (
                "src/parties/donor.rs",
                "use super::AddError; mod tests { use super::*; }",
            ),
            ("src/parties/cause.rs", "use super::{AddError, donor};"),
        ],
        &[],
    );
}
