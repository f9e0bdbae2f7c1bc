//! Front end 1: the scriptable commands. This layer owns the command line, what is printed on standard
//! output, and the lines of JSON that scripts read (`json`); it must not know how anything is done.
//!
//! Every command but those about the broker and the files joins the session of its account, in whatever
//! process that runs, or signs in here until it is done (`attached`). People read plain lines; scripts
//! ask for `--json`. Each command leaves its words on standard error and its exit code to
//! [`crate::error`]. `plain` talks in lines with a person who has no use for a screen.

mod account;
mod answer;
mod attached;
mod broker;
mod chat;
mod config;
mod confirm;
mod demo;
mod doctor;
mod doors;
mod export;
mod find;
mod group;
mod history;
mod import;
mod input;
mod json;
mod json_help;
mod key;
mod listen;
mod message;
mod moving;
mod outbox;
mod output;
mod passphrase;
mod people;
mod plain;
mod progress;
mod room;
mod save;
mod send;
mod sign_up;
mod table;
mod target;
mod text;
mod wait;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{Config, Flags};
use crate::error::Error;
use crate::logging;

/// A messenger for the terminal that works over any MQTT broker and brings its own.
#[derive(Parser)]
#[command(version, about, propagate_version = true, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What is chosen for all commands.
    #[command(flatten, next_help_heading = "Options of all commands")]
    pub flags: Flags,
    /// What to do; the full-screen messenger where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
The passphrase of an account is never said on the command line: it comes from COOEE_PASSPHRASE, else from the \
program that `passphrase_command` in the configuration file names, else Cooee asks for it at the terminal. \
An account whose key the keyring holds needs none while the keyring is unlocked. \
Whatever joins a session that runs already, such as `cooee send` beside the open messenger, needs none.

