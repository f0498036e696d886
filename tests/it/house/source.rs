//! A source file and what the rules need to know of it, as plain data that tests can share.

use std::collections::HashSet;

use syn::visit::{self, Visit};

use super::{sql, tokens};

/// A Rust file of `src` or `tests`, or a migration.
#[derive(Default)]
pub struct Source {
    /// From the root of the repository: `src/ledger/post.rs`.
    pub path: String,
    pub lines: Vec<String>,
    /// Where a Rust file does not parse, and why.
    pub mistake: Option<(usize, String)>,
    pub paths: Vec<PathUse>,
    pub calls: Vec<Call>,
    pub functions: Vec<Function>,
    /// Each string literal, or the whole migration, as the words of SQL that it would be.
    pub statements: Vec<Vec<sql::Word>>,
    /// Comments and doc comments: the line and its text, without the marks.
    pub comments: Vec<(usize, String)>,
    pub items: Vec<Item>,
    /// Every name that the file declares: items, fields, parameters, variables.
    pub names: Vec<(usize, String)>,
}

/// A path somewhere in a file, be it an import, an expression, a type or a part of a macro.
pub struct PathUse {
    pub line: usize,
    /// From the root (`["crate", "ledger", "post"]`) where the path is rooted, else as written.
    pub segments: Vec<String>,
    /// The name that a `use` binds.
    pub binds: Option<String>,
}

impl PathUse {
    /// The segments under the crate's root, of a path that begins there.
    pub fn in_crate(&self) -> Option<&[String]> {
        let (first, rest) = self.segments.split_first()?;
        (first == "crate").then_some(rest)
    }
}

/// A method call, with the method called on its result (`await` included).
pub struct Call {
    pub line: usize,
    pub method: String,
    pub then: Option<String>,
}

/// A function, from the line of its `fn` to that of its closing brace.
pub struct Function {
    pub name: String,
    pub first: usize,
    pub last: usize,
}

/// An item at the top of a file.
pub struct Item {
    pub line: usize,
    pub kind: &'static str,
    pub name: String,
}

impl Source {
    /// Reads a file; what it holds is told by its path's ending.
    pub fn new(path: &str, text: &str) -> Self {
        let mut source = Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            ..Self::default()
        };
        if has_extension(path, "sql") {
            source.statements.push(sql::words(text, 1));
            source.comments = sql::comments(&source.lines);
            return source;
        }
        match text.parse() {
            Ok(stream) => source.read_rust(stream),
            Err(error) => {
                let error = syn::Error::from(error);
                source.mistake = Some((error.span().start().line, error.to_string()));
            }
        }
        source
    }

    fn read_rust(&mut self, stream: proc_macro2::TokenStream) {
        tokens::read(self, &stream);
        match syn::parse2::<syn::File>(stream) {
            Ok(file) => {
                self.items = file.items.iter().filter_map(item).collect();
                let mut names = Names::default();
                names.visit_file(&file);
                self.names = names.found;
            }
            Err(error) => self.mistake = Some((error.span().start().line, error.to_string())),
        }
    }

    /// The top-level name of `src` that the file belongs to: `ledger`, `settings`, `main`.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The module that the file is, from the crate's root: `["inbox", "dialects"]`.
    pub fn module(&self) -> Vec<String> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let mut names: Vec<String> = inside.split('/').map(str::to_owned).collect();
        if let Some(last) = names.pop() {
            let last = last.trim_end_matches(".rs");
            if !(last == "mod" || names.is_empty() && matches!(last, "main" | "lib")) {
                names.push(last.to_owned());
            }
        }
        names
    }

    pub fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    pub fn is_migration(&self) -> bool {
        has_extension(&self.path, "sql")
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|e| e == extension)
}

fn item(item: &syn::Item) -> Option<Item> {
    let (kind, ident) = match item {
        syn::Item::Const(i) => ("const", &i.ident),
        syn::Item::Enum(i) => ("enum", &i.ident),
        syn::Item::Fn(i) => ("fn", &i.sig.ident),
        syn::Item::Impl(i) => {
            let line = i.impl_token.span.start().line;
            return Some(Item {
                line,
                kind: "impl",
                name: String::new(),
            });
        }
        syn::Item::Mod(i) if i.content.is_some() => ("inline mod", &i.ident),
        syn::Item::Static(i) => ("static", &i.ident),
        syn::Item::Struct(i) => ("struct", &i.ident),
        syn::Item::Trait(i) => ("trait", &i.ident),
        syn::Item::Type(i) => ("type", &i.ident),
        syn::Item::Union(i) => ("union", &i.ident),
        _ => return None,
    };
    Some(Item {
        line: ident.span().start().line,
        kind,
        name: ident.to_string(),
    })
}

/// Collects the names that a file declares.
#[derive(Default)]
struct Names {
    found: Vec<(usize, String)>,
    seen: HashSet<(usize, String)>,
}

impl Names {
    fn add(&mut self, ident: &syn::Ident) {
        let name = (ident.span().start().line, ident.to_string());
        if self.seen.insert(name.clone()) {
            self.found.push(name);
        }
    }
}

/// For each kind of syntax that declares a name: notes its ident and goes on inside.
macro_rules! declarations {
    ($($visit:ident($kind:ty): |$node:ident| $name:expr;)*) => {
        impl<'ast> Visit<'ast> for Names {
            $(fn $visit(&mut self, $node: &'ast $kind) {
                if let Some(ident) = $name {
                    self.add(ident);
                }
                visit::$visit(self, $node);
            })*
        }
    };
}

declarations! {
    visit_signature(syn::Signature): |n| Some(&n.ident);
    visit_item_const(syn::ItemConst): |n| Some(&n.ident);
    visit_item_enum(syn::ItemEnum): |n| Some(&n.ident);
    visit_item_macro(syn::ItemMacro): |n| n.ident.as_ref();
    visit_item_mod(syn::ItemMod): |n| Some(&n.ident);
    visit_item_static(syn::ItemStatic): |n| Some(&n.ident);
    visit_item_struct(syn::ItemStruct): |n| Some(&n.ident);
    visit_item_trait(syn::ItemTrait): |n| Some(&n.ident);
    visit_item_type(syn::ItemType): |n| Some(&n.ident);
    visit_impl_item_const(syn::ImplItemConst): |n| Some(&n.ident);
    visit_impl_item_type(syn::ImplItemType): |n| Some(&n.ident);
    visit_trait_item_const(syn::TraitItemConst): |n| Some(&n.ident);
    visit_trait_item_type(syn::TraitItemType): |n| Some(&n.ident);
    visit_type_param(syn::TypeParam): |n| Some(&n.ident);
    visit_use_rename(syn::UseRename): |n| Some(&n.rename);
    visit_variant(syn::Variant): |n| Some(&n.ident);
    visit_field(syn::Field): |n| n.ident.as_ref();
    visit_pat_ident(syn::PatIdent): |n| Some(&n.ident);
}

/// A file that does not parse would escape the other rules.
pub fn violations_of_syntax(files: &[Source]) -> Vec<String> {
    files
        .iter()
        .filter_map(|f| {
            f.mistake
                .as_ref()
                .map(|m| format!("{}:{}: {}", f.path, m.0, m.1))
        })
        .collect()
}
