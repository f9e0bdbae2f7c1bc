//! Texts that are known to break screens, for the tests and the benchmarks.

/// What each is, and the text.
pub fn texts() -> Vec<(&'static str, String)> {
    let zalgo: String = "zalgo".chars().flat_map(|c| [c].into_iter().chain(['\u{315}'; 400])).collect();
    let marks = format!("a{}", "\u{301}".repeat(8_000));
    vec![
        (
            "escape sequences",
            "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m red \u{1b}P q \u{1b}\\ end".to_owned(),
        ),
        (
            "bidi",
            "a \u{202e}evil\u{202c} \u{2066}x\u{2069} \u{200f}שלום עולם مرحبا بالعالم 123".to_owned(),
        ),
        ("zalgo", zalgo),
        ("thousands of marks", marks),
        ("16 KiB without a space", "x".repeat(16 * 1024)),
        ("wide without a space", "水".repeat(5_000)),
        ("zero width", format!("a{}b", "\u{200b}\u{200d}\u{2060}\u{fe0f}".repeat(500))),
        ("tabs and lines", "\t\t\ta\n\n\n\r\nb\u{b}\u{c}\u{85}\u{2028}c".repeat(300)),
        ("flags and joiners", "🇦🇺🇦🇺🇦👩‍👩‍👧‍👦👩🏽‍🚀❤️‍🔥🏴󠁧󠁢󠁳󠁣󠁴󠁿 ☝🏿1️⃣#️⃣".repeat(40)),
        ("markup", "*_~`".repeat(4_000)),
        ("markup that nests", "*a _b ~c `d` c~ b_ a* ".repeat(700)),
        ("other scripts", "ปั๊มน้ำเสีย पंप वापस आ गया ꦥꦺꦴꦩ꧀ꦥ ⴰⵎⵓⵔ 한국어 ﷽ 𒐫".repeat(20)),
        (
            "specials",
            "\u{fffd}\u{fff9}\u{fffa}\u{e0001}\u{e0020}\u{feff}\u{ad}\u{34f}\u{115f}\u{3164}x"
                .repeat(50),
        ),
    ]
}
