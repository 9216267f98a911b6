//! The raw values of one metric from one round.

/// The most values that one sample may hold: enough for any harness, bounded against hostile files.
pub const VALUES_MAX: usize = 1_000_000;

/// Raw values of one metric from one round, in the metric's base unit: 1 to [`VALUES_MAX`], all finite, none negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample(Box<[f64]>);

/// How a sample becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The middle value, or the mean of the two middle ones.
    Median,
}

/// Why values are not a [`Sample`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// There are none.
    #[error("no values")]
    Empty,
    /// There are more than [`VALUES_MAX`].
    #[error("{count} values, more than {VALUES_MAX}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One is NaN, infinite or negative.
    #[error("value {value} at position {position} is not a finite number of at least 0")]
    BadValue {
        /// The value.
        value: f64,
        /// Its place, counted from 0.
        position: usize,
    },
}

impl Sample {
    /// Takes the values of one round.
    pub fn new(values: Vec<f64>) -> Result<Self, SampleError> {
        if values.is_empty() {
            return Err(SampleError::Empty);
        }
        if values.len() > VALUES_MAX {
            return Err(SampleError::TooMany { count: values.len() });
        }
        match values.iter().position(|value| !value.is_finite() || *value < 0.0) {
            Some(position) => Err(SampleError::BadValue { value: values[position], position }),
            None => Ok(Self(values.into_boxed_slice())),
        }
    }

    /// The values in the order in which they were measured; never empty.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The sample's one number.
    pub fn statistic(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Min => self.0.iter().copied().fold(f64::INFINITY, f64::min),
            Statistic::Max => self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Statistic::Median => {
                let mut sorted = self.0.to_vec();
                sorted.sort_by(f64::total_cmp);
                let middle = sorted.len() / 2;
                if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_cannot_hold_what_is_not_a_measurement() {
        assert_eq!(Sample::new(vec![]), Err(SampleError::Empty));
        assert!(matches!(Sample::new(vec![1.0, f64::NAN]), Err(SampleError::BadValue { position: 1, .. })));
        assert!(matches!(Sample::new(vec![f64::INFINITY]), Err(SampleError::BadValue { .. })));
        assert!(matches!(Sample::new(vec![-1.0]), Err(SampleError::BadValue { .. })));
        assert!(Sample::new(vec![0.0]).is_ok());
    }

    #[test]
    fn the_statistics_of_a_sample_are_its_extremes_and_its_middle() {
        let sample = Sample::new(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        let of = |statistic| sample.statistic(statistic);
        let found = [Statistic::Min, Statistic::Median, Statistic::Max].map(of);
        assert!(
            found.iter().zip([1.0, 2.5, 4.0]).all(|(found, expected)| (found - expected).abs() < 1e-12),
            "{found:?}"
        );
    }
}
