//! A list that is written as one text where it has one item.
use serde::de::{self, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serializer};
use std::fmt;

pub(super) fn serialize<S: Serializer>(texts: &Vec<String>, out: S) -> Result<S::Ok, S::Error> {
    match texts.as_slice() {
        [text] => out.serialize_str(text),
        texts => out.collect_seq(texts),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    struct Any;

    impl<'de> Visitor<'de> for Any {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }

    input.deserialize_any(Any)
}
