//! Plausible people by seed and number, computed when asked for: half a million of them cost no memory.
//! Knows nothing of groups, changes or HTTP; the same seed and number always give the same person.

mod names;

use std::sync::LazyLock;

use deunicode::deunicode;
use serde_json::{Map, Value};
use uuid::Uuid;

use names::{DEPARTMENTS, GIVEN, OFFICES, SURNAMES};

/// Reports per manager: keeps half a million people within seven levels.
const SPAN_OF_CONTROL: u32 = 8;

/// What a generated person has values for; everything else is null, or an empty list.
pub(crate) const FILLED: &[&str] = &[
    "accountEnabled",
    "businessPhones",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeType",
    "givenName",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "proxyAddresses",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
];

static PLAIN_GIVEN: LazyLock<Vec<String>> = LazyLock::new(|| GIVEN.iter().map(|name| plain(name)).collect());
static PLAIN_SURNAMES: LazyLock<Vec<String>> = LazyLock::new(|| SURNAMES.iter().map(|name| plain(name)).collect());

/// A name as it stands in an address: `Jónsdóttir` gives `jonsdottir`.
pub(crate) fn plain(name: &str) -> String {
    deunicode(name).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Everybody a seed can make.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) seed: u64,
    pub(crate) domain: String,
    pub(crate) company: String,
}

impl Population {
    /// The object id with this number: a GUID that leads back to its number, so that no index is needed.
    pub(crate) fn id(&self, number: u32) -> Uuid {
        let mut bytes = [0_u8; 16];
        bytes[..4].copy_from_slice(&scatter(number ^ self.short_seed()).to_be_bytes());
        bytes[4..12].copy_from_slice(&mix(u64::from(number) ^ self.seed).to_be_bytes());
        bytes[12..].copy_from_slice(&mix(self.seed ^ !u64::from(number)).to_be_bytes()[..4]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The number of an object id that [`Self::id`] made.
    pub(crate) fn number(&self, id: Uuid) -> Option<u32> {
        let [a, b, c, d, ..] = *id.as_bytes();
        let number = gather(u32::from_be_bytes([a, b, c, d])) ^ self.short_seed();
        (self.id(number) == id).then_some(number)
    }

    pub(crate) fn person(&self, number: u32) -> Generated<'_> {
        let pairs = pairs();
        let pair = pair_of(number % pairs, self.seed);
        let surnames = count(SURNAMES);
        Generated {
            population: self,
            number,
            given: (pair / surnames) as usize,
            surname: (pair % surnames) as usize,
            namesake: number / pairs,
        }
    }

    /// The number of the generated person with this userPrincipalName.
    pub(crate) fn number_by_name(&self, user_principal_name: &str) -> Option<u32> {
        let lower = user_principal_name.to_lowercase();
        let (local, domain) = lower.split_once('@')?;
        if domain != self.domain {
            return None;
        }
        let (given, rest) = local.split_once('.')?;
        let surname = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let namesake: u32 = if surname.len() == rest.len() { 0 } else { rest[surname.len()..].parse().ok()? };
        let given = position(&PLAIN_GIVEN, given)?;
        let pair = given * count(SURNAMES) + position(&PLAIN_SURNAMES, surname)?;
        let within = (0..pairs()).find(|number| pair_of(*number, self.seed) == pair)?;
        namesake.saturating_sub(1).checked_mul(pairs())?.checked_add(within)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    fn short_seed(&self) -> u32 {
        mix(self.seed) as u32
    }
}

/// One generated person, not yet written down anywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generated<'a> {
    population: &'a Population,
    number: u32,
    given: usize,
    surname: usize,
    /// How many before this one have the same name.
    namesake: u32,
}

impl Generated<'_> {
    /// The manager's number; the first person has none.
    pub(crate) fn manager(&self) -> Option<u32> {
        self.number.checked_sub(1).map(|before| before / SPAN_OF_CONTROL)
    }

    pub(crate) fn user_principal_name(&self) -> String {
        let mut name = Vec::new();
        self.write_address(&mut name);
        String::from_utf8(name).expect("made of ASCII")
    }

    /// Every property as JSON, for a person who is about to become different from what was generated.
    pub(crate) fn attributes(&self) -> Map<String, Value> {
        let value = |name: &str| {
            let mut text = Vec::new();
            self.write(name, &mut text);
            serde_json::from_slice(&text).expect("a generated value is JSON")
        };
        FILLED.iter().map(|name| ((*name).to_owned(), value(name))).collect()
    }

    /// Writes one property's JSON value. The tables hold nothing that JSON would escape.
    pub(crate) fn write(&self, property: &str, out: &mut Vec<u8>) {
        let (city, country, code, language, prefix) = OFFICES[self.pick(1, OFFICES.len())];
        match property {
            "accountEnabled" => out.extend(b"true"),
            "businessPhones" => self.write_phone("[\"", prefix, 3, "\"]", out),
            "mobilePhone" => self.write_phone("\"", prefix, 4, "\"", out),
            "city" => quote(&[city], out),
            "companyName" => quote(&[&self.population.company], out),
            "country" => quote(&[country], out),
            "createdDateTime" => quote(&[&self.date(), "T08:00:00Z"], out),
            "employeeHireDate" => quote(&[&self.date(), "T00:00:00Z"], out),
            "department" => quote(&[self.department().0], out),
            "displayName" => quote(&[GIVEN[self.given], " ", SURNAMES[self.surname]], out),
            // Numbers with leading zeros: an employee id is text and must stay so.
            "employeeId" => quote(&[&format!("{:07}", self.number + 1)], out),
            "employeeType" => quote(&["Employee"], out),
            "givenName" => quote(&[GIVEN[self.given]], out),
            "surname" => quote(&[SURNAMES[self.surname]], out),
            "jobTitle" => quote(&[self.job_title()], out),
            "mail" | "userPrincipalName" => self.write_wrapped("\"", "\"", out),
            "proxyAddresses" => self.write_wrapped("[\"SMTP:", "\"]", out),
            "mailNickname" => quote(&[&self.local_part()], out),
            "officeLocation" => quote(&[city, " HQ"], out),
            "preferredLanguage" => quote(&[language], out),
            "usageLocation" => quote(&[code], out),
            "userType" => quote(&["Member"], out),
            _ => out.extend(b"null"),
        }
    }

