//! Reading a Rust file token by token, which sees inside macros as well as outside of them.

use proc_macro2::{Delimiter, Group, LineColumn, Literal, Span, TokenStream, TokenTree};

use super::source::{Call, Function, PathUse, Source};
use super::sql;

/// Notes the paths, calls, functions, strings and comments of a file.
pub fn read(source: &mut Source, stream: &TokenStream) {
    let module = source.module();
    let mut reader = Reader {
        comments: source.lines.iter().map(|l| l.chars().collect()).collect(),
        source,
    };
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    reader.read(&tokens, &module);
    let comments = std::mem::take(&mut reader.comments);
    for (at, rest) in comments.into_iter().enumerate() {
        let text: String = rest.into_iter().collect();
        let text = text.trim().trim_start_matches(['/', '!', '*']).trim();
        if !text.is_empty() {
            source.comments.push((at + 1, text.to_owned()));
        }
    }
}

struct Reader<'s> {
    source: &'s mut Source,
    /// The lines of the file, where every token that was read is blanked: comments remain.
    comments: Vec<Vec<char>>,
}

impl Reader<'_> {
    /// Reads tokens that stand in a module, and what their groups hold.
    fn read(&mut self, tokens: &[TokenTree], module: &[String]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(p) if p.as_char() == '#' && self.is_doc_comment(token.span()) => {
                    // Its `#`, the `!` of some, and its group.
                    at += 1 + usize::from(tokens.get(at + 1).is_some_and(|t| is_punct(t, '!')));
                }
                TokenTree::Group(group) => self.read_group(group, module, tokens, at),
                TokenTree::Literal(literal) => self.read_literal(literal),
                TokenTree::Punct(_) => self.blank(token.span()),
                TokenTree::Ident(ident) => {
                    self.blank(token.span());
                    let next = self.read_ident(&ident.to_string(), tokens, at, module);
                    self.blank_all(&tokens[at..next]);
                    at = next;
                    continue;
                }
            }
            at += 1;
        }
    }

    /// Reads what begins with a word; returns where to go on, at least one token further.
    fn read_ident(
        &mut self,
        word: &str,
        tokens: &[TokenTree],
        at: usize,
        module: &[String],
    ) -> usize {
        let line = tokens[at].span().start().line;
        match (word, tokens.get(at + 1)) {
            ("use", Some(next)) if !is_punct(next, '<') => {
                return self.read_tree(tokens, at + 1, Vec::new(), true, module);
            }
            ("fn", Some(TokenTree::Ident(name))) => {
                if let Some(last) = last_line_of_body(&tokens[at..]) {
                    let name = name.to_string();
                    self.source.functions.push(Function {
                        name,
                        first: line,
                        last,
                    });
                }
            }
            _ if at > 0 && is_punct(&tokens[at - 1], '.') => self.read_call(word, tokens, at),
            _ if is_path_separator(tokens, at + 1) => {
                return self.read_tree(tokens, at, Vec::new(), false, module);
            }
            _ => {}
        }
        at + 1
    }

    fn read_call(&mut self, method: &str, tokens: &[TokenTree], at: usize) {
        let Some(TokenTree::Group(arguments)) = tokens.get(at + 1) else {
            return;
        };
        if arguments.delimiter() != Delimiter::Parenthesis {
            return;
        }
        let then = match tokens.get(at + 2..at + 4) {
            Some([dot, TokenTree::Ident(next)]) if is_punct(dot, '.') => Some(next.to_string()),
            _ => None,
        };
        let line = tokens[at].span().start().line;
        self.source.calls.push(Call {
            line,
            method: method.to_owned(),
            then,
        });
    }

    /// Reads a path or a tree of imports; returns the token after it.
    fn read_tree(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        mut segments: Vec<String>,
        import: bool,
        module: &[String],
    ) -> usize {
        let mut line = tokens.get(at).map_or(1, |t| t.span().start().line);
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(ident) => {
                    line = token.span().start().line;
                    segments.push(ident.to_string());
                    if !is_path_separator(tokens, at + 1) {
                        at += 1;
                        break;
                    }
                    at += 3;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    self.blank_delimiters(group);
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in inner.split(|t| is_punct(t, ',')).filter(|p| !p.is_empty()) {
                        self.read_tree(part, 0, segments.clone(), import, module);
                    }
                    self.blank_all(&inner);
                    return at + 1;
                }
                TokenTree::Punct(p) if p.as_char() == '*' => {
                    segments.push("*".to_owned());
                    at += 1;
                    break;
                }
                // The `::` of a path from outside (`::chrono::Utc`).
                TokenTree::Punct(p) if p.as_char() == ':' && segments.is_empty() => at += 1,
                _ => break,
            }
        }
        let alias = match tokens.get(at..at + 2) {
            Some([TokenTree::Ident(word), TokenTree::Ident(name)]) if import && word == "as" => {
                at += 2;
                Some(name.to_string())
            }
            _ => None,
        };
        self.add_path(line, segments, alias, import, module);
        at
    }

    fn add_path(
        &mut self,
        line: usize,
        mut segments: Vec<String>,
        alias: Option<String>,
        import: bool,
        module: &[String],
    ) {
        if segments.len() > 1 && segments.last().is_some_and(|l| l == "self") {
            segments.pop();
        }
        let binds = import
            .then(|| alias.or_else(|| segments.last().cloned()))
            .flatten();
        match segments.first().map(String::as_str) {
            Some("crate" | "obole" | "self" | "super") => segments = from_root(&segments, module),
            Some(_) => {}
            None => return,
        }
        self.source.paths.push(PathUse {
            line,
            segments,
            binds,
        });
    }

    fn read_group(&mut self, group: &Group, module: &[String], tokens: &[TokenTree], at: usize) {
        self.blank_delimiters(group);
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        if let [.., TokenTree::Ident(word), TokenTree::Ident(name)] = &tokens[..at]
            && word == "mod"
        {
            let mut module = module.to_vec();
            module.push(name.to_string());
            self.read(&inner, &module);
        } else {
            self.read(&inner, module);
        }
    }

    fn read_literal(&mut self, literal: &Literal) {
        self.blank(literal.span());
        let text = literal.to_string();
        if !text.starts_with(['"', 'r']) {
            return;
        }
        if let (Some(first), Some(last)) = (text.find('"'), text.rfind('"')) {
            let line = literal.span().start().line;
            let words = sql::words(&text[first + 1..last.max(first + 1)], line);
            if words.len() > 1 {
                self.source.statements.push(words);
            }
        }
    }

    /// The tokens of a doc comment are made up, and span its text.
    fn is_doc_comment(&self, span: Span) -> bool {
        let LineColumn { line, column } = span.start();
        let line = self.source.lines.get(line.wrapping_sub(1));
        line.is_some_and(|l| {
            let mut from = l.chars().skip(column);
            from.next() == Some('/') && matches!(from.next(), Some('/' | '*'))
        })
    }

    fn blank_delimiters(&mut self, group: &Group) {
        self.blank(group.span_open());
        self.blank(group.span_close());
    }

    fn blank_all(&mut self, tokens: &[TokenTree]) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.blank_delimiters(group),
                other => self.blank(other.span()),
            }
        }
    }

    fn blank(&mut self, span: Span) {
        let (start, end) = (span.start(), span.end());
        for number in start.line..=end.line {
            let Some(line) = self.comments.get_mut(number - 1) else {
                continue;
            };
            let from = if number == start.line {
                start.column
            } else {
                0
            };
            let to = if number == end.line {
                end.column
            } else {
                line.len()
            };
            let to = to.min(line.len());
            if let Some(part) = line.get_mut(from..to) {
                part.fill(' ');
            }
        }
    }
}

/// A path that begins with `crate`, `obole`, `self` or `super`, from the crate's root.
fn from_root(segments: &[String], module: &[String]) -> Vec<String> {
    let mut rooted = vec!["crate".to_owned()];
    let rest = match segments[0].as_str() {
        "crate" | "obole" => &segments[1..],
        _ => {
            let steps = segments
                .iter()
                .take_while(|s| *s == "self" || *s == "super")
                .count();
            let climbed = segments[..steps].iter().filter(|s| *s == "super").count();
            rooted.extend_from_slice(&module[..module.len().saturating_sub(climbed)]);
            &segments[steps..]
        }
    };
    rooted.extend_from_slice(rest);
    rooted
}

/// The last line of the function that tokens begin with; none where it has no body.
fn last_line_of_body(tokens: &[TokenTree]) -> Option<usize> {
    let end = tokens.iter().find(|t| match t {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(other, ';'),
    })?;
    match end {
        TokenTree::Group(body) => Some(body.span_close().end().line),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == mark)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at..at + 2), Some([a, b]) if is_punct(a, ':') && is_punct(b, ':'))
}
