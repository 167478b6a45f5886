//! The web pages: templates, assets and texts in three languages.
