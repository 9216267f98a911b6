//! What is sent as a body: nothing, a template, a file, or a form of both. Files are read before the clock starts.

use std::borrow::Cow;
use std::path::Path;

use crate::config::scenario::{Body, FormContent, FormPart};

use super::check::cut;
use super::data::read_bounded;
use super::template::{Escape, Source, Template, Values, is_header_value};

/// The largest file that is sent, in bytes.
pub(super) const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// So many boundaries are tried for a form.
const BOUNDARIES_MAX: u32 = 10_000;

/// A body ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct ReadyBody {
    pieces: Vec<Piece>,
    /// What parts of a form are separated by, without the leading dashes.
    boundary: Option<String>,
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Vec<u8>),
    Text(Template, Escape),
}

impl ReadyBody {
    /// Makes a body ready. `media_type` is what the step's own `content-type` says: values are made safe for it. Problems are in words.
    pub(super) fn new(
        body: &Body,
        media_type: Option<&str>,
        root: &Path,
        source: &dyn Fn(&str) -> Option<Source>,
    ) -> Result<Self, Vec<String>> {
        let one = |piece| Self { pieces: vec![piece], boundary: None };
        let named = |error| vec![format!("body: {error}")];
        match body {
            Body::Empty => Ok(Self { pieces: Vec::new(), boundary: None }),
            Body::Text(text) => {
                Template::parse(text, source).map(|text| one(Piece::Text(text, escape(media_type)))).map_err(named)
            }
            Body::File(path) => file(root, path).map(|bytes| one(Piece::Bytes(bytes))).map_err(named),
            Body::Multipart(_) if media_type.is_some() => {
                Err(named("a form makes its own `content-type`; leave that header out".to_owned()))
            }
            Body::Multipart(parts) => form(parts, root, source),
        }
    }

    /// The `content-type` of a form, boundary included; `None` for any other body.
    pub(super) fn media_type(&self) -> Option<String> {
        self.boundary.as_ref().map(|boundary| format!("multipart/form-data; boundary={boundary}"))
    }

    /// The body, where no value is in it.
    pub(super) fn fixed(&self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => body.extend_from_slice(bytes),
                Piece::Text(text, _) => body.extend_from_slice(text.fixed()?.as_bytes()),
            }
        }
        Some(body)
    }

    /// The body with every value in its place; an error, in words, where that cannot be.
    pub(super) fn fill(&self, values: &dyn Values) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => body.extend_from_slice(bytes),
                Piece::Text(text, escape) => {
                    let text = text.fill(values, *escape, *escape)?;
                    if self.boundary.as_ref().is_some_and(|boundary| text.contains(boundary)) {
                        return Err("a value holds the boundary of its form".to_owned());
                    }
                    body.extend_from_slice(text.as_bytes());
                }
            }
        }
        Ok(body)
    }
}

/// What values are made safe for in a body of this media type.
fn escape(media_type: Option<&str>) -> Escape {
    let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Escape::Percent,
        json if json == "application/json" || json.ends_with("+json") => Escape::Json,
        _ => Escape::Plain,
    }
}

fn file(root: &Path, path: &Path) -> Result<Vec<u8>, String> {
    read_bounded(&root.join(path), BODY_BYTES_MAX)
        .map_err(|error| format!("`{}` {error}", cut(&path.to_string_lossy())))
}

