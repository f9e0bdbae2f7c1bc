//! Keys and the state of sessions: bytes, by name. What they mean is not known here.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::row::from_bits;
use super::value::Secret;
use crate::domain::Bundle;

/// Keeps these, in place of what was kept under their names.
pub(super) fn save(db: &Connection, secrets: &[Secret]) -> Result<()> {
    for Secret { name, value } in secrets {
        match value {
            Some(value) => {
                let save = "INSERT INTO secret (name, value) VALUES (?1, ?2)
                    ON CONFLICT (name) DO UPDATE SET value = excluded.value";
                db.prepare_cached(save)?.execute(params![name, value])?;
            }
            None => {
                db.prepare_cached("DELETE FROM secret WHERE name = ?1")?.execute([name])?;
            }
        }
    }
    Ok(())
}

/// What is kept under these names, in their order.
pub(super) fn read(db: &Connection, names: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
    let mut read = db.prepare_cached("SELECT value FROM secret WHERE name = ?1")?;
    names.iter().map(|name| read.query_row([name], |row| row.get(0)).optional()).collect()
}

/// Takes away everything whose name begins so.
pub(super) fn forget(db: &Connection, beginning: &str) -> Result<usize> {
    let forget = "DELETE FROM secret WHERE substr(name, 1, length(?1)) = ?1";
    db.prepare_cached(forget)?.execute([beginning])
}

/// All bundles.
pub(super) fn bundles(db: &Connection) -> Result<Vec<Bundle>> {
    let all = "SELECT user, device, version, agreement, fallback, made_at FROM bundle";
    let read = |row: &Row<'_>| {
        Ok(Bundle {
            user: row.get(0)?,
            device: row.get(1)?,
            version: from_bits(row.get(2)?),
            agreement: row.get(3)?,
            fallback: row.get(4)?,
            at: row.get(5)?,
        })
    };
    db.prepare_cached(all)?.query_map([], read)?.collect()
}

/// Keeps these bundles, in place of earlier ones of the same devices.
pub(super) fn save_bundles(db: &Connection, bundles: &[Bundle]) -> Result<()> {
    let save = "INSERT OR REPLACE INTO bundle (user, device, version, agreement, fallback, made_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut save = db.prepare_cached(save)?;
    for bundle in bundles {
        let Bundle { user, device, version, agreement, fallback, at } = bundle;
        save.execute(params![user, device, version.cast_signed(), agreement, fallback, at])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AgreementKey, DeviceId};
    use crate::store::testing::{Fixture, at, draft, profile, user};
    use crate::store::{Account, Draft};

    fn secret(name: &str, value: Option<&[u8]>) -> Secret {
        Secret { name: name.to_owned(), value: value.map(<[u8]>::to_vec) }
    }

    #[test]
    fn a_secret_is_kept_with_what_it_sealed() {
        let mut f = Fixture::new();
        let secrets =
            vec![secret("a/1", Some(b"x")), secret("a/2", Some(b"y")), secret("b", Some(b"z"))];
        f.wait(f.store.queue(None, vec![draft("t", 1)], None, secrets)).unwrap();
        f.restart();
        let names = ["a/2", "c", "a/1"].map(str::to_owned).to_vec();
        let read = |f: &Fixture| f.wait(f.store.secrets(names.clone())).unwrap();
        assert_eq!(read(&f), [Some(b"y".to_vec()), None, Some(b"x".to_vec())]);
        let changed = vec![secret("a/1", None), secret("a/2", Some(b"new"))];
        f.wait(f.store.queue(None, vec![], None, changed)).unwrap();
        assert_eq!(read(&f), [Some(b"new".to_vec()), None, None]);
        assert!(!format!("{:?}", secret("a", Some(b"hush"))).contains("104"), "it is never written out");
    }

    #[test]
    fn another_device_takes_over_all_at_once() {
        let mut f = Fixture::new();
        let (old, new) = (DeviceId::from_bits(1), DeviceId::from_bits(2));
        let account = |device| Account {
            profile: profile("ann"),
            device,
            client_id: "x".to_owned(),
            credential: "y".to_owned(),
        };
        f.wait(f.store.save_account(account(old))).unwrap();
        let sealed = Draft { payload: Some(vec![1]), ..draft(&format!("inbox/bob/ann/{old}"), 1) };
        let kept = [("a/1", "x"), ("b/1", "y"), ("c", "old"), ("ab", "z")];
        let kept = kept.map(|(name, value)| secret(name, Some(value.as_bytes())));
        f.wait(f.store.queue(None, vec![sealed], None, kept.into())).unwrap();
        let keys = vec![secret("c", Some(b"new"))];
        f.wait(f.store.hand_over(old, account(new), keys, &["a/", "b/"])).unwrap();
        f.restart();
        let names = ["a/1", "b/1", "c", "ab"].map(str::to_owned).to_vec();
        let read = f.wait(f.store.secrets(names)).unwrap();
        assert_eq!(read, [None, None, Some(b"new".to_vec()), Some(b"z".to_vec())]);
        assert_eq!(f.wait(f.store.account()).unwrap(), Some(account(new)));
        let due = f.wait(f.store.due(0, 10)).unwrap().remove(0);
        assert_eq!((due.topic, due.payload), (format!("inbox/bob/ann/{new}"), None));
    }

    #[test]
    fn bundles_are_kept_by_device() {
        let mut f = Fixture::new();
        let bundle = |device, version| Bundle {
            user: user("bob"),
            device: DeviceId::from_bits(device),
            version,
            agreement: AgreementKey::from_bytes([1; 32]),
            fallback: AgreementKey::from_bytes([2; 32]),
            at: at(9),
        };
        f.wait(f.store.save_bundles(vec![bundle(1, 1), bundle(2, u64::MAX)])).unwrap();
        f.wait(f.store.save_bundles(vec![bundle(1, 2)])).unwrap();
        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().bundles, [bundle(1, 2), bundle(2, u64::MAX)]);
    }
}
