//! Files on the screen, and what a person does with them, from key to effect.

use std::collections::BTreeMap;
use std::path::Path;

use cooee::domain::*;
use cooee::engine::{Command, FileState, FileView, Stored, Ticket, Update};
use cooee::tui::app::{
    Ability, Effect, Event, Glyphs, Graphic, Graphics, Looks, Pasted, PastedFile, PictureMode, Plate,
    Protocol, Setup,
};
use insta::assert_snapshot;

use crate::support::desk::*;

fn attachment(name: &str, size: u64) -> Attachment {
    let key = FileKey::from([1; 32]);
    Attachment { name: FileName::new(name), size, hash: ContentHash::from_bytes([2; 32]), key }
}

/// A message that carries a file.
pub fn carrying(
    to: &ConversationId,
    sender: &str,
    at: i64,
    text: &str,
    name: &str,
    size: u64,
) -> Message {
    Message { file: Some(attachment(name, size)), ..message(to, sender, at, text) }
}

pub fn became(desk: &mut Desk, message: &Message, state: FileState) {
    let conversation = message.conversation.clone();
    desk.update(Update::File(FileView { message: message.id, conversation, state }));
}

fn takers(have: &[(&str, u64)]) -> FileState {
    let takers: BTreeMap<_, _> = have.iter().map(|(name, have)| (user(name), *have)).collect();
    FileState::Shared { takers }
}

/// A chat with a file of bob's, and below it one of ours.
fn chat(setup: Setup, size: (u16, u16)) -> (Desk, Message, Message) {
    let mut desk = Desk::signed_in(setup, size);
    desk.people();
    let bob = direct("bob");
    let theirs = carrying(&bob, "bob", NOW, "the plan.pdf", "the plan.pdf", 1_234_567);
    let ours = carrying(&bob, "alice", NOW + MINUTE, "see what I mean?", "photo.png", 2_500_000);
    let ours = Message { delivery: Some(Delivery::Read), ..ours };
    desk.open("bob", &[theirs.clone(), ours.clone()]);
    desk.commands();
    (desk, theirs, ours)
}

#[test]
fn a_file_tells_what_it_is_and_how_far_it_has_come() {
    let (mut desk, theirs, ours) = chat(plain(), (80, 24));
    became(&mut desk, &ours, takers(&[]));
    assert_snapshot!(desk.screen());
    became(&mut desk, &theirs, FileState::Fetching { have: 617_283 });
    became(&mut desk, &ours, takers(&[("bob", 850_000)]));
    assert_snapshot!(desk.screen());
    let path = "/home/alice/Downloads/the plan.pdf".to_owned();
    became(&mut desk, &theirs, FileState::Saved { path });
    became(&mut desk, &ours, takers(&[("bob", 2_500_000)]));
    assert_snapshot!(desk.screen());
}

#[test]
fn a_narrow_screen_without_colours_or_signs_tells_it_too() {
    let setup = Setup { glyphs: Glyphs::Ascii, looks: Looks::named("none"), ..plain() };
    let (mut desk, theirs, ours) = chat(setup, (40, 12));
    became(&mut desk, &theirs, FileState::Fetching { have: 617_283 });
    became(&mut desk, &ours, takers(&[("bob", 850_000)]));
    assert_snapshot!(desk.screen());
    let why = "what came is not what was offered (its SHA-256 is another): it was thrown away, and nothing was saved";
    became(&mut desk, &theirs, FileState::Failed { why: why.to_owned() });
    became(&mut desk, &ours, FileState::NotKept);
    assert_snapshot!(desk.screen());
}

#[test]
fn all_about_a_file_tells_what_to_compare_it_by() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    desk.keys(&["f6", "k", "i"]);
    assert!(desk.shows("File: the plan.pdf, document, 1.2 MB"));
    assert!(desk.shows("SHA-256") && desk.shows("0202020202020202"));
}

#[test]
fn a_file_whose_sender_is_away_waits_for_them() {
    let mut desk = Desk::among_people((120, 24));
    let carol = direct("carol");
    let theirs = carrying(&carol, "carol", NOW, "a.zip", "a.zip", 1_000);
    desk.open("carol", std::slice::from_ref(&theirs));
    became(&mut desk, &theirs, FileState::Fetching { have: 0 });
    assert!(desk.shows("0 %, 0 B, waits for Carol Müller"));
    became(&mut desk, &theirs, FileState::Unanswered { have: 0 });
    assert!(desk.shows("0 %, 0 B, Carol Müller does not answer"));
    became(&mut desk, &theirs, FileState::Paused { have: 500, why: None });
    assert!(desk.shows("[archive, 1 kB] rests at █████░░░░░ 50 %, 500 B"));
    let why = Some("carol does not answer; /save asks again".to_owned());
    became(&mut desk, &theirs, FileState::Paused { have: 500, why });
    assert!(desk.shows("50 %, 500 B: carol does not answer; /save asks"), "{}", desk.screen());
    became(&mut desk, &theirs, FileState::Checking);
    assert!(desk.shows("[archive, 1 kB] all of it came; being checked"));
    became(&mut desk, &theirs, FileState::Saving);
    assert!(desk.shows("[archive, 1 kB] here; being saved"));
    became(&mut desk, &theirs, FileState::Offered);
    assert!(desk.shows("[archive, 1 kB] not fetched; /save does"));
}

