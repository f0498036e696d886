//! The catalogues: reading them once, and writing the text of a key with its arguments.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::number;
use crate::values::Locale;

/// The files of a catalogue: names and contents.
macro_rules! catalogue {
    ($locale:literal) => {
        [
            ("date", include_str!(concat!($locale, "/date.ftl"))),
            ("reason", include_str!(concat!($locale, "/reason.ftl"))),
            ("country", include_str!(concat!($locale, "/country.ftl"))),
            ("page", include_str!(concat!($locale, "/page.ftl"))),
            ("public", include_str!(concat!($locale, "/public.ftl"))),
            ("donor", include_str!(concat!($locale, "/donor.ftl"))),
            ("mail", include_str!(concat!($locale, "/mail.ftl"))),
            ("demo", include_str!(concat!($locale, "/demo.ftl"))),
            ("problem", include_str!(concat!($locale, "/problem.ftl"))),
        ]
    };
}

/// The source of a language's catalogue: the name and content of each file.
#[must_use]
pub fn sources(locale: Locale) -> [(&'static str, &'static str); 9] {
    match locale {
        Locale::Fr => catalogue!("fr"),
        Locale::En => catalogue!("en"),
    }
}

type Catalogue = FluentBundle<FluentResource>;

fn catalogue(locale: Locale) -> &'static Catalogue {
    static FR: LazyLock<Catalogue> = LazyLock::new(|| parse(Locale::Fr));
    static EN: LazyLock<Catalogue> = LazyLock::new(|| parse(Locale::En));
    match locale {
        Locale::Fr => &FR,
        Locale::En => &EN,
    }
}

fn parse(locale: Locale) -> Catalogue {
    let language = locale.as_str().parse();
    let mut catalogue = FluentBundle::new_concurrent(language.into_iter().collect());
    // Isolation marks around arguments would end up in mails and documents; both languages are
    // written left to right.
    catalogue.set_use_isolating(false);
    catalogue.set_formatter(Some(match locale {
        Locale::Fr => number::french_number,
        Locale::En => number::english_number,
    }));
    for (file, source) in sources(locale) {
        let resource =
            FluentResource::try_new(source.to_owned()).unwrap_or_else(|(parsed, errors)| {
                report(locale, file, &errors);
                parsed
            });
        if let Err(errors) = catalogue.add_resource(resource) {
            report(locale, file, &errors);
        }
    }
    catalogue
}

/// The text of a key.
#[must_use]
pub fn text(locale: Locale, key: &str) -> Cow<'static, str> {
    render(locale, key, None)
}

/// The text of a key, with its arguments filled in. A number written by a text has its thousands
/// separated; a year is therefore passed as a string.
#[must_use]
pub fn text_with<'a>(
    locale: Locale,
    key: &str,
    arguments: &[(&'a str, FluentValue<'a>)],
) -> Cow<'static, str> {
    let arguments = arguments
        .iter()
        .map(|(name, value)| (*name, value.clone()))
        .collect();
    render(locale, key, Some(&arguments))
}

fn render(locale: Locale, key: &str, arguments: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
    let catalogue = catalogue(locale);
    let Some(pattern) = catalogue.get_message(key).and_then(|m| m.value()) else {
        report(locale, key, &["there is no such key"]);
        return Cow::Owned(key.to_owned());
    };
    let mut errors = Vec::new();
    let text = catalogue.format_pattern(pattern, arguments, &mut errors);
    if !errors.is_empty() {
        report(locale, key, &errors);
    }
    text
}

/// A wrong key or argument is a mistake of ours: it stops a test, while in production a page with a
/// hole is better than none.
fn report(locale: Locale, key: &str, errors: &[impl std::fmt::Debug]) {
    tracing::error!(%locale, key, ?errors, "a text is wrong");
    debug_assert!(errors.is_empty(), "{locale} {key}: {errors:?}");
}
