//! `cthulu-lab new`: a commented file to start from, which runs as it is and never overwrites one that is there.

use std::{fs, io::Write as _, path::Path};

use super::{
    args::{NewArgs, NewKind},
    backtest::DEFAULT,
    print, say,
};
use crate::{
    error::{Error, Result},
    experiment, rule,
};

pub(super) fn run(args: &NewArgs) -> Result<()> {
    let name = plain(&args.name)?;
    let (folder, text) = match args.what {
        NewKind::Strategy => ("strategies", rule::starter(name)),
        NewKind::Experiment => ("experiments", experiment::starter(name, experiment::namesake(name))),
    };
    let path = Path::new(folder).join(format!("{name}.toml"));
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, "cannot be created", e))?;
    let file = fs::File::create_new(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::config(path.display().to_string(), "is there already; choose another name, or remove it")
        }
        _ => Error::io(&path, "cannot be created", e),
    });
    file?.write_all(text.as_bytes()).map_err(|e| Error::io(&path, "cannot be written", e))?;
    let next = match args.what {
        NewKind::Strategy if Path::new(DEFAULT).exists() => format!("cthulu-lab backtest --strategy {name}"),
        NewKind::Strategy => format!("cthulu-lab backtest --strategy {name} --data FILE"),
        NewKind::Experiment => format!("cthulu-lab backtest {}", path.display()),
    };
    if args.what == NewKind::Experiment && !Path::new(experiment::STARTER_DATA).exists() {
        say(&format!("note: {} is not here; put your own price file under [[data]]", experiment::STARTER_DATA));
    }
    print(&format!("Wrote {}. Try it:\n  {next}\n", path.display()))
}

/// A name that is a file name and a word on the command line.
fn plain(name: &str) -> Result<&str> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) && name.starts_with(char::is_alphanumeric);
    if is_plain { Ok(name) } else { Err(Error::config("NAME", format!("'{name}' is not made of letters, digits, _ and -"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_file_names() {
        assert_eq!(plain("pullback-2.toml").unwrap(), "pullback-2");
        assert!(["", "../x", "a b", "-x", "a\"b"].iter().all(|name| plain(name).is_err()));
    }
}
