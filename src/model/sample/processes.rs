//! The values of one metric from several short processes that together are one arm's part of a round. Refuses to know why there are several.

use super::{SampleError, Statistic, Values};

/// From this many processes on, the lowest and the highest of their numbers are left out.
const TRIM_FROM: usize = 5;

/// The values of each process, in the order in which they ran; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Processes(Box<[Values]>);

impl Processes {
    /// Takes the values of each process. Refuses none, and more than a sample may hold.
    pub(super) fn new(processes: Vec<Values>) -> Result<Self, SampleError> {
        let count = processes.iter().map(|values| values.0.len()).sum();
        if processes.is_empty() {
            return Err(SampleError::Empty);
        }
        if count > super::VALUES_MAX {
            return Err(SampleError::TooMany { count });
        }
        Ok(Self(processes.into_boxed_slice()))
    }

    /// The raw values, process by process.
    pub fn values(&self) -> impl Iterator<Item = &[f64]> {
        self.0.iter().map(|values| &*values.0)
    }

    /// The one number of each process, in the order in which they ran.
    pub fn numbers(&self, statistic: Statistic) -> Vec<f64> {
        self.0.iter().map(|values| values.statistic(statistic)).collect()
    }

    /// The geometric mean of the processes' numbers, from five processes on without the lowest and the highest of them; their middle one where
    /// one is 0. It scales with the values.
    ///
    /// A mean, because the numbers of processes that differ by chance often lie evenly in a range, of which the middle one says little; without
    /// the ends, because one disturbed process moves a mean (`docs/evidence.md`).
    pub(super) fn statistic(&self, statistic: Statistic) -> f64 {
        let mut numbers = self.numbers(statistic);
        numbers.sort_unstable_by(f64::total_cmp);
        let ends = usize::from(numbers.len() >= TRIM_FROM);
        let kept = &numbers[ends..numbers.len() - ends];
        if numbers[0] > 0.0 {
            (kept.iter().map(|number| number.ln()).sum::<f64>() / kept.len() as f64).exp()
        } else {
            super::median(numbers).expect("there is a process")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sample;
    use super::*;

    fn statistic(processes: &[&[f64]]) -> f64 {
        let processes = processes.iter().map(|values| values.to_vec()).collect();
        Sample::processes(processes).unwrap().statistic(Statistic::Min)
    }

    #[test]
    fn the_number_of_several_processes_is_the_geometric_mean_of_theirs() {
        assert!((statistic(&[&[2.0, 9.0], &[8.0]]) - 4.0).abs() < 1e-12);
        assert!((statistic(&[&[3.0]]) - 3.0).abs() < 1e-12);
        let one_was_disturbed = [&[1.0, 7.0][..], &[4.0], &[4.0], &[4.0], &[900.0]];
        assert!((statistic(&one_was_disturbed) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn where_a_process_gives_nothing_the_middle_one_counts() {
        assert!((statistic(&[&[0.0], &[2.0], &[5.0]]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn no_process_and_no_values_are_no_sample() {
        assert_eq!(Sample::processes(vec![]), Err(SampleError::Empty));
        assert_eq!(Sample::processes(vec![vec![1.0], vec![]]), Err(SampleError::Empty));
        let many = vec![vec![1.0; super::super::VALUES_MAX]; 2];
        assert!(matches!(Sample::processes(many), Err(SampleError::TooMany { .. })));
    }
}
