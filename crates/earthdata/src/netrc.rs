//! Logins in `.netrc` files (the form that ftp, curl and Python's `netrc` share).

/// User and password for a machine: its own entry, or the `default` one after all others.
pub(crate) fn find(text: &str, machine: &str) -> Option<(String, String)> {
    let mut words = Words { rest: text.trim_start_matches('\u{feff}') };
    let mut fitting: Option<(Option<String>, Option<String>)> = None;
    while let Some(word) = words.next_word() {
        let done = |entry: &Option<(Option<String>, Option<String>)>| matches!(entry, Some((Some(_), Some(_))));
        match word.as_str() {
            comment if comment.starts_with('#') => words.skip_line(),
            "machine" | "default" => {
                if done(&fitting) {
                    break;
                }
                let fits = word == "default" || words.next_word().as_deref() == Some(machine);
                fitting = fits.then_some((None, None));
            }
            "macdef" => words.skip_macro(),
            "login" | "user" => set(fitting.as_mut().map(|entry| &mut entry.0), words.next_word()),
            "password" => set(fitting.as_mut().map(|entry| &mut entry.1), words.next_word()),
            "account" => _ = words.next_word(),
            _ => {}
        }
    }
    fitting.and_then(|(user, password)| user.zip(password))
}

fn set(place: Option<&mut Option<String>>, value: Option<String>) {
    if let Some(place) = place {
        *place = value;
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word; one in double quotes may hold blanks, and `\` takes the next character as it is.
    fn next_word(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let quoted = self.rest.starts_with('"');
        let mut word = String::new();
        let mut marks = self.rest.char_indices().skip(usize::from(quoted));
        let mut end = self.rest.len();
        while let Some((at, mark)) = marks.next() {
            match mark {
                '\\' if quoted => word.extend(marks.next().map(|(_, mark)| mark)),
                '"' if quoted => {
                    end = at + 1;
                    break;
                }
                mark if mark.is_whitespace() && !quoted => {
                    end = at;
                    break;
                }
                mark => word.push(mark),
            }
        }
        let some = !self.rest.is_empty();
        self.rest = self.rest.get(end..).unwrap_or_default();
        some.then_some(word)
    }

    fn skip_line(&mut self) {
        self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        self.rest = self.rest.split_once("\n\n").map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "urs.earthdata.nasa.gov";

    #[test]
    fn entries_are_found_in_every_style() {
        let found = |text: &str| find(text, HOST);
        let expected = Some(("me".to_owned(), "hush".to_owned()));
        for text in [
            "machine urs.earthdata.nasa.gov login me password hush",
            "\u{feff}machine urs.earthdata.nasa.gov login me password hush",
            "# mine\nmachine other login x password y\nmachine urs.earthdata.nasa.gov\n  login me\n  password hush\n",
            "machine urs.earthdata.nasa.gov login me account a password \"hush\" machine other login x password y",
            "macdef init\nmachine urs.earthdata.nasa.gov login no password no\n\nmachine urs.earthdata.nasa.gov login me password hush",
            "machine other login x password y default login me password hush",
            "machine urs.earthdata.nasa.gov login me password hush default login x password y",
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        assert_eq!(found("machine urs.earthdata.nasa.gov login me password #h\"u").unwrap().1, "#h\"u");
        assert_eq!(found("machine urs.earthdata.nasa.gov login me password \"a b\\\"c\"").unwrap().1, "a b\"c");
        for none in ["", "machine other login x password y", "machine urs.earthdata.nasa.gov login me", "machine"] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}
