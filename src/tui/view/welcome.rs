//! The first screen.

use ratatui::layout::{Position, Rect};

use super::chrome;
use super::paint::{Canvas, cells, lines, row};
use crate::tui::app::{
    Action, App, Attempt, Context, FieldName, Guard, SecretField, SignUp, Unlock, Welcome, fit, width,
    wrap,
};

/// Widest the screen's words run, in cells.
const WIDTH: usize = 60;
/// From this height on there is room for the name of the program.
const ROOMY: u16 = 14;

/// Paints the first screen; returns where the cursor belongs.
pub fn draw(canvas: &mut Canvas<'_>, app: &App, welcome: &Welcome) -> Option<Position> {
    let screen = canvas.area();
    let footer = row(screen, usize::from(screen.height) - 1);
    chrome::footer(canvas, app, footer);
    let columns = cells(WIDTH).min(screen.width - 2);
    let mut area = Rect::new((screen.width - columns) / 2, 0, columns, screen.height - 1);
    if screen.height >= ROOMY {
        area = below(area, usize::from(screen.height / 8));
        canvas.put(area, 0, "Cooee", canvas.theme.strong());
        let call = "a call that carries across open country";
        canvas.put(area, 7, call, canvas.theme.faint());
        area = below(area, 1);
        canvas.put(area, 0, &fit(&welcome.start.broker, usize::from(columns)), canvas.theme.faint());
        area = below(area, 2);
    }
    match (&welcome.attempt, &welcome.unlock, &welcome.form) {
        (Some(attempt), _, _) => {
            busy(canvas, app, area, attempt);
            None
        }
        (None, Some(asked), _) => Some(unlock(canvas, area, asked)),
        (None, None, Some(form)) => sign_up(canvas, area, form),
        (None, None, None) => {
            accounts(canvas, area, welcome);
            None
        }
    }
}

fn below(area: Rect, by: usize) -> Rect {
    let by = cells(by).min(area.height);
    Rect { y: area.y + by, height: area.height - by, ..area }
}

fn busy(canvas: &mut Canvas<'_>, app: &App, area: Rect, attempt: &Attempt) {
    let words = match attempt {
        Attempt::SigningUp(user) => format!("Signing up as {user}…"),
        Attempt::SigningIn(user) => format!("Signing in as {user}…"),
    };
    let back = app.keymap.key(Context::Accounts, Action::Back).unwrap_or_default();
    let taken = lines(canvas, area, &words, canvas.theme.strong());
    lines(canvas, below(area, taken), &format!("{back} goes back."), canvas.theme.faint());
}

fn accounts(canvas: &mut Canvas<'_>, area: Rect, welcome: &Welcome) {
    let mut area = area;
    if let Some(trouble) = &welcome.trouble {
        let taken = lines(canvas, area, trouble, canvas.theme.wrong());
        area = below(area, taken + 1);
    }
    canvas.put(area, 0, "Sign in", canvas.theme.strong());
    area = below(area, 1);
    let accounts = welcome.start.accounts.iter().map(|account| match account.display_name.as_str() {
        name if name == account.user.as_str() => name.to_owned(),
        name => format!("{}  {name}", account.user),
    });
    let entries: Vec<_> = accounts.chain(["Sign up as somebody new".to_owned()]).collect();
    let rows = usize::from(area.height).max(1);
    let top = (welcome.selected + 1).saturating_sub(rows);
    for (at, entry) in entries.iter().skip(top).take(rows).enumerate() {
        let line = row(area, at);
        let chosen = top + at == welcome.selected;
        if chosen {
            canvas.put(line, 0, canvas.glyphs.pointer(), canvas.theme.strong());
        }
        let style = if chosen { canvas.theme.chosen() } else { canvas.theme.plain() };
        canvas.put(line, 2, &fit(entry, usize::from(line.width).saturating_sub(3)), style);
    }
}

