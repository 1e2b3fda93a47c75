//! The lines of a receipt as rows and back.

use domain::{CallId, Charge, Item, Micros, Purpose, Receipt};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Columns, whole};
use crate::StoreError;

const PUT: &str = "
INSERT INTO charges (call_id, line, payee, item, purpose, amount, cost_micros)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (call_id, line) DO NOTHING";

/// Binds the id of a call.
pub(in crate::database) const FIND: &str = "
SELECT payee, item, purpose, amount, cost_micros FROM charges
WHERE call_id = $1 ORDER BY line";

/// Writes the lines of a call's receipt.
pub(super) async fn put(
    connection: &mut AnyConnection,
    call: CallId,
    receipt: &Receipt,
) -> Result<(), sqlx::Error> {
    for (line, charge) in (0_i64..).zip(&receipt.0) {
        sqlx::query(PUT)
            .bind(call.to_string())
            .bind(line)
            .bind(charge.payee.to_string())
            .bind(charge.item.as_str())
            .bind(charge.purpose.as_str())
            .bind(whole(charge.amount))
            .bind(charge.cost.map(|cost| whole(cost.0)))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// A line from a row of [`FIND`].
pub(in crate::database) fn read(row: &AnyRow) -> Result<Charge, StoreError> {
    let row = Columns {
        table: "charges",
        row,
    };
    let cost = match row.get::<Option<i64>>("cost_micros")? {
        Some(_) => Some(Micros(row.count("cost_micros")?)),
        None => None,
    };
    Ok(Charge {
        payee: row.parse("payee")?,
        item: row.one_of("item", &Item::ALL, Item::as_str)?,
        purpose: row.one_of("purpose", &Purpose::ALL, Purpose::as_str)?,
        amount: row.count("amount")?,
        cost,
    })
}
