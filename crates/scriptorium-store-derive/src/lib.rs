//! `#[derive(FromRow)]` for the store: a struct is filled by columns of its fields' names.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result};

/// Fills each field from the column of its name, of another one with `#[row(column = "…")]`, and a field with
/// `#[row(nested)]` from the same row.
#[proc_macro_derive(FromRow, attributes(row))]
pub fn from_row(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "a row is a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(input, "the fields of a row have names"));
    };
    let filled = fields
        .named
        .iter()
        .map(fill)
        .collect::<Result<TokenStream>>()?;
    let name = &input.ident;
    Ok(quote! {
        impl crate::db::FromRow for #name {
            fn from_row(row: &crate::db::Row<'_>) -> crate::error::Result<Self> {
                Ok(Self { #filled })
            }
        }
    })
}

fn fill(field: &Field) -> Result<TokenStream> {
    let Some(name) = &field.ident else {
        return Err(Error::new_spanned(field, "it has no name"));
    };
    Ok(match place(field, name)? {
        Place::Column(column) => quote!(#name: row.get(#column)?,),
        Place::Nested => quote!(#name: crate::db::FromRow::from_row(row)?,),
    })
}

/// Where a field comes from.
enum Place {
    Column(String),
    Nested,
}

fn place(field: &Field, name: &Ident) -> Result<Place> {
    let mut place = Place::Column(name.to_string());
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("row")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("nested") {
                place = Place::Nested;
            } else if meta.path.is_ident("column") {
                place = Place::Column(meta.value()?.parse::<LitStr>()?.value());
            } else {
                return Err(meta.error("it is column or nested"));
            }
            Ok(())
        })?;
    }
    Ok(place)
}