fn sent(desk: &mut Desk) -> Option<(ConversationId, String, Ticket)> {
    desk.commands().into_iter().find_map(|command| match command {
        Command::SendFile { to, path, ticket, .. } => Some((to, path.display().to_string(), ticket)),
        _ => None,
    })
}

#[test]
fn a_file_is_sent_by_its_path_and_the_path_comes_back_where_it_is_wrong() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    desk.write("/send ~/the plan.pdf");
    desk.keys(&["enter"]);
    let (to, path, ticket) = sent(&mut desk).expect("it is sent");
    assert_eq!((to, path.as_str()), (direct("bob"), "~/the plan.pdf"));
    assert!(desk.shows("sealing the file"));
    let why = "cannot read /home/alice/the plan.pdf: No such file or directory".to_owned();
    desk.update(Update::Refused { ticket, why });
    assert!(desk.shows("not sent: cannot read /home/alice/the plan.pdf"));
    assert!(desk.shows("› /send ~/the plan.pdf"));
    // Nothing is encrypted in an open room.
    desk.update(Update::Rooms(vec!["lobby".parse().unwrap()]));
    desk.open("lobby", &[]);
    desk.write("/send x");
    desk.keys(&["enter"]);
    assert_eq!(sent(&mut desk), None);
    assert!(desk.shows("nothing is encrypted in an open room"));
}

fn pasted(path: &str) -> Event {
    let text = format!("'{path}'");
    let name = Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
    let pasted = Pasted { text, ..Pasted::default() };
    Event::PasteFile(PastedFile { path: path.to_owned(), name, size: 1_234_567, pasted })
}

#[test]
fn a_pasted_path_asks_whether_the_file_is_to_be_sent() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    desk.event(pasted("/home/alice/the plan.pdf"));
    assert_snapshot!(desk.screen());
    desk.keys(&["y"]);
    let sent_as_it_is = |effect: Effect| match effect {
        Effect::Send(Command::SendFile { path, .. }) => Some(path),
        _ => None,
    };
    let path = desk.effects().into_iter().find_map(sent_as_it_is).expect("it is sent");
    assert_eq!(path, Path::new("/home/alice/the plan.pdf"), "and not read once more");
    // Who pastes a path to say it presses Enter without reading.
    for key in ["n", "enter", "ctrl-m"] {
        desk.keys(&["ctrl-u"]);
        desk.event(pasted("/home/alice/the plan.pdf"));
        desk.keys(&[key]);
        assert_eq!(sent(&mut desk), None, "{key}");
        assert!(desk.shows("› '/home/alice/the plan.pdf'"), "it is text");
    }
    desk.event(pasted("/x"));
    assert!(desk.shows("› '/home/alice/the plan.pdf''/x'"), "within a text nobody is asked");
}

/// What was asked about files since.
fn asked(desk: &mut Desk) -> Vec<(MessageId, Option<Option<String>>)> {
    let asked = |command| match command {
        Command::FetchFile { message, target, .. } => Some((message, Some(target))),
        Command::StopFile { message, forget, .. } => Some((message, forget.then_some(None))),
        _ => None,
    };
    desk.commands().into_iter().filter_map(asked).collect()
}

