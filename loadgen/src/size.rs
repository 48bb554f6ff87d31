//! How great the values of records are: `1024`, `uniform:100-2000`, or `lognormal:1024,0.7` (median and the
//! standard deviation of the logarithm: 0.7 puts 1 record of 6 above twice the median).
//!
//! A distribution is drawn as [`CLASSES`] sizes that are equally likely, each in the middle of its share: that
//! keeps what depends on a size (a checksum of the body, say) computed once a class.

use std::fmt;
use std::str::FromStr;

use crate::payload::HEADER_BYTES;

/// How many sizes stand for a distribution.
pub const CLASSES: usize = 256;

/// The greatest size of a value.
pub const SIZE_MAX: usize = 1 << 20;

/// Sizes of values, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// All the same.
    Fixed(usize),
    /// Every size between two, equally often.
    Uniform {
        /// The least.
        least: usize,
        /// The greatest.
        most: usize,
    },
    /// Most near the median, a few far above, as real records are.
    Lognormal {
        /// Half of all are no greater.
        median: usize,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
}

impl Size {
    /// The sizes that stand for the distribution, in order, all within what a load record can be.
    pub fn classes(&self) -> Vec<usize> {
        let share = |class: usize| (class as f64 + 0.5) / CLASSES as f64;
        let sizes: Vec<f64> = match *self {
            Size::Fixed(size) => vec![size as f64],
            Size::Uniform { least, most } => {
                (0..CLASSES).map(|class| least as f64 + share(class) * (most - least) as f64).collect()
            }
            Size::Lognormal { median, sigma } => (0..CLASSES)
                .map(|class| median as f64 * (sigma * normal_quantile(share(class))).exp())
                .collect(),
        };
        sizes.into_iter().map(|size| (size.round() as usize).clamp(HEADER_BYTES, SIZE_MAX)).collect()
    }

    /// The mean size.
    pub fn mean(&self) -> f64 {
        let classes = self.classes();
        classes.iter().sum::<usize>() as f64 / classes.len() as f64
    }
}

/// Where the standard normal distribution reaches `share` (above 0, below 1), found by halving.
fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal_share(middle) < share { low = middle } else { high = middle }
    }
    low
}

/// The share of the standard normal distribution below `x`, by the series of its integral.
fn normal_share(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-12 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Fixed(size) => write!(f, "{size}"),
            Size::Uniform { least, most } => write!(f, "uniform:{least}-{most}"),
            Size::Lognormal { median, sigma } => write!(f, "lognormal:{median},{sigma}"),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = |text: &str| {
            let size: usize = text
                .trim()
                .replace('_', "")
                .parse()
                .map_err(|_| format!("'{text}' is not a number of bytes"))?;
            if (HEADER_BYTES..=SIZE_MAX).contains(&size) {
                Ok(size)
            } else {
                Err(format!("between {HEADER_BYTES} (what verification needs) and {SIZE_MAX} bytes"))
            }
        };
        match text.split_once(':') {
            None => bytes(text).map(Size::Fixed),
            Some(("uniform", rest)) => {
                let (least, most) = rest.split_once('-').ok_or("uniform sizes are uniform:LEAST-MOST")?;
                let (least, most) = (bytes(least)?, bytes(most)?);
                if least > most {
                    return Err(format!("{least} is above {most}"));
                }
                Ok(Size::Uniform { least, most })
            }
            Some(("lognormal", rest)) => {
                let (median, sigma) =
                    rest.split_once(',').ok_or("lognormal sizes are lognormal:MEDIAN,SIGMA")?;
                let sigma: f64 = sigma.trim().parse().map_err(|_| format!("'{sigma}' is not a number"))?;
                if !(0.0..=3.0).contains(&sigma) {
                    return Err("sigma is between 0 and 3".into());
                }
                Ok(Size::Lognormal { median: bytes(median)?, sigma })
            }
            Some(_) => {
                Err("a size is a number of bytes, uniform:LEAST-MOST or lognormal:MEDIAN,SIGMA".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, median: usize, mean: f64, most: usize) {
        let size: Size = text.parse().unwrap();
        assert_eq!(size.to_string(), text);
        let classes = size.classes();
        assert!(classes.is_sorted());
        let near = |got: f64, expect: f64| (got - expect).abs() <= expect * 0.02;
        assert!(near(classes[classes.len() / 2] as f64, median as f64), "{text}: {:?}", classes);
        assert!(near(size.mean(), mean), "{text}: mean {}", size.mean());
        assert!(near(*classes.last().unwrap() as f64, most as f64), "{text}: {:?}", classes.last());
    }

    #[test]
    fn classes_follow_their_distribution() {
        check("1024", 1024, 1024.0, 1024);
        check("uniform:100-2000", 1050, 1050.0, 1996);
        // The mean of a lognormal is median · exp(sigma² / 2).
        check("lognormal:1000,0.5", 1000, 1132.0, 4220);
        check("lognormal:1000,0", 1000, 1000.0, 1000);
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for text in
            ["", "39", "2000000", "uniform:10-100", "uniform:200-100", "lognormal:100", "lognormal:100,9"]
        {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
