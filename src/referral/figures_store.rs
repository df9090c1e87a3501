//! SQL of how far word of mouth carries a brand. Computed every few minutes, read at once.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::kernel::id::BrandId;
use crate::postgres::{Error, PgConnection};

/// Days that the counts are of.
pub const WINDOW_DAYS: i32 = 90;
/// The top hundredth is told only where at least this many have brought somebody.
const REFERRERS_MIN: i64 = 100;
/// Generations counted at most.
const GENERATIONS_MAX: i32 = 20;

/// How far word of mouth carries a brand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// When this was so.
    pub computed_at: DateTime<Utc>,
    /// The window of the counts, in days before `computed_at`.
    pub window_days: i32,
    /// People known by then.
    pub customers: i64,
    /// Codes they passed on within the window.
    pub invitations: i64,
    /// People brought in person who became customers within it, without those taken back.
    pub conversions: i64,
    /// People who came to be known within it.
    pub newcomers: i64,
    /// Of these, those whom somebody brought.
    pub newcomers_brought: i64,
    /// The median of the days from one person's coming to be known to the same of somebody they
    /// brought, over the conversions; none without any.
    pub hop_days_median: Option<f64>,
    /// The longest chain of people each of whom brought the next, in hops, of all time.
    pub generations: i32,
    /// The reach from which somebody is among the top hundredth; none where too few have any.
    pub influence_floor: Option<f64>,
}

impl Figures {
    /// Invitations per customer.
    pub fn invitations_per_customer(&self) -> Option<f64> {
        ratio(self.invitations, self.customers)
    }

    /// Conversions per invitation.
    pub fn conversion_rate(&self) -> Option<f64> {
        ratio(self.conversions, self.invitations)
    }

    /// K: how many customers each customer brings in a window, which is invitations per customer
    /// times conversions per invitation. From 1 on word of mouth alone makes a brand grow.
    pub fn k(&self) -> Option<f64> {
        ratio(self.conversions, self.customers)
    }

    /// The share of newcomers whom somebody brought, 0 to 1.
    pub fn share_brought(&self) -> Option<f64> {
        ratio(self.newcomers_brought, self.newcomers)
    }
}

fn ratio(part: i64, whole: i64) -> Option<f64> {
    let number = |count: i64| i32::try_from(count).map_or(f64::from(i32::MAX), f64::from);
    (whole > 0).then(|| number(part) / number(whole))
}

/// The figures as last computed.
pub async fn find_figures(
    conn: &mut PgConnection,
    brand_id: BrandId,
) -> Result<Option<Figures>, Error> {
    let figures = sqlx::query_as!(
        Figures,
        "select computed_at, window_days, customers, invitations, conversions, newcomers,
                newcomers_brought, hop_days_median, generations, influence_floor
         from referral_figures where brand_id = $1",
        brand_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(figures)
}

/// Brands in which somebody was invited or came by somebody, and whose figures are older than
/// `before`.
pub async fn list_stale(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<Vec<BrandId>, Error> {
    let brands = sqlx::query_scalar!(
        r#"select b.brand_id as "brand_id: BrandId" from brand b
           where (exists (select 1 from referral_link l where l.brand_id = b.brand_id)
                  or exists (select 1 from referral_claim c where c.brand_id = b.brand_id))
             and not exists (select 1 from referral_figures f
                             where f.brand_id = b.brand_id and f.computed_at > $1)"#,
        before,
    )
    .fetch_all(conn)
    .await?;
    Ok(brands)
}

/// Computes the figures of a brand and keeps them. `hop_factor` is what is left of a credit with
/// each hop.
pub async fn refresh_figures(
    conn: &mut PgConnection,
    brand_id: BrandId,
    hop_factor: f64,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let since = now - TimeDelta::days(i64::from(WINDOW_DAYS));
    sqlx::query!(
        r#"with recursive stays as (
               select referee_id, referrer_id, converted_at from referral_credit
               where brand_id = $1 and hop = 1 and clawed_back_at is null
           ),
           chain as (
               select s.referee_id, 1 as depth from stays s
               where not exists (select 1 from stays up where up.referee_id = s.referrer_id)
               union all
               select s.referee_id, c.depth + 1 from chain c
               join stays s on s.referrer_id = c.referee_id
               where c.depth < $5
           ),
           reach as (
               select sum(power($4::float8, hop - 1)) as credit from referral_credit
               where brand_id = $1 and clawed_back_at is null
               group by referrer_id
           )
           insert into referral_figures
               (brand_id, computed_at, window_days, customers, invitations, conversions, newcomers,
                newcomers_brought, hop_days_median, generations, influence_floor)
           select $1, $2, $6,
               (select count(*) from standing where brand_id = $1 and known_since is not null),
               (select count(*) from referral_link
                where brand_id = $1 and shared_at >= $3 and shared_at <= $2),
               (select count(*) from stays where converted_at >= $3 and converted_at <= $2),
               (select count(*) from standing where brand_id = $1 and known_since >= $3),
               (select count(*) from standing s where s.brand_id = $1 and s.known_since >= $3
                and exists (select 1 from referral_claim c where c.brand_id = $1
                            and c.referee_id = s.profile_id and c.refusal is null)),
               (select percentile_cont(0.5) within group (
                           order by extract(epoch from came.known_since - brought.known_since)
                                    / 86400)
                from stays t
                     join standing came on came.brand_id = $1 and came.profile_id = t.referee_id
                     join standing brought
                          on brought.brand_id = $1 and brought.profile_id = t.referrer_id
                where t.converted_at >= $3 and t.converted_at <= $2),
               coalesce((select max(depth) from chain), 0),
               (select percentile_disc(0.99) within group (order by credit) from reach
                having count(*) >= $7)
           on conflict on constraint referral_figures_pkey do update set
               computed_at = excluded.computed_at, window_days = excluded.window_days,
               customers = excluded.customers, invitations = excluded.invitations,
               conversions = excluded.conversions, newcomers = excluded.newcomers,
               newcomers_brought = excluded.newcomers_brought,
               hop_days_median = excluded.hop_days_median, generations = excluded.generations,
               influence_floor = excluded.influence_floor"#,
        brand_id.uuid(),
        now,
        since,
        hop_factor,
        GENERATIONS_MAX,
        WINDOW_DAYS,
        REFERRERS_MIN,
    )
    .execute(conn)
    .await?;
    Ok(())
}
