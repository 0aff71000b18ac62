use std::fmt::{Display, Write};

use crate::layout::Size;

/// An SVG 1.1 document being written. Text and attribute values are escaped; elements are closed by [`Svg::close`].
#[derive(Debug)]
pub(crate) struct Svg {
    out: String,
    open: Vec<&'static str>,
    ids: u32,
}

/// An attribute: name and value.
pub(crate) type Attribute<'a> = (&'static str, &'a dyn Display);

impl Svg {
    /// A document with its root element open.
    pub(crate) fn new(size: Size) -> Self {
        let mut svg = Self { out: String::new(), open: Vec::new(), ids: 0 };
        let (width, height) = (size.width(), size.height());
        svg.open(
            "svg",
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("xmlns:xlink", &"http://www.w3.org/1999/xlink"),
                ("width", &width),
                ("height", &height),
                ("viewBox", &format_args!("0 0 {width} {height}")),
                ("font-family", &"DejaVu Sans, Verdana, sans-serif"),
            ],
        );
        svg
    }

    /// The document, with everything closed.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    /// A name for an element that others refer to, unique in the document.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}{}", self.ids)
    }

    /// Starts an element that holds others.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.start(tag, attributes);
        self.out.push_str(">\n");
        self.open.push(tag);
    }

    /// Ends the element opened last.
    pub(crate) fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.put(format_args!("</{tag}>\n"));
        }
    }

    /// An element without content.
    pub(crate) fn leaf(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.start(tag, attributes);
        self.out.push_str("/>\n");
    }

    /// An element that holds text.
    pub(crate) fn leaf_text(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.start(tag, attributes);
        self.out.push('>');
        escape(&mut self.out, text);
        self.put(format_args!("</{tag}>\n"));
    }

    fn start(&mut self, tag: &str, attributes: &[Attribute<'_>]) {
        self.put(format_args!("<{tag}"));
        for (name, value) in attributes {
            self.put(format_args!(" {name}=\""));
            escape(&mut self.out, &value.to_string());
            self.out.push('"');
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

/// Escapes for both text and attributes; characters that XML 1.0 (2.2) forbids become U+FFFD.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

/// Coordinates of a `path` element, to a hundredth of a pixel.
#[derive(Debug, Default)]
pub(crate) struct PathData(String);

impl PathData {
    /// Adds a chain of points; `closed` joins the last to the first.
    pub(crate) fn chain(&mut self, points: impl IntoIterator<Item = [f64; 2]>, closed: bool) {
        for (index, [x, y]) in points.into_iter().enumerate() {
            self.0.push(if index == 0 { 'M' } else { 'L' });
            push_number(&mut self.0, x);
            self.0.push(' ');
            push_number(&mut self.0, y);
        }
        if closed {
            self.0.push('Z');
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for PathData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A length or place in pixels as short text.
pub(crate) struct Px(pub(crate) f64);

impl Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        push_number(&mut text, self.0);
        f.write_str(&text)
    }
}

fn push_number(out: &mut String, value: f64) {
    // Far outside any picture: kept finite, so that the document stays valid.
    let value = if value.is_nan() { 0.0 } else { value.clamp(-1e6, 1e6) };
    let rounded = (value * 100.0).round() / 100.0 + 0.0;
    let _ = write!(out, "{rounded}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut svg = Svg::new(Size::new(300, 200).unwrap());
        svg.leaf_text("text", &[("id", &"a\"b")], "1 < 2 & \u{1} \"q\"");
        let text = svg.finish();
        let document = resvg::usvg::roxmltree::Document::parse(&text).unwrap();
        let node = document.descendants().find(|node| node.has_tag_name("text")).unwrap();
        assert_eq!(node.text(), Some("1 < 2 & \u{fffd} \"q\""));
        assert_eq!(node.attribute("id"), Some("a\"b"));
    }

    #[test]
    fn numbers_are_short_and_finite() {
        let mut path = PathData::default();
        path.chain([[1.0, -0.001], [f64::NAN, 1e300], [2.345_6, 7.5]], true);
        assert_eq!(path.to_string(), "M1 0L0 1000000L2.35 7.5Z");
    }
}