    fn job_title(&self) -> &'static str {
        match self.number {
            0 => "Chief Executive Officer",
            1..=SPAN_OF_CONTROL => self.department().1[0],
            // Whoever has reports by the shape of the tree is called a manager.
            number if number % 7 == 3 => self.department().1[1],
            _ => self.department().1[2],
        }
    }

    /// That of the head one reports to in the end.
    fn department(&self) -> &'static (&'static str, [&'static str; 3]) {
        let mut number = self.number;
        while number > SPAN_OF_CONTROL {
            number = (number - 1) / SPAN_OF_CONTROL;
        }
        &DEPARTMENTS[(number as usize).saturating_sub(1) % DEPARTMENTS.len()]
    }

    fn date(&self) -> String {
        format!("{}-{:02}-{:02}", 2004 + self.pick(5, 21), 1 + self.pick(6, 12), 1 + self.pick(7, 28))
    }

    fn write_phone(&self, before: &str, prefix: &str, salt: u64, after: &str, out: &mut Vec<u8>) {
        let number = 1000 + self.pick(salt, 9000);
        out.extend(format!("{before}{prefix} 5550 {number}{after}").into_bytes());
    }

    fn write_wrapped(&self, before: &str, after: &str, out: &mut Vec<u8>) {
        out.extend(before.as_bytes());
        self.write_address(out);
        out.extend(after.as_bytes());
    }

    fn write_address(&self, out: &mut Vec<u8>) {
        out.extend(self.local_part().into_bytes());
        out.push(b'@');
        out.extend(self.population.domain.as_bytes());
    }

    fn local_part(&self) -> String {
        let (given, surname) = (&PLAIN_GIVEN[self.given], &PLAIN_SURNAMES[self.surname]);
        match self.namesake {
            0 => format!("{given}.{surname}"),
            earlier => format!("{given}.{surname}{}", earlier + 1),
        }
    }

    fn pick(&self, salt: u64, among: usize) -> usize {
        let random = mix(self.population.seed ^ (u64::from(self.number) << 8) ^ salt);
        usize::try_from(random % among as u64).expect("smaller than a table")
    }
}

fn quote(parts: &[&str], out: &mut Vec<u8>) {
    out.push(b'"');
    for part in parts {
        out.extend(part.as_bytes());
    }
    out.push(b'"');
}

fn position(names: &[String], name: &str) -> Option<u32> {
    let position = names.iter().position(|known| known == name)?;
    Some(u32::try_from(position).expect("a short table"))
}

fn count(names: &[&str]) -> u32 {
    u32::try_from(names.len()).expect("a short table")
}

fn pairs() -> u32 {
    count(GIVEN) * count(SURNAMES)
}

/// Spreads names: neighbours differ. 1553 is prime and larger than either table, so every pair comes once.
fn pair_of(number: u32, seed: u64) -> u32 {
    let pairs = u64::from(pairs());
    u32::try_from((u64::from(number) * 1553 + seed % pairs) % pairs).expect("smaller than pairs")
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A bijection on 32 bits ("lowbias32" of Wellons' hash-prospector), and its inverse below.
fn scatter(value: u32) -> u32 {
    let mut x = value;
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

fn gather(value: u32) -> u32 {
    let mut x = value;
    x = (x ^ (x >> 16)).wrapping_mul(0x4302_1123);
    x = (x ^ (x >> 15) ^ (x >> 30)).wrapping_mul(0x1d69_e2a5);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn population() -> Population {
        Population { seed: 7, domain: "northwind.example".to_owned(), company: "Northwind".to_owned() }
    }

    #[test]
    fn a_number_an_id_and_a_name_lead_to_each_other() {
        let population = population();
        for number in (0..500_000).step_by(4_999) {
            let name = population.person(number).user_principal_name();
            assert_eq!(population.number(population.id(number)), Some(number));
            assert_eq!(population.number_by_name(&name), Some(number), "{name}");
        }
        assert_eq!(population.number(Uuid::nil()), None);
    }

    #[test]
    fn no_two_people_share_a_name_or_an_id() {
        let population = population();
        let names: BTreeSet<_> = (0..20_000).map(|number| population.person(number).user_principal_name()).collect();
        let ids: BTreeSet<_> = (0..20_000).map(|number| population.id(number)).collect();
        assert_eq!((names.len(), ids.len()), (20_000, 20_000));
    }

    #[test]
    fn every_filled_property_is_json() {
        let attributes = population().person(4_321).attributes();
        assert_eq!(attributes.len(), FILLED.len());
        assert!(attributes.values().all(|value| !value.is_null()));
    }
}
