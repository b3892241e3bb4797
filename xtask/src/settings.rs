//! The device's settings, read here as the device reads them: what is wrong with them is told before anything is built
//!
//! The rules are the device's own ([`embedded_app::settings`]); what is added is that a word is one word. It sets nothing.

use anyhow::bail;
use embedded_app::settings::{Server, ServerError, Settings};

/// The words for the device of what was given as `--NAME VALUE`
///
/// # Errors
/// The first that is no single word, or that the device would refuse.
pub(crate) fn words(given: &[(&str, Option<&str>)]) -> anyhow::Result<String> {
    let mut words = Vec::new();
    for (name, value) in given {
        let Some(value) = value else { continue };
        if value.is_empty() || value.contains(char::is_whitespace) {
            bail!("--{name} {value:?} is no single word");
        }
        words.push(format!("{name}={value}"));
    }
    let words = words.join(" ");
    check(&words, false)?;
    Ok(words)
}

/// Whether the device takes these words
///
/// # Errors
/// The first that it would refuse; one without a `=` too, which the device passes over. A `lean` firmware resolves no names.
pub(crate) fn check(words: &str, lean: bool) -> anyhow::Result<()> {
    if let Some(word) = words.split_whitespace().find(|word| !word.contains('=')) {
        bail!("setting {word:?} is wrong: expected NAME=VALUE");
    }
    // The device takes the blanks of ASCII for such, and nothing else.
    let settings = Settings::parse(words).map_err(|error| anyhow::anyhow!("{error}"))?;
    let is_name = |server: &Server| server.address().is_none();
    if lean && settings.server.as_ref().is_some_and(is_name) {
        bail!("the server among the settings is a name: {}", ServerError::Name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_device_would_refuse_is_refused_in_its_words() {
        let refused = |words| check(words, false).unwrap_err().to_string();
        for (words, said) in [
            (
                "server=a:0",
                "setting \"server=a:0\" is wrong: a port is a number from 1 to 65535; expected HOST or HOST:PORT",
            ),
            ("server=a:7 ip=10.0.2.15", "setting \"ip=10.0.2.15\" is wrong: expected an address such as 10.0.2.15/24"),
            ("wach=5", "setting \"wach=5\" is wrong: expected one of server, ip, gateway, dns, seed, watch"),
            ("server=a watch 5", "setting \"watch\" is wrong: expected NAME=VALUE"),
        ] {
            assert_eq!(refused(words), said);
        }
        for words in ["", "server=mc.example.org:7 watch=5", "ip=192.0.2.7/24 gateway=192.0.2.1 dns=192.0.2.2 seed=ff"]
        {
            check(words, false).unwrap();
        }
    }

    #[test]
    fn firmware_that_resolves_no_names_is_given_none() {
        check("server=192.0.2.9:7", true).unwrap();
        let error = check("server=mc.example.org", true).unwrap_err().to_string();
        assert!(error.ends_with("this firmware resolves no names; expected ADDRESS or ADDRESS:PORT"), "{error}");
    }

    #[test]
    fn what_is_given_is_one_word_each() {
        let given = [("server", Some("a:7")), ("ip", None), ("watch", Some("5"))];
        assert_eq!(words(&given).unwrap(), "server=a:7 watch=5");
        for value in ["", "a watch=1"] {
            let error = words(&[("server", Some(value))]).unwrap_err().to_string();
            assert_eq!(error, format!("--server {value:?} is no single word"));
        }
    }
}