#[test]
fn a_file_is_saved_where_a_person_says() {
    let (mut desk, theirs, ours) = chat(plain(), (80, 24));
    desk.write("/save");
    desk.keys(&["enter"]);
    assert_eq!(asked(&mut desk), [(theirs.id, Some(None))]);
    desk.write("/save /tmp/b.pdf");
    desk.keys(&["enter"]);
    assert_eq!(asked(&mut desk), [(theirs.id, Some(Some("/tmp/b.pdf".to_owned())))]);
    desk.keys(&["f6", "w"]);
    assert_eq!(asked(&mut desk), [(ours.id, Some(None))]);
    desk.keys(&["esc"]);
    desk.write("a draft");
    desk.keys(&["f6", "k"]);
    assert_snapshot!(desk.screen());
    desk.keys(&["shift-w"]);
    assert!(desk.shows("› ~/the plan.pdf") && desk.shows("saving as: the plan.pdf"));
    assert!(desk.shows("Enter save ·") && !desk.shows("Enter send"), "{}", desk.screen());
    desk.keys(&["ctrl-u"]);
    desk.write("/tmp/");
    desk.keys(&["enter"]);
    assert_eq!(asked(&mut desk), [(theirs.id, Some(Some("/tmp/".to_owned())))], "it is no command");
    assert!(desk.shows("› a draft"), "what was being written comes back");
    let gone =
        Update::FileSaved { message: theirs.id, outcome: Err("`the plan.pdf` is not saved: no".into()) };
    desk.update(gone.clone());
    assert!(desk.shows("error: `the plan.pdf` is not saved: no"), "{}", desk.screen());
    assert!(desk.shows("› /tmp/") && desk.shows("saving as"), "to be mended: {}", desk.screen());
    desk.keys(&["esc", "esc"]);
    assert!(desk.shows("› a draft"), "and that is here as it was");
    desk.update(gone.clone());
    assert!(!desk.shows("saving as"), "once");
    // Whoever has gone on writing is left alone.
    desk.keys(&["f6", "k", "shift-w", "enter"]);
    desk.write("!");
    desk.update(gone);
    assert!(desk.shows("› a draft!") && !desk.shows("saving as"), "{}", desk.screen());
    desk.effects();
    became(&mut desk, &theirs, FileState::Fetching { have: 5 });
    desk.keys(&["f6", "k", "x"]);
    assert_eq!(asked(&mut desk), [(theirs.id, None)]);
    became(&mut desk, &theirs, FileState::Paused { have: 5, why: None });
    desk.keys(&["x"]);
    assert_eq!(asked(&mut desk), [(theirs.id, Some(None))], "what rests is thrown away");
}

#[test]
fn a_question_names_every_key_that_means_yes() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    desk.keys(&["f6", "d"]);
    assert!(desk.shows(" Enter: yes, any other key: no."), "{}", desk.screen());
    desk.keys(&["enter"]);
    assert!(desk.commands().iter().any(|command| matches!(command, Command::Hide(_))));
}

#[test]
fn a_file_is_passed_on_and_not_to_an_open_room() {
    let (mut desk, theirs, _) = chat(plain(), (80, 24));
    desk.update(Update::Rooms(vec!["lobby".parse().unwrap()]));
    desk.keys(&["f6", "k", "f"]);
    desk.write("lobby");
    assert!(desk.shows("nobody and nothing matches"));
    desk.keys(&["ctrl-u"]);
    desk.write("carol");
    desk.keys(&["enter"]);
    let passed_on = desk.commands().into_iter().find_map(|command| match command {
        Command::ForwardFile { message, to, .. } => Some((message, to)),
        _ => None,
    });
    assert_eq!(passed_on, Some((theirs.id, direct("carol"))));
}

/// Which message a picture was asked for, and in how many pixels.
fn shown(desk: &mut Desk) -> Option<(MessageId, (u16, u16), Ticket)> {
    desk.commands().into_iter().find_map(|command| match command {
        Command::ShowPicture { message, width, height, ticket } => {
            Some((message, (width, height), ticket))
        }
        _ => None,
    })
}

/// The picture that is to be made into what the terminal takes.
fn engraved(desk: &mut Desk) -> Option<Box<Plate>> {
    desk.effects().into_iter().find_map(|effect| match effect {
        Effect::Engrave(plate) => Some(plate),
        _ => None,
    })
}

/// A disc that is bright in its middle.
pub fn disc(width: u16, height: u16) -> Picture {
    let pixel = |n: i32| {
        let (x, y) = (n % i32::from(width), n / i32::from(width));
        let (dx, dy) = (2 * x - i32::from(width) + 1, 2 * y - i32::from(height) + 1);
        let far = (dx * dx + dy * dy) * 255 / i32::from(height).pow(2);
        [u8::try_from(255 - far.min(255)).unwrap(), 40, 60]
    };
    Picture::new(width, (0..i32::from(width) * i32::from(height)).map(pixel).collect())
}

#[test]
fn a_picture_is_shown_in_cells_or_in_signs() {
    let ascii = Setup { glyphs: Glyphs::Ascii, looks: Looks::named("none"), ..plain() };
    for (setup, size, room) in [(plain(), (80, 24), (76, 40)), (ascii, (40, 12), (36, 16))] {
        let (mut desk, _, ours) = chat(setup, size);
        desk.keys(&["f6", "v"]);
        let (message, asked, ticket) = shown(&mut desk).expect("it is asked for");
        assert_eq!((message, asked), (ours.id, room));
        assert!(desk.shows("opening it"));
        desk.update(Update::Agreed { ticket });
        assert!(desk.shows("being fetched"));
        became(&mut desk, &ours, FileState::Here);
        let (message, _, ticket) = shown(&mut desk).expect("it is here now");
        assert_eq!(message, ours.id);
        desk.update(Update::Picture { ticket, message, picture: disc(room.1, room.1) });
        assert_snapshot!(desk.screen());
        // Another size is asked for anew.
        desk.event(Event::Resize { width: 100, height: 30 });
        assert_eq!(shown(&mut desk).map(|(_, room, _)| room), Some((96, 52)));
        desk.keys(&["esc"]);
        assert!(!desk.shows("photo.png ─"));
    }
}

