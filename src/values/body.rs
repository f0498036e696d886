//! Kinds of bodies that receive donations: how receipts name them, and which of them the tax on
//! real estate knows.

/// The closed list of article 978 of the CGI (I, 1° to 9°): the code that an association's file may
/// give as its kind, and the words that its receipts print. Ordinary associations of general
/// interest and endowment funds are not on it.
const NAMED_BY_978: [(&str, &str); 11] = [
    (
        "research-or-higher-education",
        "établissement de recherche, d'enseignement supérieur ou d'enseignement artistique, \
         d'intérêt général, à but non lucratif",
    ),
    (
        "public-utility-foundation",
        "fondation reconnue d'utilité publique",
    ),
    ("insertion-enterprise", "entreprise d'insertion"),
    (
        "insertion-temporary-work-enterprise",
        "entreprise de travail temporaire d'insertion",
    ),
    ("intermediary-association", "association intermédiaire"),
    ("insertion-workshop", "atelier et chantier d'insertion"),
    ("adapted-enterprise", "entreprise adaptée"),
    (
        "insertion-employers-group",
        "groupement d'employeurs pour l'insertion et la qualification",
    ),
    (
        "national-research-agency",
        "Agence nationale de la recherche",
    ),
    (
        "university-foundation",
        "fondation universitaire ou fondation partenariale",
    ),
    (
        "enterprise-support-association",
        "association reconnue d'utilité publique de financement et d'accompagnement de la création \
         et de la reprise d'entreprises",
    ),
];

/// The words by which receipts name a kind of body: a code's own, or the kind as it was given.
#[must_use]
pub fn body_in_words(kind: &str) -> &str {
    if kind == "general-interest" {
        return "œuvre ou organisme d'intérêt général";
    }
    let named = NAMED_BY_978.iter().find(|(code, _)| *code == kind);
    named.map_or(kind, |(_, words)| words)
}

/// Whether a kind of body is on the closed list of CGI 978, by its code or in the list's words.
#[must_use]
pub fn is_named_by_978(kind: &str) -> bool {
    let kind = kind.trim().to_lowercase();
    NAMED_BY_978
        .iter()
        .any(|(code, words)| *code == kind || words.to_lowercase() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bodies_of_the_closed_list_are_named_by_978() {
        for named in [
            "public-utility-foundation",
            "Fondation reconnue d'utilité publique",
            "national-research-agency",
            "insertion-workshop",
        ] {
            assert!(is_named_by_978(named), "{named}");
        }
        for other in ["general-interest", "fonds de dotation", "association", ""] {
            assert!(!is_named_by_978(other), "{other}");
        }
        assert_eq!(body_in_words("fonds de dotation"), "fonds de dotation");
        assert_eq!(
            body_in_words("public-utility-foundation"),
            "fondation reconnue d'utilité publique"
        );
    }
}
