//! Parts of one load for several machines. Refuses what cannot be split without becoming another test.

use std::fmt;
use std::str::FromStr;

use super::{Level, Load, Profile, Stage};

/// The most parts of one load.
const PARTS_MAX: u32 = 1_000;

/// One part of a load: `1/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// Which part it is, counted from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many parts there are, at least 1.
    pub fn of(self) -> u32 {
        self.of
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) && of <= PARTS_MAX => Ok(Self { number, of }),
            _ => Err(format!("`{text}` is not a part such as `1/4`, of at most {PARTS_MAX}")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Load {
    /// This part of the load: its share of the rate or of the users, and of the connections, with a seed of its own. All parts together are the
    /// load. An error is in words.
    pub fn shard(&self, shard: Shard) -> Result<Self, String> {
        let mut part = self.clone();
        let level = |level: Level| {
            Ok::<Level, String>(match level {
                Level::Rate(rate) => Level::Rate(rate / f64::from(shard.of)),
                Level::Users(users) => Level::Users(of_users(users, shard)?),
            })
        };
        let like = |unit: Level, value: f64| match unit {
            Level::Rate(_) => Ok(value / f64::from(shard.of)),
            Level::Users(_) => of_users(value, shard),
        };
        match &mut part.profile {
            Profile::Load { level: at, .. } | Profile::Soak { level: at, .. } => *at = level(*at)?,
            Profile::Spike { base, peak, .. } => {
                *peak = like(*base, *peak)?;
                *base = level(*base)?;
            }
            Profile::Custom(stages) => {
                for Stage { from, to, .. } in stages {
                    *to = like(*from, *to)?;
                    *from = level(*from)?;
                }
            }
            Profile::Stress { .. } => {
                return Err("a stress test looks at its replies before it takes the next step, and its parts do not see each other's".to_owned());
            }
        }
        if self.connections.count < shard.of {
            return Err(format!("{} connections are too few for {} parts", self.connections.count, shard.of));
        }
        part.connections.count = share(self.connections.count, shard);
        // Far from its neighbours, and never the seed of the whole.
        part.seed = self.seed.wrapping_add(u64::from(shard.number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Ok(part)
    }
}

/// This part's users: whole ones, the first parts have one more where it does not come out even.
fn of_users(users: f64, shard: Shard) -> Result<f64, String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of users is small and not negative"
    )]
    let whole = users.round() as u32;
    match whole {
        // Nobody is at the foot of a ramp.
        1.. if whole < shard.of => Err(format!("{whole} users are too few for {} parts", shard.of)),
        _ => Ok(f64::from(share(whole, shard))),
    }
}

fn share(all: u32, Shard { number, of }: Shard) -> u32 {
    all / of + u32::from(number <= all % of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_number_of_so_many() {
        assert_eq!("2/4".parse(), Ok(Shard { number: 2, of: 4 }));
        for wrong in ["0/4", "5/4", "1/0", "1", "/", "1/4/2", "-1/4", "1/1001", "a/b"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        for (all, of) in [(10, 4), (4, 4), (1000, 7), (3, 4)] {
            let parts: Vec<u32> = (1..=of).map(|number| share(all, Shard { number, of })).collect();
            assert_eq!(parts.iter().sum::<u32>(), all, "{parts:?}");
            assert!(parts.iter().max().unwrap() - parts.iter().min().unwrap() <= 1, "{parts:?}");
        }
    }
}
