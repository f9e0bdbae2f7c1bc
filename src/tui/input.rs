//! What comes from the terminal and from other processes: keys, and signals.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::app::Event;
use super::decode::Decoder;

/// How many inputs may wait: the loop takes all of them before it draws.
const QUEUE: usize = 256;
/// How much is read at once.
const CHUNK: usize = 4_096;

/// What comes in from outside.
#[derive(Debug)]
pub enum Input {
    /// For the state of the front end.
    Event(Event),
    /// The size of the screen may have changed.
    Resized,
    /// Somebody interrupts whatever has the terminal.
    Interrupted,
    /// Somebody asks the process to stop for a while.
    Stop,
    /// The process goes on after it was stopped.
    Continued,
}

/// What comes in from outside, as long as this is held.
pub struct Inputs {
    receiver: mpsc::Receiver<Input>,
    sender: mpsc::Sender<Input>,
    keyboard: Option<JoinHandle<()>>,
}

impl Inputs {
    /// Starts reading keys and signals.
    pub fn start() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let signals = Signals::new()?;
        let mut inputs = Self { receiver, sender, keyboard: None };
        inputs.take_keyboard()?;
        tokio::spawn(signals.read(inputs.sender.clone()));
        Ok(inputs)
    }

    /// The next input.
    pub async fn next(&mut self) -> Option<Input> {
        self.receiver.recv().await
    }

    /// The next input that has come already.
    pub fn ready(&mut self) -> Option<Input> {
        self.receiver.try_recv().ok()
    }

    /// Lets another program read the keys. It has them when the task that this returns has ended.
    pub fn give_keyboard(&mut self) -> JoinHandle<()> {
        let reading = self.keyboard.take().unwrap_or_else(|| tokio::spawn(async {}));
        reading.abort();
        reading
    }

    /// Reads the keys again.
    ///
    /// The terminal is opened anew, so that reading it without blocking changes nothing for other programs
    /// that share our standard input.
    pub fn take_keyboard(&mut self) -> io::Result<()> {
        let nonblocking =
            i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).map_err(io::Error::other)?;
        let tty = OpenOptions::new().read(true).custom_flags(nonblocking).open("/dev/tty")?;
        // Any file that can be polled will do here; the name says what it is mostly used for.
        let tty = pipe::Receiver::from_file_unchecked(tty)?;
        self.keyboard = Some(tokio::spawn(read_keys(tty, self.sender.clone())));
        Ok(())
    }
}

async fn read_keys(mut tty: pipe::Receiver, sender: mpsc::Sender<Input>) {
    let mut decoder = Decoder::default();
    let mut chunk = [0; CHUNK];
    loop {
        let read = tty.read(&mut chunk);
        let outcome = match decoder.patience() {
            Some(patience) => timeout(patience, read).await.ok(),
            None => tokio::select! {
                outcome = read => Some(outcome),
                () = sender.closed() => return,
            },
        };
        let events = match outcome {
            None => decoder.expire(),
            Some(Ok(count)) if count > 0 => decoder.feed(&chunk[..count]),
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
            // The end of the file, or an error: the terminal is gone.
            Some(_) => vec![Event::Shutdown],
        };
        let gone = matches!(events[..], [Event::Shutdown]);
        for event in events {
            if sender.send(Input::Event(event)).await.is_err() {
                return;
            }
        }
        if gone {
            return;
        }
    }
}

/// The signals that concern a program on a terminal.
struct Signals {
    resized: Signal,
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        /// The two have no name in tokio; their numbers differ between systems.
        fn numbered(signal_number: rustix::process::Signal) -> io::Result<Signal> {
            signal(SignalKind::from_raw(signal_number.as_raw()))
        }
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: numbered(rustix::process::Signal::TSTP)?,
            go_on: numbered(rustix::process::Signal::CONT)?,
        })
    }

    async fn read(mut self, sender: mpsc::Sender<Input>) {
        loop {
            let input = tokio::select! {
                Some(()) = self.resized.recv() => Input::Resized,
                Some(()) = self.terminate.recv() => Input::Event(Event::Shutdown),
                Some(()) = self.hang_up.recv() => Input::Event(Event::Shutdown),
                Some(()) = self.interrupt.recv() => Input::Interrupted,
                Some(()) = self.stop.recv() => Input::Stop,
                Some(()) = self.go_on.recv() => Input::Continued,
                () = sender.closed() => return,
                else => return,
            };
            if sender.send(input).await.is_err() {
                return;
            }
        }
    }
}
