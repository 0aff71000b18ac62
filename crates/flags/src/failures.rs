//! How failures of the rooms below end a command: their exit codes, and what the user can do about them.
use crate::exit::{BAD_INPUT, CommandError, FAILED, USAGE, code_of};
use jobs::fan_out::RunError;
use pipeline::FailureClass;

impl From<footprint::Error> for CommandError {
    fn from(error: footprint::Error) -> Self {
        match error {
            footprint::Error::Usage(message) => Self::usage(message),
            error => Self::new(code_of(FailureClass::Corrupt), error),
        }
    }
}

impl From<catalog::Error> for CommandError {
    fn from(error: catalog::Error) -> Self {
        use catalog::Error;
        let code = code_of(error.class());
        match error {
            Error::Usage(message) => Self::usage(message),
            Error::Source(error) => error.into(),
            Error::Open { name, error } => Self::from(error).at(&name),
            Error::Granule { name, error } => Self::from(error).at(&name),
            Error::Parts(message) => {
                Self::new(code, message).hint("give the whole granule, or one of them; --allow-partial leaves them out")
            }
            Error::OtherProducts { ref expected, .. } => {
                Self::new(code, &error).hint(format!("give granules of {expected}"))
            }
            error => Self::new(code, error),
        }
    }
}

impl From<earthdata::Error> for CommandError {
    fn from(error: earthdata::Error) -> Self {
        use earthdata::Error;
        match error {
            Error::Source(error) => {
                // The server of a search or a login serves no granules: what to do about those is no advice.
                let class = error.kind.into();
                let failure = Self::new(code_of(class), &error);
                let hint = match class {
                    FailureClass::BadAnswer => Some("run the same command again later"),
                    FailureClass::NotFound => Some("check the product, the release and the address of the server"),
                    FailureClass::Denied => None,
                    class => words::next_of(class),
                };
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            Error::Usage(message) => Self::usage(message),
            error => Self::new(code_of(error.class()), &error),
        }
    }
}

impl From<export::Error> for CommandError {
    fn from(error: export::Error) -> Self {
        match error {
            export::Error::Side(error) => error.into(),
            export::Error::Variable(error) => error.into(),
            export::Error::OneVariable(_) => Self::usage(error).hint("choose one with --var"),
            export::Error::Empty => Self::new(BAD_INPUT, &error).hint("--all exports cells without data too"),
            error if error.is_of_request() => Self::usage(error),
            error => Self::new(FAILED, error),
        }
    }
}

impl From<jobs::IndexError> for CommandError {
    fn from(error: jobs::IndexError) -> Self {
        match error {
            jobs::IndexError::Source(error) => error.into(),
            jobs::IndexError::Granule(error) => error.into(),
            error => Self::new(FAILED, error),
        }
    }
}

impl From<plot::Error> for CommandError {
    fn from(error: plot::Error) -> Self {
        use plot::Error;
        match error {
            Error::Table(error) => error.into(),
            Error::NoWindows(_) => Self::usage(error).hint("draw it without --animate"),
            Error::BothPoles => Self::usage(error).hint("choose with --hemisphere south or --hemisphere north"),
            error => Self::new(BAD_INPUT, error),
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        let hint = match &error {
            RunError::Conflict(_) => {
                "--overwrite replaces them, --report names the report of their run, --out writes elsewhere"
            }
            RunError::NoReadingCredentials | RunError::ReadingCredentials(_) => {
                "--credentials-ref names a secret, --earthdata logs in; yours (AWS_*, --profile) are passed on"
            }
            RunError::NoCallingCredentials => {
                "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or name a --profile"
            }
            RunError::NotAReport(_) | RunError::OtherReport { .. } => "--report names another file",
            RunError::ReportInUse(_) => "wait for it, or name another --report",
            _ => "",
        };
        match error {
            RunError::Usage(message) => Self::usage(message),
            RunError::Output(out) => Self::usage(format!(
                "--out {out}: write a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
            )),
            RunError::OutputOfFunction(out) => {
                Self::usage(format!("--out {out}: a function writes to s3://bucket/prefix"))
            }
            RunError::ReferenceOnThisMachine => {
                Self::usage("--credentials-ref names what a function reads: it goes with --on lambda")
            }
            RunError::Source(error) => error.into(),
            RunError::Area(error) => error.into(),
            RunError::Earthdata(error) => error.into(),
            RunError::Store(error) => error.into(),
            RunError::Job(error) => error.into(),
            error => {
                let failure = Self::new(code_of(error.class()), error);
                if hint.is_empty() { failure } else { failure.hint(hint) }
            }
        }
    }
}

impl From<serve::Error> for CommandError {
    fn from(error: serve::Error) -> Self {
        use serve::Error;
        let (code, hint) = match error {
            Error::Page(_) => (BAD_INPUT, "make it with wasm/build, or say where it is with --page"),
            Error::Port { .. } => (FAILED, "take another port with --port, or any free one with --port 0"),
            _ => (BAD_INPUT, ""),
        };
        let failure = Self::new(code, error);
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}

impl From<stores::Error> for CommandError {
    fn from(error: stores::Error) -> Self {
        use stores::Error;
        let hint = match &error {
            Error::NoOrder { .. } => "give one of these with --order",
            Error::NoVariable { .. } => "give one of these with --var",
            Error::NoWindow { held, .. } if held.is_empty() => "leave --window out",
            Error::NoWindow { .. } => "give one of these with --window",
            Error::Windows(_) => "choose one with --window",
            Error::Unfinished(_) => "wait for its writer, or run the job again",
            Error::NoStore(_) => "name the folder that holds zarr.json, or a .csv",
            Error::Nothing(_) => "name the folder that holds zarr.json",
            Error::NoStores(_) => "check the path",
            Error::Damaged { .. } => "`icestream validate` lists all that is wrong",
            Error::OneCell(_) => "`icestream merge` joins stores of cells into one of the sphere",
            Error::Occupied { .. } => "--out writes elsewhere",
            Error::Twice { .. } => "name only one of the two",
            Error::OtherValues { .. } => "--overwrite replaces it",
            _ => "",
        };
        let failure = match error {
            Error::Input { input, error } => return Self::from(*error).at(&input),
            Error::Source(error) => error.into(),
            Error::Write(error) => Self::of_write(error),
            Error::Cell(_) | Error::Job(_) => Self::usage(error),
            Error::NoOrder { .. }
            | Error::NoVariable { .. }
            | Error::NoWindow { .. }
            | Error::Windows(_)
            | Error::OneCell(_)
            | Error::Refused { .. }
            | Error::Occupied { .. }
            | Error::Twice { .. }
            | Error::OtherValues { .. }
            | Error::OtherCells { .. } => Self::new(USAGE, error),
            error => Self::new(BAD_INPUT, error),
        };
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}

impl From<area::Error> for CommandError {
    fn from(error: area::Error) -> Self {
        match error {
            area::Error::Usage(message) => Self::usage(message),
            area::Error::Format { .. } => Self::new(BAD_INPUT, error).hint("docs/regions.md lists what is read"),
            error => Self::new(USAGE, error),
        }
    }
}

impl From<grid::Error> for CommandError {
    fn from(error: grid::Error) -> Self {
        use grid::Error;
        match error {
            Error::Area(error) => error.into(),
            Error::Job(error) => error.into(),
            Error::Store(error) => error.into(),
            Error::Source(error) => error.into(),
            Error::Usage(message) => Self::usage(message),
            Error::Other(_) => Self::new(USAGE, error).hint("--overwrite replaces it, --out writes elsewhere"),
            Error::InUse(_) => Self::new(USAGE, error).hint("wait for it, or choose another --out"),
            Error::Nothing => Self::new(USAGE, error).hint("--clip touch takes the cells that it touches"),
            error => Self::new(FAILED, error),
        }
    }
}

impl From<points::Error> for CommandError {
    fn from(error: points::Error) -> Self {
        use points::Error;
        match error {
            Error::File(error) => error.into(),
            Error::Ending(_) | Error::Unknown(_) | Error::TooMany { .. } => Self::new(USAGE, error),
            error => Self::new(FAILED, error),
        }
    }
}
