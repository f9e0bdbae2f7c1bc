//! From a file to a new device.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::chunks::Reader;
use super::record::{Myself, Record};
use super::{Contents, Fault};
use crate::crypto::Device;
use crate::crypto::export::{Invalid, Locked, Opener, limits};
use crate::domain::{self, DataKey, Passphrase, UserName};
use crate::engine::account::AccountDir;
use crate::engine::keys::founding;
use crate::engine::sign_up::staged;
use crate::engine::unlock::{NewKey, Protection, blocking};
use crate::engine::{Error, Setup, clock};
use crate::store::{Account, Kept, KnownPerson, Store, StoredRoom};

/// Most records that are stored in one transaction.
const BATCH: usize = 500;

/// An export that is being imported.
pub struct Import {
    path: PathBuf,
    input: BufReader<File>,
    locked: Locked,
}

/// An export that is open.
pub struct Opened {
    path: PathBuf,
    records: Reader<BufReader<File>>,
    myself: Box<Myself>,
}

impl Import {
    /// Looks whether a file is an export.
    ///
    /// # Errors
    /// [`Error::Moving`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let open = || {
            let mut input = BufReader::new(File::open(path)?);
            let mut line = Vec::new();
            (&mut input).take(limits::HEADER as u64 + 1).read_until(b'\n', &mut line)?;
            Ok::<_, Fault>((input, Locked::read(&line)?))
        };
        let (input, locked) = open().map_err(|source| failed(path, source))?;
        Ok(Self { path: path.to_owned(), input, locked })
    }

    /// Opens it with its passphrase. Where the passphrase is wrong, it can be tried with another one.
    ///
    /// # Errors
    /// [`Error::Moving`], with [`Invalid::Wrong`] where the passphrase is wrong.
    pub async fn unlock(self, passphrase: Passphrase) -> Result<Opened, (Option<Self>, Error)> {
        let Self { path, input, locked } = self;
        let tried = blocking(move || {
            let opener = locked.open(&passphrase);
            (locked, opener)
        });
        let (locked, opener): (Locked, Result<Opener, Invalid>) = match tried.await {
            Ok(tried) => tried,
            Err(error) => return Err((None, error)),
        };
        let opener = match opener {
            Ok(opener) => opener,
            Err(source) => {
                let error = failed(&path, source.into());
                return Err((Some(Self { path, input, locked }), error));
            }
        };
        let mut records = Reader::new(input, opener);
        match records.read() {
            Ok(Some(Record::Account(myself))) => Ok(Opened { path, records, myself }),
            Ok(_) => {
                let fault = Fault::Content("it does not begin with an account".to_owned());
                Err((None, failed(&path, fault)))
            }
            Err(fault) => Err((None, failed(&path, fault))),
        }
    }
}

impl Opened {
    /// Whose account it is.
    pub fn user(&self) -> &UserName {
        &self.myself.profile.user
    }

    /// Makes the account in the data directory, as a new device. It tells the broker of itself at its first
    /// sign-in. Nothing is left behind where that fails.
    ///
    /// # Errors
    /// [`Error::AccountExists`], [`Error::Moving`]; others where the account cannot be written.
    pub async fn settle(self, setup: &Setup, protection: Protection) -> Result<Contents, Error> {
        let account = AccountDir::new(&setup.data_dir, self.user());
        if account.exists() {
            return Err(Error::AccountExists { user: account.user });
        }
        let key = NewKey::make(&account, &protection).await?;
        let made = self.make(setup, &account, protection, &key.key).await;
        key.settle(made).await
    }

    async fn make(
        self,
        setup: &Setup,
        account: &AccountDir,
        protection: Protection,
        key: &DataKey,
    ) -> Result<Contents, Error> {
        let Self { path, mut records, myself } = self;
        let (staged, store) = staged(account, protection, key).await?;
        let done = async {
            arrive(&store, setup, *myself).await.map_err(|e| e.at(&path))?;
            fill(&store, &mut records).await.map_err(|e| e.at(&path))
        };
        let done = done.await;
        // Before its directory goes.
        let closed = store.close().await;
        let contents = done?;
        closed?;
        account.adopt(staged)?;
        Ok(contents)
    }
}

/// What goes wrong while records are taken in.
enum Trouble {
    Fault(Fault),
    Other(Error),
}

impl Trouble {
    fn at(self, path: &Path) -> Error {
        match self {
            Self::Fault(fault) => failed(path, fault),
            Self::Other(error) => error,
        }
    }
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

fn failed(path: &Path, source: Fault) -> Error {
    Error::Moving { action: "import", path: path.to_owned(), source }
}

/// Says who we are: a new device of ours.
async fn arrive(store: &Store, setup: &Setup, myself: Myself) -> Result<(), Trouble> {
    let identity = myself.identity().map_err(Trouble::Fault)?;
    let device = Device::generate(clock::device_id(), setup.clock.now());
    let Myself { mut profile, credential, .. } = myself;
    profile.version = profile.version.saturating_add(1);
    // The oldest makes room.
    let surplus = (profile.devices.len() + 1).saturating_sub(domain::limits::DEVICES);
    profile.devices.drain(..surplus);
    profile.devices.push(device.keys());
    let account = Account {
        profile,
        device: device.id(),
        client_id: clock::client_id(),
        credential: credential.to_string(),
    };
    store.save_account(account).await?;
    store.save_secrets(founding(&identity, &device)).await?;
    Ok(())
}

/// Takes in everything else, up to the end.
async fn fill(store: &Store, records: &mut Reader<BufReader<File>>) -> Result<Contents, Trouble> {
    let wrong = |why: &str| Trouble::Fault(Fault::Content(why.to_owned()));
    let mut contents = Contents::default();
    let (mut people, mut messages, mut marks) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match records.read().map_err(Trouble::Fault)? {
            Some(Record::Person(known)) => {
                contents.people += 1;
                people.push(KnownPerson::from(*known));
            }
            Some(Record::Group(group)) => {
                contents.groups += 1;
                store.save_group(group.stored().map_err(Trouble::Fault)?).await?;
            }
            Some(Record::Room(room)) => {
                contents.rooms += 1;
                store.save_room(StoredRoom { room, joined: true }).await?;
            }
            Some(Record::Lifetime(lifetime)) => store.restore_lifetime(lifetime).await?,
            Some(Record::Archived(conversation)) => store.save_archived(conversation, true).await?,
            Some(Record::List(list)) => store.save_list(list).await?,
            Some(Record::Message { message, recipients, altered }) => {
                contents.messages += 1;
                messages.push(Kept { message: *message, recipients, altered });
            }
            Some(Record::Marks { summary, stamp }) => marks.push((summary, stamp)),
            Some(Record::End { messages: told }) => {
                if told != contents.messages {
                    return Err(wrong("messages are missing"));
                }
                break;
            }
            Some(Record::Account(_)) => return Err(wrong("it holds two accounts")),
            None => return Err(wrong("it has no end")),
        }
        if people.len() == BATCH {
            store.save_people(std::mem::take(&mut people)).await?;
        }
        if messages.len() == BATCH {
            store.restore(std::mem::take(&mut messages)).await?;
        }
        // Their messages came before them.
        if marks.len() == BATCH {
            store.restore(std::mem::take(&mut messages)).await?;
            store.restore_marks(std::mem::take(&mut marks)).await?;
        }
    }
    if records.read().map_err(Trouble::Fault)?.is_some() {
        return Err(wrong("something follows its end"));
    }
    store.save_people(people).await?;
    store.restore(messages).await?;
    store.restore_marks(marks).await?;
    Ok(contents)
}
