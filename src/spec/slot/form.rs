//! The forms of slots: durations, shares, schedules, references to secrets.

use std::str::FromStr;
use std::time::Duration;

use rust_decimal::Decimal;

/// What is wrong with a text, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub what: String,
    pub help: String,
}

fn fault(what: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { what: what.into(), help: help.into() }
}

/// A share or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareOf {
    Count(u64),
    Percent(Decimal),
}

/// When runs start by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    Every(Duration),
    /// Six or seven fields, seconds first.
    Cron(String),
    Off,
}

/// Over what time a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Rolling(Duration),
    /// A calendar day, in the zone that `zone` gives.
    Day,
}

/// Where a secret is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret<'a> {
    /// An environment variable.
    Environment(&'a str),
    /// A file, beside the project file.
    File(&'a str),
}

/// `30s`, `2m`, `24h`, `90d`, `500ms`.
pub fn duration(text: &str) -> Result<Duration, Fault> {
    let refused = || fault(format!("`{text}` is no duration"), "write a number and a unit, such as `500ms`, `30s`, `2m`, `24h` or `90d`");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| refused())?;
    let unit_ms: u64 = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(refused()),
    };
    number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(refused)
}

/// `2%` or `50`.
pub fn share(text: &str) -> Result<ShareOf, Fault> {
    let refused = || fault(format!("`{text}` is neither a share nor a number"), "write a share such as `2%` (0 to 100), or a whole number such as `50`");
    let Some(percent) = text.strip_suffix('%') else {
        return text.parse().map(ShareOf::Count).map_err(|_| refused());
    };
    let percent = Decimal::from_str(percent.trim_end()).map_err(|_| refused())?;
    if percent.is_sign_negative() || percent > Decimal::ONE_HUNDRED { Err(refused()) } else { Ok(ShareOf::Percent(percent)) }
}

/// `every 2m`, `cron …`, `off`.
pub fn schedule(text: &str) -> Result<Schedule, Fault> {
    if text == "off" {
        return Ok(Schedule::Off);
    }
    if let Some(every) = text.strip_prefix("every ") {
        let every = duration(every.trim())?;
        if every < Duration::from_secs(1) {
            return Err(fault(format!("`{text}` would never rest"), "the shortest is `every 1s`"));
        }
        return Ok(Schedule::Every(every));
    }
    if let Some(cron) = text.strip_prefix("cron ") {
        return match cron::Schedule::from_str(cron.trim()) {
            Ok(_) => Ok(Schedule::Cron(cron.trim().to_string())),
            Err(why) => Err(fault(
                format!("`{cron}` is no cron schedule: {}", why.to_string().trim()),
                "write six fields, seconds first: `cron 0 */5 * * * *` is every five minutes",
            )),
        };
    }
    Err(fault(format!("`{text}` is no schedule"), "write `every 2m`, `cron 0 */5 * * * *` or `off`"))
}

/// A duration or `day`.
pub fn period(text: &str) -> Result<Period, Fault> {
    if text == "day" { Ok(Period::Day) } else { duration(text).map(Period::Rolling) }
}

pub fn date(text: &str) -> Result<jiff::civil::Date, Fault> {
    jiff::civil::Date::from_str(text).map_err(|_| fault(format!("`{text}` is no date"), "write year, month and day: `2026-11-20`"))
}

/// The name in `${NAME}`, when that is the whole text.
pub fn reference(text: &str) -> Result<&str, Fault> {
    const HELP: &str = "name an environment variable, `${NAME}`, or a file, `{ file: path }`";
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    match name {
        Some(name) if is_name(name) => Ok(name),
        Some(name) => Err(fault(format!("`{name}` is no name of a variable"), "use letters, digits and `_`: `${CRM_SECRET}`")),
        // The text may be a real secret: it is not repeated.
        None => Err(fault("A secret stands in the file itself", HELP)),
    }
}

/// True for a name such as environment and project variables have.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_') && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// An address on this machine, and nothing else.
pub fn loopback(text: &str) -> Result<url::Url, Fault> {
    let refused = || fault(format!("`{text}` is no address on this machine"), "`at` takes the address of a sandbox or recorder: `http://127.0.0.1:8701`");
    let url = url::Url::parse(text).map_err(|_| refused())?;
    let here = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if here && url.scheme() == "http" { Ok(url) } else { Err(refused()) }
}

pub fn not_empty(text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() { Err(fault("An empty text stands here", "write a value, or drop the key")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_and_shares_exactly() {
        assert_eq!(duration("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "5", "m", "1.5h", "-1s", "99999999999999999999s", "99999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(share("2%").map(|s| s.of(1_049)), Ok(20));
        assert_eq!(share("0.5%").map(|s| s.of(1_000)), Ok(5));
        assert_eq!(share("50"), Ok(ShareOf::Count(50)));
        for wrong in ["", "%", "-1", "101%", "1.5"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn schedules_are_every_cron_or_off() {
        assert_eq!(schedule("every 2m"), Ok(Schedule::Every(Duration::from_secs(120))));
        assert_eq!(schedule("cron 0 */5 * * * *"), Ok(Schedule::Cron("0 */5 * * * *".into())));
        assert_eq!(schedule("off"), Ok(Schedule::Off));
        assert!(schedule("cron often").is_err());
        assert!(schedule("every 0s").is_err());
        assert!(schedule("2m").is_err());
    }

    #[test]
    fn a_literal_secret_is_refused_and_never_repeated() {
        assert_eq!(reference("${SF_SECRET}"), Ok("SF_SECRET"));
        let refused = reference("hunter2").expect_err("a literal");
        assert!(!format!("{refused:?}").contains("hunter2"));
    }

    #[test]
    fn a_connection_moves_to_this_machine_only() {
        assert!(loopback("http://127.0.0.1:8701").is_ok());
        assert!(loopback("http://localhost:8701").is_ok());
        assert!(loopback("https://crm.example").is_err());
        assert!(loopback("http://10.0.0.1").is_err());
    }
}
