//! Which identity is used for which kind of place.
use crate::{Error, Login};
use serde_json::{Value, json};
use std::fmt;
use storage::{FoundCredentials, S3Access, S3Options, moment};

/// What is known of the identity for one kind of place: its fields for programs and, as `Display`, its line for people. It
/// holds no secret.
#[derive(Debug)]
pub struct CheckedIdentity {
    words: String,
    fields: Value,
    /// Why there is none, or why it cannot be used.
    pub error: Option<Error>,
    /// The words of an error that say that nothing is configured.
    absent: &'static str,
}

impl CheckedIdentity {
    /// The login for Earthdata's hosts; they are not asked.
    #[must_use]
    pub fn of_earthdata() -> Self {
        let absent = "no login:";
        match Login::from_env() {
            Ok(login) => {
                let (user, ends) = (login.user(), login.token_ends().map(moment::extended));
                let until = ends.as_ref().map_or_else(String::new, |ends| format!(", token ends {ends}"));
                let words = format!("user {} (from {}){until}", user.as_deref().unwrap_or("not told"), login.found_in);
                let fields = json!({ "user": user, "found_in": login.found_in, "token_ends": ends });
                Self { words, fields, error: None, absent }
            }
            Err(error) => {
                let fields = json!({ "user": null, "found_in": null, "token_ends": null });
                Self { words: error.to_string(), fields, error: Some(error), absent }
            }
        }
    }

    /// The credentials for `s3://`: they are fetched.
    pub async fn of_s3(options: &S3Options) -> Self {
        let absent = "no S3 credentials:";
        let found = match &options.access {
            S3Access::Source(source) => source.found().await.map(Some),
            S3Access::Keys(keys) => {
                let found_in = "the environment (AWS_ACCESS_KEY_ID)".to_owned();
                Ok(Some(FoundCredentials { credentials: keys.clone(), found_in }))
            }
            S3Access::Anonymous | S3Access::Missing => Ok(None),
        };
        let fields = |found_in: Option<&str>, id: Option<&str>, ends: Option<&str>, region: Option<&str>| json!({ "found_in": found_in, "access_key_id": id, "ends": ends, "region": region });
        match found.and_then(|found| Ok((found, options.region()?))) {
            Ok((Some(FoundCredentials { credentials, found_in }), region)) => {
                let (id, ends) = (credentials.access_key_id, credentials.expiration.map(moment::extended));
                let until = ends.as_ref().map_or_else(String::new, |ends| format!(", ends {ends}"));
                let words = format!("{found_in}: key {id}{until}, region {region}");
                let fields = fields(Some(&found_in), Some(&id), ends.as_deref(), Some(&region));
                Self { words, fields, error: None, absent }
            }
            Ok((None, region)) => {
                let found_in = "no signature (AWS_SKIP_SIGNATURE, --no-sign-request)";
                let words = format!("{found_in}, region {region}");
                Self { words, fields: fields(Some(found_in), None, None, Some(&region)), error: None, absent }
            }
            Err(error) => {
                let fields = fields(None, None, None, None);
                Self { words: error.to_string(), fields, error: Some(error.into()), absent }
            }
        }
    }

    /// Whether nothing is configured.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.error.is_some() && self.words.contains(self.absent)
    }

    /// By the names of docs/json.md.
    #[must_use]
    pub fn answer(&self) -> Value {
        let mut answer = self.fields.clone();
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("error".to_owned(), self.error.as_ref().map(ToString::to_string).into());
        }
        answer
    }
}

impl fmt::Display for CheckedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
