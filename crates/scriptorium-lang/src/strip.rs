//! TypeScript to JavaScript: types go, enums and namespaces become code, the rest stays.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_semantic::Scoping;
use oxc_transformer::{TransformOptions, Transformer};

use crate::diagnostic::Finding;
use crate::parse;
use crate::position::Stripped;
use crate::text::{Terminators, Text};

/// Needed by the transformer and the source map; never read, never shown.
const PATH: &str = "script.ts";

/// Strips the types off a program that has passed [`parse::analyse`].
pub(crate) fn strip<'a>(
    allocator: &'a Allocator,
    mut program: Program<'a>,
    scoping: Scoping,
) -> Result<(String, Stripped), Vec<Finding>> {
    let transformed = Transformer::new(allocator, Path::new(PATH), &TransformOptions::default())
        .build_with_scoping(scoping, &mut program);
    let findings = parse::findings(&transformed.diagnostics);
    if !findings.is_empty() {
        return Err(findings);
    }
    let options = CodegenOptions {
        comments: CommentOptions::disabled(),
        source_map_path: Some(PATH.into()),
        ..CodegenOptions::default()
    };
    let generated = Codegen::new().with_options(options).build(&program);
    let tokens = generated
        .map
        .iter()
        .flat_map(|map| map.get_tokens())
        .map(|token| {
            let code = (token.get_dst_line(), token.get_dst_col());
            (code, (token.get_src_line(), token.get_src_col()))
        });
    let stripped = Stripped {
        text: Text::new(&generated.code, Terminators::Ecma),
        tokens: tokens.collect(),
    };
    Ok((generated.code, stripped))
}
