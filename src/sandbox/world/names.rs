//! Names of companies, people and places, unique where the world needs them to be.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const HEADS: &[&str] = &[
    "Alder", "Amber", "Apex", "Ardent", "Argon", "Aspen", "Atlas", "Aurora", "Beacon", "Birch", "Blue", "Bright", "Cedar", "Cinder", "Clear", "Cobalt",
    "Coral", "Crest", "Delta", "Drift", "Echo", "Elm", "Ember", "Falcon", "Fern", "Field", "Flint", "Frost", "Glen", "Granite", "Harbor", "Hazel", "Heron",
    "High", "Iron", "Ivory", "Juniper", "Keel", "Lark", "Linden", "Lumen", "Maple", "Meridian", "Mist", "North", "Oak", "Onyx", "Orchard", "Pine", "Quartz",
    "Raven", "Ridge", "River", "Sable", "Sierra", "Silver", "Slate", "Sterling", "Stone", "Summit", "Swift", "Terra", "Thorn", "Tidal", "Vale", "Vector",
    "Verdant", "Willow", "Winter", "Zephyr",
];
const TAILS: &[&str] = &[
    "brook", "cast", "cliff", "craft", "dale", "field", "forge", "gate", "grid", "grove", "haven", "hill", "lane", "light", "line", "link", "mark", "mill",
    "mind", "path", "peak", "point", "port", "reach", "root", "scape", "shore", "side", "spark", "spring", "stone", "stream", "tide", "trail", "vault", "view",
    "ward", "water", "wave", "way", "wood", "works", "yard",
];
const KINDS: &[&str] = &["Systems", "Logistics", "Foods", "Energy", "Health", "Robotics", "Materials", "Media", "Finance", "Retail", "Mobility", "Labs"];
const PARTNER_KINDS: &[&str] = &["Consulting", "Solutions", "Partners", "Digital", "Cloud", "Advisory"];
pub(super) const INDUSTRIES: &[&str] =
    &["Technology", "Transportation", "Food & Beverage", "Energy", "Healthcare", "Manufacturing", "Media", "Finance", "Retail"];
const FIRST: &[&str] = &[
    "Amara", "Ben", "Chloe", "Dana", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kim", "Lena", "Mateo", "Nora", "Omar", "Priya", "Quinn", "Rosa",
    "Samir", "Tess", "Uma", "Viktor", "Wen", "Yara", "Zoë",
];
const LAST: &[&str] = &[
    "Abbott",
    "Becker",
    "Castro",
    "Duarte",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ivanov",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "O'Brien",
    "Petrov",
    "Quist",
    "Rossi",
    "Schäfer",
    "Tanaka",
    "Urquhart",
    "Vidal",
    "Weber",
    "Yilmaz",
    "Zhang",
];

/// A place with its way of writing telephone numbers.
pub(super) struct City {
    pub name: &'static str,
    pub country: &'static str,
    pub country_name: &'static str,
    postal_from: u32,
    dial: &'static str,
}

const CITIES: &[City] = &[
    City { name: "Austin", country: "US", country_name: "United States", postal_from: 73301, dial: "1512" },
    City { name: "Portland", country: "US", country_name: "United States", postal_from: 97201, dial: "1503" },
    City { name: "Chicago", country: "US", country_name: "United States", postal_from: 60601, dial: "1312" },
    City { name: "Boston", country: "US", country_name: "United States", postal_from: 12108, dial: "1617" },
    City { name: "Atlanta", country: "US", country_name: "United States", postal_from: 30301, dial: "1404" },
    City { name: "Berlin", country: "DE", country_name: "Germany", postal_from: 10115, dial: "4930" },
    City { name: "Lyon", country: "FR", country_name: "France", postal_from: 69001, dial: "33472" },
    City { name: "Toronto", country: "CA", country_name: "Canada", postal_from: 50210, dial: "1416" },
];
const STREETS: &[&str] = &["Market Street", "Mill Road", "Station Avenue", "Harbor Lane", "King Street", "Park Row", "Canal Street", "Hill Road"];

/// An organisation as it really is; each system holds it with its own small errors.
#[derive(Clone)]
pub(super) struct Company {
    pub name: String,
    pub domain: String,
    pub city: &'static City,
    pub street: String,
    pub postal_code: String,
    pub industry: &'static str,
    /// Digits only, with the country's.
    digits: String,
}

impl Company {
    /// `+1 512 555 0142`: as the CRM's people type it.
    pub fn phone(&self) -> String {
        let at = self.digits.len() - 7;
        format!("+{} {} {}", &self.digits[..at], &self.digits[at..at + 3], &self.digits[at + 3..])
    }

    /// `+15125550142`: the same number, as the ERP's clerks type it.
    pub fn phone_bare(&self) -> String {
        format!("+{}", self.digits)
    }

    pub fn website(&self) -> String {
        format!("https://www.{}", self.domain)
    }

    pub fn mail(&self, user: &str) -> String {
        format!("{user}@{}", self.domain)
    }
}

pub(super) struct Person {
    pub first: &'static str,
    pub last: &'static str,
}

impl Person {
    pub fn user(&self) -> String {
        let plain = format!("{}.{}", self.first, self.last).to_lowercase();
        plain
            .chars()
            .filter_map(|letter| match letter {
                'ë' => Some('e'),
                'ä' => Some('a'),
                'í' => Some('i'),
                letter if letter.is_ascii_alphanumeric() || letter == '.' => Some(letter),
                _ => None,
            })
            .collect()
    }
}

pub(super) struct Names {
    pub chance: StdRng,
    start: usize,
    used: usize,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let start = chance.random_range(0..HEADS.len() * TAILS.len());
        Self { chance, start, used: 0 }
    }

    pub fn customer(&mut self) -> Company {
        self.company(KINDS)
    }

    pub fn partner(&mut self) -> Company {
        self.company(PARTNER_KINDS)
    }

    pub fn person(&mut self) -> Person {
        Person { first: self.of(FIRST), last: self.of(LAST) }
    }

    /// True this often.
    pub fn often(&mut self, share: f64) -> bool {
        self.chance.random_bool(share)
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.chance.random_range(0..all.len())]
    }

    /// Every name is made once: stems first, then kinds, then a number like a branch's.
    fn company(&mut self, kinds: &[&str]) -> Company {
        let stems = HEADS.len() * TAILS.len();
        let nth = self.used;
        self.used += 1;
        // 1009 shares no factor with the number of stems, so the walk meets every one before it repeats.
        let stem = (self.start + nth * 1009) % stems;
        let (round, kind) = (nth / stems, kinds[(nth / 7 + nth / stems) % kinds.len()]);
        let word = format!("{}{}", HEADS[stem % HEADS.len()], TAILS[stem / HEADS.len()]);
        let name = if round == 0 { format!("{word} {kind}") } else { format!("{word} {kind} {}", round + 1) };
        let domain = format!("{}.example", name.to_lowercase().replace(' ', "-"));
        let city = &CITIES[self.chance.random_range(0..CITIES.len())];
        let line: u32 = self.chance.random_range(0..10_000);
        Company {
            street: format!("{} {}", self.chance.random_range(1..240), STREETS[self.chance.random_range(0..STREETS.len())]),
            postal_code: (city.postal_from + self.chance.random_range(0..90)).to_string(),
            industry: INDUSTRIES[self.chance.random_range(0..INDUSTRIES.len())],
            digits: format!("{}555{line:04}", city.dial),
            name,
            domain,
            city,
        }
    }
}
