//! Who runs when: which executions may begin ([`admission`]), and which of those that have begun
//! is on a thread ([`threads`]), fairly between tenants (D3). Never what a script may do, and
//! nothing durable: what waits in the store is the worker's.

mod admission;
mod gate;
mod ready;
mod share;
mod threads;
mod usage;

pub use admission::AdmissionStatistics;
pub use gate::{Bound, Refusal};
pub use share::{Shares, TenantShare};
pub use threads::SchedulerStatistics;
pub use usage::TenantUse;

pub(crate) use admission::{Admission, Permit};
pub(crate) use gate::Bid;
pub(crate) use threads::{Account, Control, Threads};
