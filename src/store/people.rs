//! Who we are, whom we know, and which groups there are.

use std::sync::Arc;

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension, Result, Row, named_params};

use super::row::{from_bits, json, profile, to_json};
use super::value::{Account, KnownPerson, LastSeen, StoredGroup};
use crate::domain::{GroupId, Profile, Standing, Timestamp};

pub(super) fn account(db: &Connection) -> Result<Option<Account>> {
    let one = "SELECT user, identity, version, display_name, mobile, registered_at, devices, device, client_id,
            credential
        FROM account";
    let read = |row: &Row<'_>| {
        let (device, client_id, credential) = (row.get(7)?, row.get(8)?, row.get(9)?);
        Ok(Account { profile: profile(row)?, device, client_id, credential })
    };
    db.prepare_cached(one)?.query_row([], read).optional()
}

pub(super) fn save_account(db: &Connection, account: &Account) -> Result<()> {
    let save = "INSERT OR REPLACE INTO account
            (one, user, identity, version, display_name, mobile, registered_at, devices, device, client_id,
              credential)
        VALUES (1, :user, :identity, :version, :display_name, :mobile, :registered_at, :devices, :device,
            :client_id, :credential)";
    db.prepare_cached(save)?.execute(named_params! {
        ":user": account.profile.user,
        ":identity": account.profile.identity,
        ":version": account.profile.version.cast_signed(),
        ":display_name": account.profile.display_name,
        ":mobile": account.profile.mobile,
        ":registered_at": account.profile.registered_at,
        ":devices": to_json(&account.profile.devices)?,
        ":device": account.device,
        ":client_id": account.client_id,
        ":credential": account.credential,
    })?;
    Ok(())
}

pub(super) fn next_epoch(db: &Connection, now: Timestamp) -> Result<u64> {
    let next = "INSERT INTO connection (one, epoch) VALUES (1, ?1)
        ON CONFLICT (one) DO UPDATE SET epoch = max(epoch + 1, excluded.epoch)
        RETURNING epoch";
    db.prepare_cached(next)?.query_row([now], |row| row.get(0)).map(from_bits)
}

pub(super) fn save_profile(db: &Connection, profile: &Profile) -> Result<()> {
    let save = "UPDATE account
        SET version = ?1, display_name = ?2, mobile = ?3, registered_at = ?4, devices = ?5";
    db.prepare_cached(save)?.execute((
        profile.version.cast_signed(),
        &profile.display_name,
        &profile.mobile,
        profile.registered_at,
        to_json(&profile.devices)?,
    ))?;
    Ok(())
}

/// We are another device, which was never connected.
pub(super) fn forget_epoch(db: &Connection) -> Result<()> {
    db.execute("DELETE FROM connection", []).map(drop)
}

/// The epoch of the last connection.
pub(super) fn epoch(db: &Connection) -> Result<u64> {
    let last = "SELECT coalesce((SELECT epoch FROM connection), 0)";
    db.prepare_cached(last)?.query_row([], |row| row.get(0)).map(from_bits)
}

/// The broker of the last connection, as far as it is known.
pub(super) fn broker(db: &Connection) -> Result<Option<String>> {
    let last = "SELECT (SELECT broker FROM connection)";
    db.prepare_cached(last)?.query_row([], |row| row.get(0))
}

pub(super) fn note_broker(db: &Connection, broker: &str) -> Result<()> {
    // Whoever signs up has none yet.
    let note = "INSERT INTO connection (one, epoch, broker) VALUES (1, 0, ?1)
        ON CONFLICT (one) DO UPDATE SET broker = excluded.broker";
    db.prepare_cached(note)?.execute([broker]).map(drop)
}

