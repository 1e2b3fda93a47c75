//! Sentences that Whisper writes where nobody spoke: it learnt from subtitled films.

/// Nobody says these to an agent. Compared without case and punctuation.
const FILMS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "bye bye thanks for watching",
            "like and subscribe",
            "please subscribe to my channel",
            "please subscribe",
            "see you in the next video",
            "subtitles by the amaraorg community",
            "thank you for watching",
            "thank you so much for watching",
            "thanks for watching",
            "transcription by castingwords",
        ],
    ),
    (
        "es",
        &[
            "gracias por ver el vídeo",
            "gracias por ver el video",
            "no olvides suscribirte",
            "nos vemos en el próximo vídeo",
            "nos vemos en el próximo video",
            "subtítulos por la comunidad de amaraorg",
            "subtítulos realizados por la comunidad de amaraorg",
            "suscríbete al canal",
            "suscríbete",
        ],
    ),
    (
        "de",
        &[
            "untertitel der amaraorgcommunity",
            "untertitel im auftrag des zdf",
            "untertitel im auftrag des zdf für funk 2017",
            "untertitelung aufgrund der amaraorgcommunity",
            "vielen dank fürs zuschauen",
        ],
    ),
    (
        "fr",
        &[
            "merci davoir regardé cette vidéo",
            "sous titres réalisés par la communauté damaraorg",
            "soustitrage société radiocanada",
            "soustitres réalisés par la communauté damaraorg",
        ],
    ),
    (
        "it",
        &[
            "grazie per aver guardato il video",
            "sottotitoli creati dalla comunità amaraorg",
            "sottotitoli e revisione a cura di qtss",
        ],
    ),
    (
        "pt",
        &[
            "legendas pela comunidade amaraorg",
            "obrigado por assistir",
            "obrigada por assistir",
        ],
    ),
];

/// Callers say these too; with a doubtful segment, they did not.
const DOUBTFUL: &[(&str, &[&str])] = &[
    ("en", &["bye", "bye bye", "okay", "so", "thank you", "you"]),
    ("es", &["adiós", "gracias", "muchas gracias"]),
    ("de", &["tschüss", "vielen dank"]),
    ("fr", &["merci"]),
    ("it", &["grazie"]),
    ("pt", &["obrigado", "tchau"]),
];

/// Whether nobody can have said this. English ones turn up whatever the language.
pub(super) fn is_from_a_film(text: &str, language: &str) -> bool {
    is_among(FILMS, &bare(text), language)
}

/// Whether nobody said this if the server doubts that anybody spoke.
pub(super) fn is_doubtful(text: &str, language: &str) -> bool {
    is_among(DOUBTFUL, &bare(text), language)
}

fn is_among(lists: &[(&str, &[&str])], text: &str, language: &str) -> bool {
    lists
        .iter()
        .filter(|(of, _)| *of == language || *of == "en")
        .any(|(_, list)| list.contains(&text))
}

fn bare(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || c.is_whitespace())
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitles_of_films_are_known_in_each_language() {
        for (text, language) in [
            ("Thanks for watching!", "en"),
            ("Subtitles by the Amara.org community", "es"),
            ("Subtítulos realizados por la comunidad de Amara.org", "es"),
            ("Untertitel der Amara.org-Community", "de"),
            (" Sous-titres réalisés par la communauté d'Amara.org ", "fr"),
        ] {
            assert!(is_from_a_film(text, language), "{text}");
        }
        for text in [
            "Thank you.",
            "I was watching a film, thanks for watching my bag.",
            "",
        ] {
            assert!(!is_from_a_film(text, "en"), "{text}");
        }
        assert!(!is_from_a_film("Vielen Dank fürs Zuschauen", "en"));
    }

    #[test]
    fn every_entry_is_written_as_it_is_compared() {
        for (_, list) in FILMS.iter().chain(DOUBTFUL) {
            for entry in *list {
                assert_eq!(*entry, bare(entry));
            }
        }
    }

    #[test]
    fn thanks_are_doubtful() {
        assert!(is_doubtful("Gracias.", "es"));
        assert!(is_doubtful("Thank you!", "es"));
        assert!(!is_doubtful("Thank you, that is all.", "en"));
    }
}
