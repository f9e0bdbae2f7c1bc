//! `*bold*`, `_italic_`, `~struck~` and `` `code` `` in what people write, shown as WhatsApp shows them: the signs go, and
//! what stands between two of them stands out. A sign counts where it touches a word on the inner side and none on the
//! outer, and both are on one line; within code none does. What is copied, found or sent keeps its signs.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::domain::link_places;

/// How a part of a text stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Emphasis {
    /// `*bold*`.
    pub bold: bool,
    /// `_italic_`.
    pub italic: bool,
    /// `~struck~`.
    pub struck: bool,
    /// `` `code` ``.
    pub code: bool,
    /// It mentions us.
    pub mention: bool,
    /// A link, in which no sign counts.
    pub link: bool,
}

impl Emphasis {
    /// With what a sign means.
    fn with(self, sign: char) -> Self {
        match sign {
            '*' => Self { bold: true, ..self },
            '_' => Self { italic: true, ..self },
            '~' => Self { struck: true, ..self },
            _ => Self { code: true, ..self },
        }
    }

    /// Whether it stands out at all.
    pub fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// A text without its signs, and the parts of it that stand out: in order, without overlaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup {
    /// The text.
    pub text: String,
    /// What stands out in it, and how.
    pub spans: Vec<(Range<usize>, Emphasis)>,
}

impl Markup {
    /// Takes a text apart.
    pub fn new(text: &str) -> Self {
        let mut markup = Self { text: String::with_capacity(text.len()), spans: Vec::new() };
        for (n, line) in text.split('\n').enumerate() {
            if n > 0 {
                markup.text.push('\n');
            }
            markup.line((line, &link_places(line)), 0..line.len(), Emphasis::default());
        }
        markup
    }

    /// Takes a part of a line, in which this counts already.
    fn line(&mut self, (line, links): (&str, &[Range<usize>]), part: Range<usize>, emphasis: Emphasis) {
        // A sign that has no end from somewhere on has none from further on: each is looked for once.
        let mut without_end = [false; 4];
        let (mut at, mut plain) = (part.start, part.start);
        while at < part.end {
            if let Some(link) = links.iter().find(|link| link.start == at && link.end <= part.end) {
                self.push(&line[plain..at], emphasis);
                self.push(&line[link.clone()], Emphasis { link: true, ..emphasis });
                (at, plain) = (link.end, link.end);
                continue;
            }
            let sign = char_at(line, at);
            let next = at + sign.len_utf8();
            let kind = ['*', '_', '~', '`'].iter().position(|&known| known == sign);
            let Some(kind) = kind.filter(|&kind| !without_end[kind] && opens(line, at, part.end)) else {
                at = next;
                continue;
            };
            match (next..part.end).find(|&end| {
                let is_free = sign == '`' || !links.iter().any(|link| link.contains(&end));
                is_free && line.is_char_boundary(end) && closes(line, next, end, sign)
            }) {
                None => {
                    without_end[kind] = true;
                    at = next;
                }
                Some(end) => {
                    self.push(&line[plain..at], emphasis);
                    let inner = emphasis.with(sign);
                    match sign {
                        '`' => self.push(&line[next..end], inner),
                        _ => self.line((line, links), next..end, inner),
                    }
                    at = end + sign.len_utf8();
                    plain = at;
                }
            }
        }
        self.push(&line[plain..part.end], emphasis);
    }

    fn push(&mut self, text: &str, emphasis: Emphasis) {
        let start = self.text.len();
        self.text.push_str(text);
        if emphasis.is_any() && !text.is_empty() {
            self.spans.push((start..self.text.len(), emphasis));
        }
    }
}

fn char_at(line: &str, at: usize) -> char {
    line[at..].chars().next().unwrap_or(' ')
}

/// Whether a character makes a word with what is beside it; those of two cells are of scripts without spaces.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() && c.width() == Some(1)
}

/// Whether a sign may begin something: no word before it, one behind it.
fn opens(line: &str, at: usize, end: usize) -> bool {
    let before = line[..at].chars().next_back();
    let sign = char_at(line, at);
    let after = line[at + sign.len_utf8()..end].chars().next();
    !before.is_some_and(is_of_word) && after.is_some_and(|c| !c.is_whitespace() && c != sign)
}

/// Whether what began after `start` ends with this sign here.
fn closes(line: &str, start: usize, at: usize, sign: char) -> bool {
    let rest = &line[at..];
    let after = rest.strip_prefix(sign).map(|after| after.chars().next());
    let before = line[start..at].chars().next_back();
    after.is_some_and(|after| !after.is_some_and(|c| is_of_word(c) || c == sign))
        && before.is_some_and(|c| !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts of a text, with what each is.
    fn shown(text: &str) -> String {
        let Markup { text, spans } = Markup::new(text);
        let (mut out, mut from) = (String::new(), 0);
        for (Range { start, end }, emphasis) in spans {
            let Emphasis { bold, italic, struck, code, link, .. } = emphasis;
            let signs = [(bold, "B"), (italic, "I"), (struck, "S"), (code, "C"), (link, "L")];
            let signs: String = signs.iter().filter(|(on, _)| *on).map(|(_, sign)| *sign).collect();
            out += &format!("{}<{signs} {}>", &text[from..start], &text[start..end]);
            from = end;
        }
        out + &text[from..]
    }

    #[test]
    fn signs_around_words_count_and_others_do_not() {
        for (text, expected) in [
            ("it is *back* now", "it is <B back> now"),
            ("*a* _b_ ~c~ `d`", "<B a> <I b> <S c> <C d>"),
            ("*bold _and italic_ too*", "<B bold ><BI and italic><B  too>"),
            ("(*really*)!", "(<B really>)!"),
            ("`a *b* c`", "<C a *b* c>"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("snake_case_name", "snake_case_name"),
            ("a*b*c", "a*b*c"),
            ("*no end", "*no end"),
            ("* no* *no *", "* no* *no *"),
            ("*two\nlines*", "*two\nlines*"),
            ("**", "**"),
            ("~/bin and ~/etc", "~/bin and ~/etc"),
            ("*水泵*坏了 *é*", "<B 水泵>坏了 <B é>"),
            ("_*both*_", "<BI both>"),
            ("see https://a.org/_x_/*y*~z~ *now*", "see <L https://a.org/_x_/*y*~z~> <B now>"),
            ("*at http://a.org now*", "<B at ><BL http://a.org><B  now>"),
            ("`http://a.org`", "<C http://a.org>"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_signs_goes(text in "[a*_~` \n水é]{0,60}") {
            let markup = Markup::new(&text);
            let bare = |text: &str| text.chars().filter(|c| !"*_~`".contains(*c)).collect::<String>();
            prop_assert_eq!(bare(&markup.text), bare(&text));
            let mut from = 0;
            for (Range { start, end }, emphasis) in markup.spans {
                prop_assert!(from <= start && start < end && emphasis.is_any());
                prop_assert!(markup.text.get(start..end).is_some());
                from = end;
            }
        }
    }
}
