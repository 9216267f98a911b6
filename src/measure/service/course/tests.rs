//! Courses as they come from looks.

use std::time::Duration;

use super::*;

const LOOK: Duration = Duration::from_millis(100);

fn after(began: Instant, seconds: f64) -> Instant {
    began + Duration::from_secs_f64(seconds)
}

/// A look at which so much CPU time was used, with so many connections of which it took so many.
fn metered(cpu_s: f64, connections: Option<(u64, u64)>, look: u32) -> Metered {
    Metered { amounts: BTreeMap::from([(Amount::Cpu, cpu_s)]), connections, look, ..Metered::default() }
}

fn held_then(descriptors: u64, threads: u64) -> Used {
    Used { descriptors, threads, ..Used::default() }
}

#[test]
fn a_course_of_days_stays_small_and_even() {
    let began = Instant::now();
    let mut course = Course::new(began);
    course.counts_from = Some(after(began, 10.0));
    for look in 0..200_000_u32 {
        course.used.take(Used::default(), began + look * LOOK);
    }
    let usage = course.usage(|_, _| (0, 0));
    assert!((POINTS_MAX / 2 - 1..POINTS_MAX).contains(&usage.points.len()), "{}", usage.points.len());
    assert!((usage.points[0].seconds + 10.0).abs() < 1e-6, "the warm-up is before 0");
    let steps: Vec<f64> = usage.points.windows(2).map(|pair| pair[1].seconds - pair[0].seconds).collect();
    assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-6), "{:?}", &steps[..3]);
    assert!(usage.amounts.is_empty() && usage.counted_s.is_none(), "it has not ended");
}

#[test]
fn what_counts_is_cut_out_between_two_looks() {
    let began = Instant::now();
    let mut course = Course::new(began);
    (course.counts_from, course.ended) = (Some(after(began, 1.5)), Some(after(began, 3.25)));
    for look in 0..5_u32 {
        course.metered.take(metered(f64::from(look) * 2.0, None, 0), after(began, f64::from(look)));
        course.used.take(Used::default(), after(began, f64::from(look)));
    }
    let usage = course.usage(|_, _| (0, 0));
    assert!((usage.amounts[&Amount::Cpu] - 3.5).abs() < 1e-6, "{usage:?}");
    assert!((usage.counted_s.unwrap() - 1.75).abs() < 1e-6);
    assert_eq!(usage.points.len(), 4, "what it uses after the load is not part of it");
    assert!(!usage.amounts.contains_key(&Amount::Opened), "no socket was seen");
}

#[test]
fn connections_are_counted_from_look_to_look_and_not_said_where_they_may_be_anybodys() {
    let began = Instant::now();
    let mut course = Course::new(began);
    (course.counts_from, course.ended) = (Some(after(began, 0.5)), Some(after(began, 3.0)));
    for look in 0..4_u32 {
        course.metered.take(metered(0.0, Some((1, 1)), look + 1), after(began, f64::from(look)));
    }
    let opened = |its: u64, unknown: u64| {
        let usage = course.usage(|after, up_to| {
            assert_eq!((after, up_to), (2, 4));
            (its, unknown)
        });
        usage.amounts.get(&Amount::Opened).copied()
    };
    assert_eq!(opened(0, 2), Some(0.0), "somebody else on the machine, now and then");
    assert_eq!(opened(0, 3), None);
    assert!(opened(7, 300).is_some_and(|its| (its - 7.0).abs() < 1e-12));
}

#[test]
fn what_is_left_is_beyond_what_was_held_before_and_what_was_opened_early() {
    let began = Instant::now();
    let mut course = Course::new(began);
    course.used.take(held_then(8, 2), began);
    course.metered.take(metered(0.0, Some((0, 0)), 1), began);
    let left = |course: &Course, descriptors: u64, threads: u64, connections: u64| {
        let left = course.left(&Left { descriptors, threads, connections: Some(connections) }).unwrap();
        (left.descriptors, left.threads, left.connections)
    };
    assert_eq!(left(&course, 20, 3, 5), (12, 1, Some(5)));
    // When the warm-up was over it had 64 connections of ours, and a pool of ten with a thread each.
    course.counts_from = Some(after(began, 2.0));
    course.used.take(held_then(8 + 64 + 10, 2 + 64 + 10), after(began, 2.1));
    course.metered.take(metered(0.0, Some((74, 64)), 2), after(began, 2.1));
    assert_eq!(left(&course, 18, 12, 10), (0, 0, Some(0)));
    assert_eq!(left(&course, 118, 12, 11), (100, 0, Some(1)));
    assert_eq!(left(&course, 5, 1, 0), (0, 0, Some(0)), "less than before is nothing left");
}
