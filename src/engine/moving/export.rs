//! From an account to a file.

use std::fs::Permissions;
use std::io::{BufWriter, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::chunks::Writer;
use super::record::Record;
use super::{Contents, Fault};
use crate::crypto::export::Sealer;
use crate::domain::group_documents::Member;
use crate::domain::{Passphrase, UserName};
use crate::engine::keys::Keys;
use crate::engine::unlock::{self, Unlock, blocking};
use crate::engine::{Error, accounts};
use crate::store::Store;

/// Writes what an account holds into a file that is not there yet, sealed with this passphrase. No session may
/// run on it: the file is of one moment. Where it fails, or the future is dropped, no file is left.
///
/// # Errors
/// [`Error::InUse`], [`Error::Moving`]; those of opening an account.
pub async fn export(
    data_dir: &Path,
    user: &UserName,
    unlock: &Unlock,
    path: &Path,
    passphrase: Passphrase,
) -> Result<Contents, Error> {
    let account = unlock::existing(data_dir, user)?;
    // Whose account is in use is told so before being asked for its passphrase.
    drop(account.lock()?);
    let key = unlock::data_key(&account, unlock).await?.key;
    let lock = account.lock()?;
    let database = account.database();
    let store = blocking(move || Store::open(&database, &key)).await??;
    let failed = |source| Error::Moving { action: "export to", path: path.to_owned(), source };
    let done = async {
        let sealer = blocking(move || Sealer::new(&passphrase)).await?.map_err(Fault::from);
        let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".cooee-export-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(directory)
            .map_err(|e| failed(e.into()))?;
        let out = BufWriter::new(file.as_file());
        let mut writer = sealer.and_then(|sealer| Writer::new(out, sealer)).map_err(failed)?;
        let contents =
            write(&store, user, data_dir, |record| writer.write(record).map_err(failed)).await?;
        drop(writer.finish().map_err(failed)?);
        file.as_file().sync_all().map_err(|e| failed(e.into()))?;
        file.persist_noclobber(path).map_err(|e| {
            failed(match e.error.kind() {
                ErrorKind::AlreadyExists => std::io::Error::from(ErrorKind::AlreadyExists).into(),
                _ => e.error.into(),
            })
        })?;
        // The name must survive a power cut as the content does.
        let sync = std::fs::File::open(directory).and_then(|directory| directory.sync_all());
        sync.map_err(|e| failed(e.into()))?;
        Ok::<_, Error>(contents)
    };
    let done = done.await;
    let closed = store.close().await;
    drop(lock);
    let contents = done?;
    closed?;
    Ok(contents)
}

/// Tells all records in their order. The file is written where we are: nothing else waits for this thread.
async fn write(
    store: &Store,
    user: &UserName,
    data_dir: &Path,
    mut tell: impl FnMut(&Record) -> Result<(), Error>,
) -> Result<Contents, Error> {
    let nobody = || Error::NoAccount { user: user.clone(), known: accounts(data_dir) };
    let account = store.account().await?.ok_or_else(nobody)?;
    let known = store.load().await?;
    let kept = store.secrets(Keys::names()).await?;
    let keys = Keys::open(store.clone(), Vec::new(), kept)?.ok_or_else(nobody)?;
    tell(&Record::account(&account, &keys.identity))?;
    let (_, waiting) = store.waiting(1).await?;
    let mut contents = Contents { waiting, ..Contents::default() };
    for person in known.people {
        contents.people += 1;
        tell(&Record::person(person))?;
    }
    let me = Member { user: account.profile.user.clone(), key: account.profile.identity };
    for group in known.groups {
        contents.groups += 1;
        tell(&Record::group(&group, &me).map_err(|_| Error::Group)?)?;
    }
    for room in known.rooms.into_iter().filter(|stored| stored.joined) {
        contents.rooms += 1;
        tell(&Record::Room(room.room))?;
    }
    for lifetime in known.lifetimes {
        tell(&Record::Lifetime(lifetime))?;
    }
    for conversation in known.archived {
        tell(&Record::Archived(conversation))?;
    }
    for list in known.lists {
        tell(&Record::List(list))?;
    }
    let mut after = 0;
    loop {
        let (messages, next) = store.history(after).await?;
        if messages.is_empty() {
            break;
        }
        after = next;
        for message in messages {
            contents.messages += 1;
            tell(&Record::message(message))?;
        }
    }
    for summary in known.summaries {
        let thread = known.threads.iter().find(|(id, _)| *id == summary.conversation);
        let stamp = thread.map(|(_, thread)| thread.stamp).unwrap_or_default();
        tell(&Record::Marks { summary, stamp })?;
    }
    tell(&Record::End { messages: contents.messages })?;
    Ok(contents)
}