Exit codes: 0 done (also when nobody reads the output any more), 1 failed, 2 usage or configuration, \
3 sign-up or sign-in refused, 4 broker unreachable, 5 not delivered in time, 130 interrupted.";

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// See Cooee at work: three scripted companions, and nothing of it touches your data
    ///
    /// Opens the full-screen messenger on a broker of its own in a temporary directory, in which three companions
    /// talk, come and go, and answer what you write. They are real clients; only what they do is scripted. Ctrl+Q
    /// leaves, and all of it is removed. Of your configuration it reads what is about the screen: keys, colours.
    Demo,
    /// Register a name on the broker and make the account
    ///
    /// Asks twice for a passphrase, which protects what is kept on this machine; COOEE_PASSPHRASE and
    /// `passphrase_command` in the configuration file say it without being asked. Nobody can recover a forgotten
    /// passphrase: without it everything in the account is lost.
    ///
    /// With --keyring the keyring of the desktop (GNOME Keyring, KWallet, KeePassXC, the Keychain of macOS) holds the
    /// key instead, and nothing is asked for; with --no-passphrase nothing protects it.
    SignUp(sign_up::SignUp),
    /// The accounts of the data directory: list them, change what protects one, move one to another machine
    Account {
        /// What to do with them.
        #[command(subcommand)]
        command: account::Command,
    },
    /// Send messages to a person, a group or an open room, and wait until the broker has them
    Send(send::Send),
    /// Fetch and save a file that somebody sent
    Save(save::Save),
    /// Print messages as they come
    ///
    /// Prints each message and each event of a group when it is stored: what waited at the broker, what
    /// comes, and what this account writes elsewhere. What any command of this account stored before is
    /// for `cooee history`. What is printed stays unread.
    ///
    /// Goes on until it is interrupted or nobody reads the output any more; losing the broker does not
    /// end it.
    Listen(listen::Listen),
    /// What is done with a message that was said: edit, delete, react, vote, close, pin
    ///
    /// ID is that of the message, as --json shows it (`cooee history bob --json --limit 1`). It is done when the
    /// broker has what tells the others; where that takes longer than --timeout the exit code is 5, and it goes out
    /// later.
    Message {
        /// What to do with it.
        #[command(subcommand)]
        command: message::Command,
    },
    /// List who is online, ourselves included
    ///
    /// No broker says when it has told of everybody, so the list is printed when nothing new came for half
    /// a second, three seconds at most after the connection is up.
    Who(people::Who),
    /// List everybody else, or those that match; block somebody
    ///
    /// Everybody who signed up on this broker, and those who stand in Registration.csv. Without a
    /// connection, those who were known before.
    Contacts(people::Contacts),
    /// Groups: make, list, look into, join, invite to, leave
    ///
    /// A group is written by its name, with or without `#`, or as `name~1a2b3c4d` with the beginning of its
    /// id where two have the same name.
    Group {
        /// What to do with it.
        #[command(subcommand)]
        command: group::Command,
    },
    /// Open rooms: join, leave, list. They are for scripts and devices, and not encrypted
    ///
    /// Anything that can publish at `cooee/1/open/ROOM/NAME` on the broker is heard in the room: `mosquitto_pub`, a
    /// sensor, a script. What it publishes is text as it is, or JSON such as {"v":1,"t":"plain","text":"hello"} with
    /// an `id` (one id is shown once) and `ts` (milliseconds) if it likes; 4 KiB at most. A name there is only what
    /// the topic claims, and so it is written with a `~`. Everybody on the broker can read and write in each room;
    /// a room needs not be made, and the broker alone confirms what is said there.
    ///
    /// Of each room the last 10,000 messages are kept. 1,000 messages of one speaker are taken in at once and 10 a
    /// second, of a room twice that; what is more is thrown away, and told.
    Room {
        /// What to do with it.
        #[command(subcommand)]
        command: room::Command,
    },
    /// Whole chats: how long their messages live, and which are put away
    Chat {
        /// What to do with one.
        #[command(subcommand)]
        command: chat::Command,
    },
    /// Keys: show them, verify whose they are, accept one that changed
    ///
    /// What is written to somebody is encrypted to the key that Cooee met first for their name. Whether that is
    /// theirs shows when you compare the safety number with them: 60 digits that are the same on both sides if
    /// nobody sits in between. A key that changed stops what is sent to them until you accept it.
    Key {
        /// What to do with it.
        #[command(subcommand)]
        command: key::Command,
    },
    /// What is not confirmed by everybody it is for: list it, send it again, give it up
    ///
    /// A letter stays in the outbox until the Cooee of each recipient has stored it, and goes to them again
    /// whenever they are seen online.
    Outbox {
        /// What to do with it.
        #[command(subcommand)]
        command: outbox::Command,
    },
    /// Print a conversation, oldest message first
    ///
    /// Reads what this account has stored, and needs no broker. Nothing counts as read by it.
    History(history::History),
    /// Print the messages of all conversations that have some words
    ///
    /// Prints the messages that have all of the words, in the order in which they came. Case and accents do not
    /// matter; a word of two letters or more also finds longer ones that begin with it, and in scripts without
    /// spaces any part is found. Reads what this account has stored, and needs no broker.
    Find(find::Find),
    /// Write a whole conversation as text, JSON, CSV or Markdown
    ///
    /// Reads what this account has stored, and needs no broker. Times are RFC 3339 in UTC. A file is never
    /// overwritten without --force, and is there only when it is whole. In CSV, cells that a spreadsheet would run
    /// as a formula begin with an apostrophe.
    ///
    /// To take the account itself to another machine, see `cooee account export`.
    Export(export::Export),
    /// Take in the CSV files of the original script
    ///
    /// Reads Registration.csv, Group.csv, Group_*.csv and online.csv of a directory, and says of each row
    /// what became of it: merged, duplicate (another number for somebody who has one; the first stays),
    /// known, or refused with the reason. A refused row stops nothing and is no failure. Importing twice
    /// does nothing more.
    Import(import::Import),
    /// The configuration: begin a file, print what counts, check it
    Config {
        /// What to do with it.
        #[command(subcommand)]
        command: config::Command,
    },
    /// Print the manual page, or write one for each command
    ///
    /// `cooee man | man -l -` reads it.
    Man {
        /// Write the page of each command into DIR, which is made where it is missing
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Say whether the broker is fit for Cooee, and what to change about it
    ///
    /// Connects with client ids and topics of its own, tries what Cooee needs (a queue for somebody who is
    /// away, retained messages, wills and more), cleans up, and says of each whether it is ok, degraded or
    /// broken, with the setting to change. It takes a few seconds. Without --broker it examines the
    /// configured broker.
    ///
    /// Exit code 0 when Cooee works there, also degraded; 1 when it does not.
    Doctor(doctor::Doctor),
    /// The built-in broker of the data directory
    ///
    /// It serves this machine. For people on other machines, `cooee broker start --network 0.0.0.0:8883` has it listen there
    /// too, over TLS, and `cooee broker invite` makes an invite for each of them; they write
    /// `cooee -b mqtts://HOST:8883 sign-up NAME --invite LINE`, and keep the address as `url` in their config.toml.
    Broker {
        /// What to do with it.
        #[command(subcommand)]
        command: broker::Command,
    },
}

/// What the messenger itself is opened with.
#[derive(Parser)]
#[command(disable_help_flag = true)]
struct NoCommand {
    #[command(flatten)]
    flags: Flags,
}

/// Whether a command line opens the messenger itself, by its first argument: a command stands there, if there is one,
/// unless flags come before it.
pub fn names_no_command(command_line: &[OsString]) -> bool {
    command_line.get(1).is_none_or(|first| first.as_encoded_bytes().starts_with(b"-"))
}

/// Reads the command line, which begins with the name of the program.
///
/// # Errors
/// What to print before the process ends: what is wrong with it, or the help that it asks for.
pub fn parse(command_line: &[OsString]) -> Result<Arguments, clap::Error> {
    // To know the flags takes a tenth of what it takes to know all commands with theirs. Whatever is not understood by
    // them alone, be it help or a mistake, is read with the commands.
    if names_no_command(command_line)
        && let Ok(NoCommand { flags }) = NoCommand::try_parse_from(command_line)
    {
        return Ok(Arguments { flags, command: None });
    }
    let mut arguments = Arguments::try_parse_from(command_line)?;
    if arguments.flags.plain && arguments.command.is_some() {
        let why = "--plain is for the messenger itself: commands print plain lines anyway\n";
        return Err(Arguments::command().error(clap::error::ErrorKind::ArgumentConflict, why));
    }
    let begins = matches!(arguments.command, Some(Command::Config { command: config::Command::Init }));
    arguments.flags.begins_file = begins;
    Ok(arguments)
}

