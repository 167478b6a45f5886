//! The store against both real databases, SQLite in a temporary directory and PostgreSQL in a private
//! cluster, with a virtual clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]

mod access;
mod alerts;
mod attached;
mod audit;
mod audit_tampering;
mod backup;
mod batches;
mod bench;
mod business_tables;
mod catalog;
mod crash;
mod dead_letters;
mod drafts;
mod events;
mod executions;
mod halts;
mod history;
mod idempotency;
mod import;
mod isolation;
mod joined;
mod libraries;
mod lifecycle;
mod lists;
mod locks;
mod logins;
mod nodes;
mod notifications;
mod operations;
mod order;
mod outbox;
mod plans;
mod pruning;
mod queue;
mod recall;
mod remote_services;
mod removal;
mod replica;
mod retention;
mod schedules;
mod script_data;
mod scripts;
mod search;
mod seats;
mod secrets;
mod signing;
mod storage;
mod storage_in_transactions;
mod support;
mod tenant_data;
