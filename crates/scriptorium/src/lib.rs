//! Scriptorium as a library: let the users of your application extend it with JavaScript.
