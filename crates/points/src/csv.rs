//! CSV by RFC 4180, with `\n` at the ends of lines.
use crate::chunk::{Chunk, Value};
use crate::sink::Sink;
use crate::time::time_text;
use crate::{Error, PointSchema};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use storage::NewFile;

/// Bytes that are written at a time.
const BUFFER: usize = 256 << 10;

pub(crate) struct CsvSink {
    path: PathBuf,
    file: NewFile,
    schema: Arc<PointSchema>,
    text: String,
}

impl CsvSink {
    pub(crate) fn begin(file: NewFile, schema: Arc<PointSchema>) -> Self {
        let mut text = String::new();
        for (at, (name, _)) in schema.fields().into_iter().enumerate() {
            text.push_str(if at > 0 { "," } else { "" });
            put_word(&mut text, name);
        }
        text.push('\n');
        Self { path: file.path().to_owned(), file, schema, text }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.file.write_all(self.text.as_bytes()).map_err(Error::at(&self.path))?;
        self.text.clear();
        Ok(())
    }
}

impl Sink for CsvSink {
    fn write(&mut self, chunk: &Chunk) -> Result<(), Error> {
        let schema = Arc::clone(&self.schema);
        let fields = schema.fields();
        for row in 0..chunk.len() {
            for (at, (_, field)) in fields.iter().enumerate() {
                self.text.push_str(if at > 0 { "," } else { "" });
                if let Some(value) = chunk.value(&schema, *field, row) {
                    put(&mut self.text, &value);
                }
            }
            self.text.push('\n');
            if self.text.len() >= BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<NewFile, Error> {
        self.flush()?;
        Ok(self.file)
    }
}

/// Floats in the shortest form that reads back the same.
fn put(text: &mut String, value: &Value<'_>) {
    // Writing to a String cannot fail.
    _ = match value {
        Value::Whole(number) => write!(text, "{number}"),
        Value::Single(number) => write!(text, "{number:?}"),
        Value::Double(number) => write!(text, "{number:?}"),
        Value::Time(micros) => write!(text, "{}", time_text(*micros).unwrap_or_default()),
        Value::Text(word) => {
            put_word(text, word);
            Ok(())
        }
    };
}

fn put_word(text: &mut String, word: &str) {
    if word.contains([',', '"', '\n', '\r']) {
        text.push('"');
        text.push_str(&word.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_the_same_and_words_are_quoted_where_they_must() {
        let mut text = String::new();
        let values = [
            Value::Whole(-3),
            Value::Single(0.1),
            Value::Double(1e-9),
            Value::Time(1_555_407_551_000_001),
            Value::Text("a \"b\", c"),
        ];
        for value in &values {
            put(&mut text, value);
            text.push('|');
        }
        assert_eq!(text, "-3|0.1|1e-9|2019-04-16T09:39:11.000001Z|\"a \"\"b\"\", c\"|");
    }
}