pub(super) fn people(db: &Connection) -> Result<Vec<KnownPerson>> {
    let all = "SELECT user, identity, version, display_name, mobile, registered_at, devices, last_seen,
            verified, claim, blocked
        FROM person ORDER BY user";
    let mut all = db.prepare_cached(all)?;
    let read = |row: &Row<'_>| {
        let claim: Option<String> = row.get(9)?;
        Ok(KnownPerson {
            profile: profile(row)?,
            last_seen: row.get(7)?,
            verified: row.get(8)?,
            claim: claim.map(|text| json(&text, 9)).transpose()?,
            blocked: row.get(10)?,
        })
    };
    all.query_map([], read)?.collect()
}

pub(super) fn save_people(db: &mut Connection, people: &[KnownPerson]) -> Result<()> {
    let save = "INSERT INTO person
            (user, identity, version, display_name, mobile, registered_at, devices, last_seen, verified,
                claim, blocked)
        VALUES (:user, :identity, :version, :display_name, :mobile, :registered_at, :devices, :last_seen,
            :verified, :claim, :blocked)
        ON CONFLICT (user) DO UPDATE SET
            identity = excluded.identity, version = excluded.version,
            display_name = excluded.display_name, mobile = excluded.mobile,
            registered_at = excluded.registered_at, devices = excluded.devices,
            verified = excluded.verified, claim = excluded.claim, blocked = excluded.blocked,
            last_seen = coalesce(excluded.last_seen, last_seen)";
    let transaction = db.transaction()?;
    for KnownPerson { profile, last_seen, verified, claim, blocked } in people {
        transaction.prepare_cached(save)?.execute(named_params! {
            ":user": profile.user,
            ":identity": profile.identity,
            ":version": profile.version.cast_signed(),
            ":display_name": profile.display_name,
            ":mobile": profile.mobile,
            ":registered_at": profile.registered_at,
            ":devices": to_json(&profile.devices)?,
            ":last_seen": last_seen,
            ":verified": verified,
            ":claim": claim.as_ref().map(to_json).transpose()?,
            ":blocked": blocked,
        })?;
    }
    transaction.commit()
}

pub(super) fn save_last_seen(db: &mut Connection, seen: &[LastSeen]) -> Result<()> {
    let transaction = db.transaction()?;
    for (user, at) in seen {
        let save = "UPDATE person SET last_seen = ?2 WHERE user = ?1";
        transaction.prepare_cached(save)?.execute((user, at))?;
    }
    transaction.commit()
}

pub(super) fn groups(db: &Connection) -> Result<Vec<StoredGroup>> {
    let all = "SELECT id, signed, standing, invited_by, unsubscribe FROM groups ORDER BY id";
    let mut all = db.prepare_cached(all)?;
    all.query_map([], group)?.collect()
}

fn group(row: &Row<'_>) -> Result<StoredGroup> {
    let wrong = |column, error: FromSqlError| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    };
    let signed = row.get_ref(1)?.as_blob()?.split(|byte| *byte == b'\n');
    let standing = match (row.get_ref(2)?.as_str()?, row.get(3)?) {
        ("member", None) => Standing::Member,
        ("invited", Some(by)) => Standing::Invited(by),
        ("listed", None) => Standing::Listed,
        ("left", None) => Standing::Left,
        _ => return Err(wrong(2, FromSqlError::InvalidType)),
    };
    let signed = signed.map(Arc::from).collect();
    Ok(StoredGroup { id: row.get(0)?, signed, standing, unsubscribe: row.get(4)? })
}

pub(super) fn save_group(db: &Connection, stored: &StoredGroup) -> Result<()> {
    let StoredGroup { id, signed, standing, unsubscribe } = stored;
    let (standing, invited_by) = match standing {
        Standing::Member => ("member", None),
        Standing::Invited(by) => ("invited", Some(by)),
        Standing::Listed => ("listed", None),
        Standing::Left => ("left", None),
    };
    let save = "INSERT OR REPLACE INTO groups (id, signed, standing, invited_by, unsubscribe)
        VALUES (:id, :signed, :standing, :invited_by, :unsubscribe)";
    db.prepare_cached(save)?.execute(named_params! {
        ":id": id,
        ":signed": signed.join(&b'\n'),
        ":standing": standing,
        ":invited_by": invited_by,
        ":unsubscribe": unsubscribe,
    })?;
    Ok(())
}

