//! How conversations call for us: on this device alone.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Result};

use super::{Error, Store};
use crate::domain::{Alerts, ConversationId};

impl ToSql for Alerts {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let code = match self {
            Self::All => 0,
            Self::Mentions => 1,
            Self::None => 2,
        };
        Ok(code.into())
    }
}

impl FromSql for Alerts {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            1 => Ok(Self::Mentions),
            2 => Ok(Self::None),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl Store {
    /// Says when a conversation calls for us.
    pub async fn save_alerts(
        &self,
        conversation: ConversationId,
        alerts: Alerts,
    ) -> std::result::Result<(), Error> {
        self.ask("save what to be told of", move |db| save(db, &conversation, alerts)).await
    }
}

fn save(db: &Connection, party: &ConversationId, alerts: Alerts) -> Result<()> {
    match alerts {
        Alerts::All => db.prepare_cached("DELETE FROM alerts WHERE party = ?1")?.execute([party])?,
        alerts => {
            let save = "INSERT INTO alerts (party, level) VALUES (?1, ?2)
                ON CONFLICT DO UPDATE SET level = excluded.level";
            db.prepare_cached(save)?.execute((party, alerts))?
        }
    };
    Ok(())
}

/// The conversations that do not always call for us.
pub(super) fn all(db: &Connection) -> Result<Vec<(ConversationId, Alerts)>> {
    let mut all = db.prepare_cached("SELECT party, level FROM alerts")?;
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Fixture, direct};

    #[test]
    fn what_was_chosen_is_kept() {
        let mut f = Fixture::new();
        let save = |f: &Fixture, who, alerts| f.wait(f.store.save_alerts(direct(who), alerts)).unwrap();
        save(&f, "bob", Alerts::None);
        save(&f, "ann", Alerts::None);
        save(&f, "ann", Alerts::Mentions);
        f.restart();
        let known = f.wait(f.store.load()).unwrap().alerts;
        assert_eq!(known, [(direct("ann"), Alerts::Mentions), (direct("bob"), Alerts::None)]);
        save(&f, "bob", Alerts::All);
        assert_eq!(f.wait(f.store.load()).unwrap().alerts.len(), 1);
    }
}
