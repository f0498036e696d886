//! Batches of rows written by `COPY` in PostgreSQL's binary format: no statement to plan over
//! arrays, and one entry of the write-ahead log per page instead of one per row.

use sqlx::encode::IsNull;
use sqlx::postgres::PgArgumentBuffer;
use sqlx::{Encode, PgConnection, Postgres};

/// How a binary copy begins: its signature, no flags, no extension (PostgreSQL's documentation of
/// COPY, "Binary Format").
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// In place of a row's number of fields: no more rows.
const END: i16 = -1;
/// In place of a field's length: no value.
const NULL: i32 = -1;

/// Bytes that a field takes with its length, on average.
const USUAL: usize = 20;

/// Rows to write, encoded as they are added.
pub struct Rows {
    buffer: PgArgumentBuffer,
    fields: i16,
}

impl Rows {
    /// Room for `rows` rows of `fields` fields; more rows may follow.
    #[must_use]
    pub fn of(fields: i16, rows: usize) -> Self {
        let mut buffer = PgArgumentBuffer::default();
        buffer.reserve(rows * usize::from(fields.unsigned_abs()) * USUAL);
        buffer.extend_from_slice(HEAD);
        Self { buffer, fields }
    }

    /// Begins the next row; its fields follow, in order.
    pub fn begin(&mut self) -> &mut Self {
        let fields = self.fields;
        self.buffer.extend_from_slice(&fields.to_be_bytes());
        self
    }

    /// The row's next field. Its type must be the column's: the database refuses all rows when the
    /// length of one differs.
    pub fn put<'v>(&mut self, value: impl Encode<'v, Postgres>) -> Result<&mut Self, sqlx::Error> {
        let at = self.buffer.len();
        self.buffer.extend_from_slice(&NULL.to_be_bytes());
        if let IsNull::No = value
            .encode(&mut self.buffer)
            .map_err(sqlx::Error::Encode)?
        {
            let begins = at + size_of::<i32>();
            let length = i32::try_from(self.buffer.len() - begins)
                .map_err(|e| sqlx::Error::Encode(e.into()))?;
            self.buffer[at..begins].copy_from_slice(&length.to_be_bytes());
        }
        Ok(self)
    }

    /// Writes the rows, all or none; returns how many. `statement` is a `copy … from stdin (format
    /// binary)` that names the columns.
    pub async fn write(
        mut self,
        db: &mut PgConnection,
        statement: &'static str,
    ) -> Result<u64, sqlx::Error> {
        self.buffer.extend_from_slice(&END.to_be_bytes());
        let mut copy = db.copy_in_raw(statement).await?;
        copy.send(self.buffer.as_slice()).await?;
        copy.finish().await
    }
}
