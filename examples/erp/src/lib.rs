//! A sample business that embeds Scriptorium: clients, products, orders, invoices, notifications.
