//! Links in what people write: where they stand, and where they really lead.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use url::Url;

/// Most links of one text.
const MOST: usize = 32;
/// Longest link, as it is written and as it is opened.
const LONGEST: (usize, usize) = (2_048, 6_144);
/// What may be opened; everything else is text.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];
const MAILTO: &str = "mailto:";

/// A link as it is opened: letters, digits and signs of ASCII alone. The name of a host in other letters stands
/// there as `xn--…`, so that none passes for another that looks like it; whatever else is not ASCII, or turns text
/// around, stands there as `%…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(Url);

impl Link {
    /// Reads a link of a kind that may be opened.
    fn new(written: &str) -> Option<Self> {
        if written.len() > LONGEST.0 {
            return None;
        }
        let url = Url::parse(written).ok()?;
        let is_fit = SCHEMES.contains(&url.scheme())
            && url.as_str().len() <= LONGEST.1
            && url.as_str().bytes().all(|byte| byte.is_ascii_graphic())
            && (url.scheme() == "mailto" || url.host_str().is_some());
        is_fit.then_some(Self(url))
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where it leads, in words: what stands before the host may look like one.
    pub fn leads_to(&self) -> String {
        match self.0.host_str() {
            Some(host) if host.split('.').any(|part| part.starts_with("xn--")) => {
                format!("{host} (its name is not written in a to z alone)")
            }
            Some(host) => host.to_owned(),
            None => self.0.path().to_owned(),
        }
    }
}

/// Where links stand in a text, in order.
pub fn link_places(text: &str) -> Vec<Range<usize>> {
    // Nearly every text has none, and each is looked at whenever it is shown.
    if !text.contains(':') {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(true);
    let found = finder.links(text).filter_map(|found| {
        let (mut start, end) = (found.start(), found.end());
        if *found.kind() == LinkKind::Email && text[..start].ends_with(MAILTO) {
            start -= MAILTO.len();
        }
        Link::new(&text[start..end]).map(|_| start..end)
    });
    found.take(MOST).collect()
}

/// The links of a text, each once, in order.
pub fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for link in link_places(text).into_iter().filter_map(|place| Link::new(&text[place])) {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        links(text).iter().map(|link| link.as_str().to_owned()).collect()
    }

    #[test]
    fn links_are_found_in_what_people_write() {
        for (text, expected) in [
            ("see https://lan/pump?id=3#top, please.", &["https://lan/pump?id=3#top"][..]),
            ("(http://a.org/x_(y)) and HTTP://A.org/x", &["http://a.org/x_(y)", "http://a.org/x"]),
            ("https://a.org https://a.org/", &["https://a.org/"]),
            ("mailto:bob@a.org bob@a.org", &["mailto:bob@a.org"]),
            ("no link: a.org, http://, https:///, 12:30", &[]),
            ("javascript:alert(1) file:///etc/passwd ftp://a.org ssh://a.org data:text/html,x", &[]),
            ("x-scheme://a.org vscode://a steam://run/1 JAVASCRIPT://a.org/%0aalert(1)", &[]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        let long = format!("https://a.org/{}", "x".repeat(LONGEST.0));
        assert_eq!(found(&long), [""; 0]);
        let many = (0..100).map(|n| format!("https://a.org/{n} ")).collect::<String>();
        assert_eq!(found(&many).len(), MOST);
    }

    #[test]
    fn where_a_link_leads_is_told_whatever_it_looks_like() {
        for (text, url, host) in [
            // A letter of another script, and a text that is turned around.
            ("https://g\u{043e}\u{043e}gle.com/", "https://xn--ggle-55da.com/", "xn--ggle-55da.com ("),
            ("https://a.org/\u{202e}gpj.exe", "https://a.org/%E2%80%AEgpj.exe", "a.org"),
            ("https://a.org/水", "https://a.org/%E6%B0%B4", "a.org"),
            ("https://bank.com@evil.com/", "https://bank.com@evil.com/", "evil.com"),
            ("HTTPS://A.org:443", "https://a.org/", "a.org"),
            ("https://a.org\\@evil.com/", "https://a.org/", "a.org"),
        ] {
            let all = links(text);
            assert_eq!(all.iter().map(Link::as_str).collect::<Vec<_>>(), [url], "{text}");
            assert!(all[0].leads_to().starts_with(host), "{}", all[0].leads_to());
        }
    }

    proptest! {
        #[test]
        fn what_is_opened_is_no_option_and_has_no_blanks(text in "(https?://|mailto:|[a.@/ :\\\\-]|\\PC){0,40}") {
            let mut from = 0;
            for place in link_places(&text) {
                prop_assert!(from <= place.start && place.start < place.end);
                prop_assert!(text.get(place.clone()).is_some());
                from = place.end;
            }
            for link in links(&text) {
                prop_assert!(SCHEMES.iter().any(|scheme| link.as_str().starts_with(scheme)));
                prop_assert!(link.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
