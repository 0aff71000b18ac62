//! Credentials in the JSON of commands and servers.
use crate::{Credentials, Secret, moment};
use serde_json::Value;

/// The names of the fields of one kind of answer.
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) secret: &'static str,
    pub(super) token: &'static str,
    pub(super) end: &'static str,
}

/// Containers and instances.
pub(super) const METADATA: Names =
    Names { id: "AccessKeyId", secret: "SecretAccessKey", token: "Token", end: "Expiration" };
/// Commands (`credential_process`).
pub(super) const PROCESS: Names = Names { token: "SessionToken", ..METADATA };

/// The credentials in an object.
///
/// # Errors
/// What is wrong, without the text: it holds secrets.
pub(super) fn credentials(value: &Value, names: &Names) -> Result<Credentials, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let need = |name: &str| text(name).ok_or_else(|| format!("it gives no {name}"));
    let keys = Credentials::new(need(names.id)?, need(names.secret)?);
    let keys = Credentials { session_token: text(names.token).map(Secret::new), ..keys };
    let Some(end) = text(names.end) else { return Ok(keys) };
    let expiration = moment::parse(end).ok_or_else(|| format!("its {} is no date", names.end))?;
    Ok(Credentials { expiration: Some(expiration), ..keys })
}

/// The same in a text of JSON.
///
/// # Errors
/// What is wrong, without the text.
pub(super) fn parse(text: &str, names: &Names) -> Result<(Credentials, Value), String> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        // The error of the parser may quote what it stumbled over.
        format!("it is no JSON (line {}, column {})", error.line(), error.column())
    })?;
    Ok((credentials(&value, names)?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_nothing_is_shown() {
        let full =
            r#"{"AccessKeyId": "A", "SecretAccessKey": "hush", "Token": "hush", "Expiration": "2099-01-01T00:00:00Z"}"#;
        let (keys, _) = parse(full, &METADATA).unwrap();
        assert!(keys.session_token.is_some() && keys.expiration.is_some());
        assert_eq!(parse(full, &PROCESS).unwrap().0.session_token, None);
        for (text, says) in [
            ("{\"AccessKeyId\": hush}", "no JSON"),
            ("[\"hush\"]", "AccessKeyId"),
            (r#"{"AccessKeyId": "A", "hush": 1}"#, "SecretAccessKey"),
            (r#"{"AccessKeyId": "A", "SecretAccessKey": "x", "Expiration": "hush"}"#, "Expiration"),
            ("", "no JSON"),
        ] {
            let error = parse(text, &METADATA).unwrap_err();
            assert!(error.contains(says) && !error.contains("hush"), "{error}");
        }
    }
}