/// Does what a command says.
///
/// # Errors
/// What is to be told to a person; see [`crate::error::report`].
pub fn run(command: Command, flags: &Flags, config: &Config) -> Result<ExitCode, Error> {
    let logs = match command {
        // It keeps a log of its own.
        Command::Broker { .. } => false,
        // Nothing of the person's own is written to, unless they say so.
        Command::Demo => flags.log_file.is_some(),
        _ => true,
    };
    let _log = if logs { logging::start(config)? } else { None };
    match command {
        Command::Demo => demo::run(config, flags),
        Command::SignUp(command) => block_on(sign_up::run(command, config)),
        Command::Account { command } => block_on(account::run(command, config)),
        Command::Send(command) => block_on(send::run(command, config)),
        Command::Save(command) => block_on(save::run(command, config)),
        Command::Listen(command) => block_on(listen::run(&command, config)),
        Command::Message { command } => block_on(message::run(command, config)),
        Command::Who(command) => block_on(people::who(&command, config)),
        Command::Contacts(command) => block_on(people::contacts(&command, config)),
        Command::Group { command } => block_on(group::run(command, config)),
        Command::Room { command } => block_on(room::run(command, config)),
        Command::Chat { command } => block_on(chat::run(command, config)),
        Command::Key { command } => block_on(key::run(command, config)),
        Command::Outbox { command } => block_on(outbox::run(command, config)),
        Command::History(command) => block_on(history::run(&command, config)),
        Command::Find(command) => block_on(find::run(&command, config)),
        Command::Export(command) => block_on(export::run(command, config)),
        Command::Import(command) => import::run(&command, config),
        Command::Config { command } => config::run(&command, flags, config),
        Command::Man { dir } => print_manual(dir.as_deref()),
        Command::Completions { shell } => print_completions(shell),
        Command::Doctor(command) => return block_on(doctor::run(&command, config)),
        Command::Broker { command } => return broker::run(&command, config),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Talks in lines: the messenger without a screen.
///
/// # Errors
/// As [`run`].
pub fn talk(config: &Config) -> Result<ExitCode, Error> {
    let _log = logging::start(config)?;
    block_on(plain::run(config))?;
    Ok(ExitCode::SUCCESS)
}

fn print_completions(shell: Shell) -> Result<(), Error> {
    // The generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cooee", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// The manual page of all, or those of each command as files.
fn print_manual(dir: Option<&Path>) -> Result<(), Error> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
        return Ok(io::stdout().write_all(&page)?);
    };
    let failed = |source| Error::Write { path: dir.to_owned(), source };
    std::fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), dir).map_err(failed)
}

/// Runs a command that talks to the engine.
fn block_on<T>(command: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = crate::engine::runtime().map_err(Error::Threads)?;
    let done = runtime.block_on(command);
    // Standard input and output may keep a thread waiting for ever.
    runtime.shutdown_background();
    crate::engine::finish();
    done
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        ["cooee"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect()
    }

    #[test]
    fn flags_alone_mean_what_they_mean_beside_commands() {
        let lines = [
            "",
            "-u bob",
            "--user=send --plain",
            "-d /x -tdark -P work",
            "--no-color -b mqtt://x:1",
            "-c f --log-file g",
        ];
        for line in lines {
            let words = words(line);
            let (parsed, full) = (parse(&words).unwrap(), Arguments::try_parse_from(&words).unwrap());
            assert_eq!(format!("{:?}", parsed.flags), format!("{:?}", full.flags), "{line}");
            assert!(parsed.command.is_none() && full.command.is_none(), "{line}");
        }
    }

    #[test]
    fn all_else_is_read_with_the_commands() {
        let parsed = parse(&words("-u bob send carol hi")).unwrap();
        assert!(matches!(parsed.command, Some(Command::Send(_))));
        assert_eq!(parsed.flags.user.as_deref(), Some("bob"));
        let refused = [
            ("--help", ErrorKind::DisplayHelp),
            ("-h", ErrorKind::DisplayHelp),
            ("--version", ErrorKind::DisplayVersion),
            ("--bogus", ErrorKind::UnknownArgument),
            ("-t dark --no-color", ErrorKind::ArgumentConflict),
            ("--plain broker status", ErrorKind::ArgumentConflict),
            ("--user", ErrorKind::InvalidValue),
            ("dance", ErrorKind::InvalidSubcommand),
        ];
        for (line, kind) in refused {
            let error = parse(&words(line)).err().map(|error| error.kind());
            assert_eq!(error, Some(kind), "{line}");
        }
    }
}
