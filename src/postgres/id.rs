//! How typed ids read from Postgres: as the `uuid` they wrap.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use uuid::Uuid;

use crate::kernel::id::Id;

impl<K> sqlx::Type<Postgres> for Id<K> {
    fn type_info() -> PgTypeInfo {
        <Uuid as sqlx::Type<Postgres>>::type_info()
    }
}

impl<K> PgHasArrayType for Id<K> {
    fn array_type_info() -> PgTypeInfo {
        <Uuid as PgHasArrayType>::array_type_info()
    }
}

impl<'r, K> sqlx::Decode<'r, Postgres> for Id<K> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <Uuid as sqlx::Decode<Postgres>>::decode(value).map(Self::from_uuid)
    }
}

impl<K> sqlx::Encode<'_, Postgres> for Id<K> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <Uuid as sqlx::Encode<Postgres>>::encode_by_ref(&self.uuid(), buffer)
    }
}
