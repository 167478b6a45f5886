//! Works on executions that wait in the store.

use crate::runtime::Runtime;

pub(crate) async fn work(_runtime: Runtime) {}