pub(super) fn forget_group(db: &Connection, id: GroupId) -> Result<()> {
    db.prepare_cached("DELETE FROM groups WHERE id = ?1")?.execute([id])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::{DeviceId, MobileNumber, Profile, UserName};
    use crate::store::testing::{Fixture, at, group, profile, user};

    use super::*;

    #[test]
    fn the_account_is_one_and_its_epochs_only_grow() {
        let mut f = Fixture::new();
        assert_eq!(f.wait(f.store.account()).unwrap(), None);
        let mobile = Some(MobileNumber::new("+1 2").unwrap());
        let mut account = Account {
            // A number of any size may come back from the network.
            profile: Profile { version: u64::MAX, mobile, ..profile("me") },
            device: DeviceId::from_bits(u64::MAX - 1),
            client_id: "0123456789abcdef".to_owned(),
            credential: "a secret".to_owned(),
        };
        f.wait(f.store.save_account(account.clone())).unwrap();
        let epoch = |f: &Fixture, now| f.wait(f.store.next_epoch(at(now))).unwrap();
        assert_eq!(epoch(&f, 100), 100);
        assert_eq!(epoch(&f, 100), 101);
        assert_eq!(epoch(&f, 3), 102, "the clock went back");
        account.profile.mobile = None;
        f.wait(f.store.save_account(account.clone())).unwrap();
        f.restart();
        assert_eq!(f.wait(f.store.account()).unwrap(), Some(account));
        assert_eq!(epoch(&f, 0), 103);
        assert_eq!(epoch(&f, 5_000), 5_000);
    }

    #[test]
    fn people_are_replaced_and_their_last_seen_is_kept() {
        let mut f = Fixture::new();
        let known = |name, last_seen| KnownPerson { last_seen, ..KnownPerson::met(profile(name)) };
        let seen = |list: &[(&str, i64)]| {
            list.iter().map(|&(name, ms)| (user(name), at(ms))).collect::<Vec<(UserName, _)>>()
        };
        f.wait(f.store.save_people(vec![known("bob", None), known("ann", Some(at(5)))])).unwrap();
        f.wait(f.store.save_last_seen(seen(&[("bob", 9), ("stranger", 9), ("bob", 8)]))).unwrap();
        let mut renamed = known("ann", None);
        renamed.profile.version = 2;
        renamed.verified = true;
        renamed.blocked = true;
        renamed.claim = Some(profile("ann"));
        f.wait(f.store.save_people(vec![renamed.clone()])).unwrap();
        f.restart();
        renamed.last_seen = Some(at(5));
        let people = f.wait(f.store.load()).unwrap().people;
        assert_eq!(people, [renamed, known("bob", Some(at(8)))]);
    }

    #[test]
    fn groups_read_back_in_every_standing() {
        let mut f = Fixture::new();
        let standings =
            [Standing::Member, Standing::Invited(user("ann")), Standing::Listed, Standing::Left];
        let all: Vec<_> = (1..)
            .zip(standings)
            .map(|(n, standing)| StoredGroup { standing, unsubscribe: n % 2 == 0, ..group(n) })
            .collect();
        for stored in all.iter().rev() {
            f.wait(f.store.save_group(group(stored.id.bits()))).unwrap();
            f.wait(f.store.save_group(stored.clone())).unwrap();
        }
        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().groups, all);
        f.wait(f.store.forget_group(all[0].id)).unwrap();
        f.wait(f.store.forget_group(all[0].id)).unwrap();
        assert_eq!(f.wait(f.store.load()).unwrap().groups, all[1..]);
    }
}
