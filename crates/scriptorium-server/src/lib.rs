//! The HTTP server: API, sign-in, script endpoints.
