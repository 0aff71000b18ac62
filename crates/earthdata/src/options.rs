//! The login as part of the options of `storage`.
use crate::{LOGIN_URL, Login, Proof};
use reqwest::Url;
use storage::{Options, Password};

/// Gives the options the Earthdata login of the environment ([`Login::from_env`]), for the hosts that it is for and for `more`;
/// `ICESTREAM_LOGIN_URL` names another login host. No login is no failure before a host asks for one.
pub fn log_in(options: &mut Options, more: &[String]) {
    let more = || more.iter().map(|host| host.to_ascii_lowercase());
    let named = std::env::var("ICESTREAM_LOGIN_URL").ok().filter(|value| !value.is_empty());
    if options.bearer.is_none()
        && let Ok(Login { proof: Proof::Password { user, password }, found_in }) = Login::from_env()
        && let Ok(host) = Url::parse(named.as_deref().unwrap_or(LOGIN_URL))
    {
        let mut login = Password::earthdata(user, password, found_in, host);
        login.hosts.extend(more());
        options.password = Some(login);
    }
    if let Some(bearer) = &mut options.bearer {
        bearer.hosts.extend(more());
    }
}