#[test]
fn a_picture_that_the_terminal_shows_is_asked_for_in_its_pixels_and_has_a_box_of_its_size() {
    let graphics = Graphics::new(PictureMode::Auto);
    let (mut desk, _, ours) = chat(Setup { graphics, ..plain() }, (80, 24));
    desk.keys(&["f6", "v"]);
    let (message, asked, in_cells) = shown(&mut desk).expect("it is asked for");
    assert_eq!((message, asked), (ours.id, (76, 40)), "nothing was told yet");
    // What is told late counts at once, and what was made before it does not.
    desk.event(Event::Ability(Ability::Kitty));
    assert_eq!(shown(&mut desk), None);
    desk.event(Event::Ability(Ability::Cell(10, 20)));
    let (_, asked, ticket) = shown(&mut desk).expect("in pixels");
    assert_eq!(asked, (760, 400));
    desk.update(Update::Picture { ticket: in_cells, message, picture: disc(40, 40) });
    assert!(desk.shows("opening it"));
    desk.update(Update::Picture { ticket, message, picture: disc(400, 395) });
    let plate = engraved(&mut desk).expect("it is to be made");
    assert_eq!((plate.picture.width(), plate.order.raster.protocol), (400, Protocol::Kitty));
    assert!(desk.shows("opening it"));
    let graphic = Graphic { protocol: Protocol::Kitty, cells: (40, 20), bytes: b"picture"[..].into() };
    // Another window, and back: what was made for that is not shown.
    desk.event(Event::Resize { width: 100, height: 30 });
    desk.event(Event::Engraved(plate.order, Ok(graphic.clone())));
    assert!(desk.shows("opening it"));
    desk.event(Event::Resize { width: 80, height: 24 });
    desk.event(Event::Engraved(plate.order, Ok(graphic)));
    assert_snapshot!(desk.screen());
    desk.effects();
    // Without colours there are none in pictures either.
    desk.event(Event::Themed(Ok(Box::new(Looks::named("none")))));
    assert_eq!(shown(&mut desk).map(|(_, room, _)| room), Some((76, 40)));
    // What cannot be made is told.
    desk.event(Event::Themed(Ok(Box::new(Looks::default()))));
    desk.event(Event::Engraved(plate.order, Err(vec!["the picture is empty".to_owned()])));
    assert!(desk.shows("not shown: the picture is empty") && !desk.shows("opening it"));
}

#[test]
fn only_the_answer_to_what_was_asked_last_counts() {
    let (mut desk, _, ours) = chat(plain(), (80, 24));
    let other = carrying(&direct("bob"), "bob", NOW + 2 * MINUTE, "b.png", "b.png", 5_000);
    desk.update(Update::Stored(vec![Stored { message: other.clone(), ticket: None }]));
    desk.keys(&["f6", "k", "v"]);
    let (of_ours, _, first) = shown(&mut desk).expect("it is asked for");
    assert_eq!(of_ours, ours.id);
    desk.keys(&["esc", "j", "v"]);
    let (of_other, _, second) = shown(&mut desk).expect("it is asked for");
    assert_eq!(of_other, other.id);
    // What is told of the one says nothing of the other.
    let why = "no".to_owned();
    desk.update(Update::Refused { ticket: first, why });
    assert!(desk.shows("opening it") && !desk.shows("not shown"), "{}", desk.screen());
    desk.event(Event::Resize { width: 100, height: 30 });
    let (.., third) = shown(&mut desk).expect("in another size");
    desk.update(Update::Picture { ticket: second, message: other.id, picture: disc(40, 40) });
    assert!(desk.shows("opening it"), "that is of the size it was");
    desk.update(Update::Refused { ticket: third, why: "it is damaged".to_owned() });
    assert!(desk.shows("not shown: it is damaged") && !desk.shows("opening it"));
}

#[test]
fn what_is_no_picture_or_cannot_be_shown_says_so() {
    let (mut desk, ..) = chat(plain(), (80, 24));
    desk.keys(&["f6", "k", "v"]);
    assert!(desk.shows("that file is no picture that can be shown here"));
    assert_eq!(shown(&mut desk), None);
    desk.keys(&["j", "v"]);
    let (.., ticket) = shown(&mut desk).unwrap();
    let why =
        "a picture of 60000 by 60000 pixels is too large to be shown here; /save saves it".to_owned();
    desk.update(Update::Refused { ticket, why });
    assert!(desk.shows("not shown: a picture of 60000 by 60000 pixels is too large"));
    assert!(!desk.shows("opening it"));
}