/// A form (RFC 7578). Its boundary is one that no file of it holds.
fn form(parts: &[FormPart], root: &Path, source: &dyn Fn(&str) -> Option<Source>) -> Result<ReadyBody, Vec<String>> {
    let (mut ready, mut problems) = (Vec::new(), Vec::new());
    for part in parts {
        match content(part, root, source) {
            Ok(piece) => ready.push((head(part), piece)),
            Err(error) => problems.push(format!("part `{}` of the form: {error}", cut(&part.name))),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let boundary = (0..BOUNDARIES_MAX).map(|n| format!("tollgate-form-{n:016x}")).find(|boundary| {
        ready.iter().all(|(_, piece)| match piece {
            Piece::Bytes(bytes) => !bytes.windows(boundary.len()).any(|found| found == boundary.as_bytes()),
            Piece::Text(text, _) => !text.fixed().is_some_and(|text| text.contains(boundary)),
        })
    });
    let none = || vec!["the files of the form hold every boundary that could be used".to_owned()];
    let boundary = boundary.ok_or_else(none)?;
    let mut pieces = Vec::new();
    for (head, piece) in ready {
        pieces.push(Piece::Bytes(format!("--{boundary}\r\n{head}\r\n\r\n").into_bytes()));
        pieces.push(piece);
        pieces.push(Piece::Bytes(b"\r\n".to_vec()));
    }
    pieces.push(Piece::Bytes(format!("--{boundary}--\r\n").into_bytes()));
    Ok(ReadyBody { pieces, boundary: Some(boundary) })
}

fn content(part: &FormPart, root: &Path, source: &dyn Fn(&str) -> Option<Source>) -> Result<Piece, String> {
    match &part.content {
        FormContent::Text(text) => Template::parse(text, source).map(|text| Piece::Text(text, Escape::Plain)),
        FormContent::File { media_type, .. } if !is_header_value(media_type) => {
            Err("its media type holds a control character".to_owned())
        }
        FormContent::File { path, .. } => file(root, path).map(Piece::Bytes),
    }
}

fn head(part: &FormPart) -> String {
    let name = quoted(&part.name);
    match &part.content {
        FormContent::Text(_) => format!("content-disposition: form-data; name=\"{name}\""),
        FormContent::File { path, media_type } => {
            let file = path.file_name().map_or(Cow::Borrowed(""), |name| name.to_string_lossy());
            let file = quoted(&file);
            format!(
                "content-disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\ncontent-type: {media_type}"
            )
        }
    }
}

/// A name as browsers write it in a form.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    struct Row(&'static str);

    impl Values for Row {
        fn value(&self, _: Source) -> Option<&str> {
            Some(self.0)
        }
    }

    fn source(name: &str) -> Option<Source> {
        (name == "row").then_some(Source::Column(0))
    }

    fn check(body: &Body, media_type: Option<&str>, row: &'static str, expected: &str) {
        let text = match ReadyBody::new(body, media_type, Path::new("tests/fixtures"), &source) {
            Ok(body) => body.fill(&Row(row)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            Err(problems) => Err(problems.join("; ")),
        };
        assert_eq!(text.unwrap_or_else(|error| error), expected);
    }

    #[test]
    fn values_are_made_safe_for_the_media_type() {
        let body = Body::Text("v={row}".to_owned());
        check(&body, Some("Application/JSON; charset=utf-8"), "\"&", "v=\\\"&");
        check(&body, Some("application/problem+json"), "\"&", "v=\\\"&");
        check(&body, Some("application/x-www-form-urlencoded"), "\"&", "v=%22%26");
        check(&body, Some("text/plain"), "\"&", "v=\"&");
        check(&body, None, "\"&", "v=\"&");
    }

    #[test]
    fn a_form_holds_texts_and_files() {
        let text = FormPart { name: "a\"\r\nb".to_owned(), content: FormContent::Text("<{row}>".to_owned()) };
        let path = PathBuf::from("formats/bencher/ORIGIN.txt");
        let file =
            FormPart { name: "f".to_owned(), content: FormContent::File { path, media_type: "text/plain".to_owned() } };
        let origin = include_str!("../../../tests/fixtures/formats/bencher/ORIGIN.txt");
        let line = "--tollgate-form-0000000000000000";
        let expected = format!(
            "{line}\r\ncontent-disposition: form-data; name=\"a%22%0D%0Ab\"\r\n\r\n<x>\r\n{line}\r\ncontent-disposition: form-data; name=\"f\"; \
             filename=\"ORIGIN.txt\"\r\ncontent-type: text/plain\r\n\r\n{origin}\r\n{line}--\r\n"
        );
        check(&Body::Multipart(vec![text.clone(), file]), None, "x", &expected);
        check(
            &Body::Multipart(vec![text]),
            None,
            "tollgate-form-0000000000000000",
            "a value holds the boundary of its form",
        );
    }

    #[test]
    fn a_body_that_cannot_be_made_is_said_before_the_clock_starts() {
        let missing = Body::File(PathBuf::from("missing.bin"));
        check(&missing, None, "", "body: `missing.bin` cannot be read: No such file or directory (os error 2)");
        check(&Body::File(PathBuf::from("formats")), None, "", "body: `formats` is not a file");
        check(
            &Body::Multipart(Vec::new()),
            Some("a/b"),
            "",
            "body: a form makes its own `content-type`; leave that header out",
        );
    }
}