fn sign_up(canvas: &mut Canvas<'_>, area: Rect, form: &SignUp) -> Option<Position> {
    canvas.put(area, 0, "Sign up", canvas.theme.strong());
    let mut area = below(area, 1);
    // In a low window the fields that are done make room for the one that has the cursor, and what is said there.
    let said = form.shown().get(form.at).map_or(0, |&field| {
        let complaint = form.complaint.as_ref().filter(|complaint| complaint.field == Some(field));
        let text = complaint.map_or(words(field, form).1, |complaint| &complaint.text);
        wrap(text, usize::from(area.width.saturating_sub(2))).len()
    });
    let first = (form.at + 1 + said).saturating_sub(usize::from(area.height)).min(form.at);
    let mut cursor = None;
    for (at, field) in form.shown().into_iter().enumerate().skip(first) {
        let (name, hint) = words(field, form);
        let label = format!("{name}: ");
        let has_cursor = form.at == at;
        let style = if has_cursor { canvas.theme.strong() } else { canvas.theme.plain() };
        canvas.put(area, 0, &label, style);
        let x = width(&label);
        let room = usize::from(area.width).saturating_sub(x + 1);
        let cell = match form.field(field) {
            Some(field) => {
                let (text, cell) = field.view(room);
                canvas.put(area, x, text, canvas.theme.plain());
                cell
            }
            None => match form.secret(field) {
                Some(secret) => masked(canvas, area, x, room, secret),
                None => {
                    let style = if has_cursor { canvas.theme.chosen() } else { canvas.theme.plain() };
                    canvas.put(area, x, chosen(form.guard), style);
                    // It is chosen and not written: the cursor stays out of the words.
                    0
                }
            },
        };
        if has_cursor {
            cursor = Some(Position::new(area.x + cells(x + cell), area.y));
        }
        area = below(area, 1);
        let complaint = form.complaint.as_ref().filter(|complaint| complaint.field == Some(field));
        let under = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
        let taken = match complaint {
            Some(complaint) => lines(canvas, under, &complaint.text, canvas.theme.wrong()),
            None if has_cursor => lines(canvas, under, hint, canvas.theme.faint()),
            None => 0,
        };
        area = below(area, taken);
    }
    if let Some(complaint) = form.complaint.as_ref().filter(|complaint| complaint.field.is_none()) {
        lines(canvas, below(area, 1), &complaint.text, canvas.theme.wrong());
    }
    cursor
}

fn unlock(canvas: &mut Canvas<'_>, area: Rect, asked: &Unlock) -> Position {
    canvas.put(area, 0, &format!("Sign in as {}", asked.user), canvas.theme.strong());
    let mut area = below(area, 1);
    let label = "Passphrase: ";
    canvas.put(area, 0, label, canvas.theme.strong());
    let x = width(label);
    let room = usize::from(area.width).saturating_sub(x + 1);
    let cell = masked(canvas, area, x, room, &asked.secret);
    let cursor = Position::new(area.x + cells(x + cell), area.y);
    area = below(area, 1);
    let under = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    if let Some(complaint) = &asked.complaint {
        lines(canvas, under, complaint, canvas.theme.wrong());
    }
    cursor
}

/// Paints a sign for each character of a passphrase, as many as fit; returns the cell of the cursor.
fn masked(canvas: &mut Canvas<'_>, area: Rect, x: usize, room: usize, secret: &SecretField) -> usize {
    let shown = secret.len().min(room);
    canvas.put(area, x, &"*".repeat(shown), canvas.theme.plain());
    shown
}

fn chosen(guard: Guard) -> &'static str {
    match guard {
        Guard::Passphrase => "< a passphrase >",
        Guard::Keyring => "< the keyring >",
        Guard::Nothing => "< nothing >",
    }
}

/// What a field is called, and what is said of it while it has the cursor.
fn words(field: FieldName, form: &SignUp) -> (&'static str, &'static str) {
    match field {
        FieldName::User => ("User name", "a-z, 0-9, _ and -; others find you by it"),
        FieldName::DisplayName => ("Display name", "what others see; empty: your user name"),
        FieldName::Mobile => ("Mobile number", "everybody on this broker can see it; may be left empty"),
        FieldName::Invite => ("Invite", "the line from whoever runs this broker; may be left empty"),
        FieldName::Protection => (
            "Protected by",
            match form.guard {
                Guard::Passphrase => {
                    "Left and Right choose: a passphrase, the keyring of this desktop, or nothing"
                }
                Guard::Keyring => {
                    "The keyring of this desktop holds the key: you type nothing, and your files alone tell nothing. \
                     If it is lost, so is the account: keep an export"
                }
                Guard::Nothing => "Whoever can read your files can read everything in them",
            },
        ),
        FieldName::Passphrase if form.is_short() => (
            "Passphrase",
            "This is short: whoever gets your files can guess it. A few random words are better",
        ),
        FieldName::Passphrase => ("Passphrase", "Nobody can recover a forgotten one"),
        FieldName::Again if form.is_short() => (
            "Once more",
            "the same passphrase. It is short: whoever gets your files can guess it. A few random words are better",
        ),
        FieldName::Again => ("Once more", "the same passphrase; nobody can recover a forgotten one"),
    }
}
