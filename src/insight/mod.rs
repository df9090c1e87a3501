//! What the dashboard shows: how many stand where, who they are, what happened.
//!
//! Owns reading queries across the tables of a brand and the arithmetic of series. Never writes, and
//! never computes a stage: it counts what the projector wrote. Each function is bound to one brand
//! and finds its rows by an index.
//!
//! Start with [`mod@overview`] for figures, [`list_customers`] and [`find_customer`] for people,
//! [`list_timeline`] for one life, [`list_live`] for what is arriving.

mod complaint_store;
mod customer_store;
mod live;
mod live_store;
mod network;
mod network_store;
mod overview;
mod overview_store;
mod timeline_store;
mod value;
mod value_store;

pub use complaint_store::{
    Complainant, ComplaintKind, ComplaintPosition, count_complainants, list_complainants,
    list_properties,
};
pub use customer_store::{
    Alias, Customer, CustomerPosition, CustomerSummary, find_customer, find_profile_by_alias,
    has_customers, list_customers, list_profiles_by_email,
};
pub use live::{
    LiveItem, LiveKind, LivePosition, count_arrivals, find_latest_arrival, list_live,
    list_live_after,
};
pub use network::find_roles;
pub use network_store::{
    Introduction, NamedEvent, RefusedClaim, Relative, TopReferrer, find_introduction, find_reach,
    list_events_named, list_family, list_introductions, list_names, list_refused_claims,
    list_top_referrers,
};
pub use overview::{Overview, Week, overview};
pub use timeline_store::{Happening, TimelineEntry, TimelinePosition, list_timeline};
pub use value::{Disagreement, PROBABLY_ACTIVE, PROBABLY_GONE};
pub use value_store::{
    CustomerValue, StageValue, ValueFigures, find_customer_value, find_value_figures,
    list_stage_values,
};
