//! How much of what is generated, and how often each question is asked.

/// The size of the database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) tenants: u64,
    pub(crate) scripts: u64,
    pub(crate) executions: u64,
    /// How often each question is asked, at most; ten seconds are enough for any.
    pub(crate) rounds: usize,
    /// How long ends are recorded.
    pub(crate) recording: std::time::Duration,
}

impl Shape {
    /// Scripts of one tenant, at least one for each type.
    pub(crate) fn scripts_of_tenant(self) -> u64 {
        (self.scripts / self.tenants).max(5)
    }
}
