//! Whether a request is sent again, and after how long. Pure: what was heard in, a decision out. Refuses to send, to sleep and to look at a clock.

use std::time::Duration;

/// The most times that a request which comes to the same twice is sent.
const ATTEMPTS_MAX: u32 = 6;
/// The most times that a new thing is asked for. Between two times the client looks whether it is there.
const ATTEMPTS_NEW_MAX: u32 = 4;
/// The first pause after trouble on GitHub's side; each further one is twice as long.
const TROUBLE: Duration = Duration::from_secs(1);
/// The first pause after a limit that does not say when it ends; each further one is twice as long. GitHub asks for at least a minute.
const LIMITED: Duration = Duration::from_mins(1);

/// What happens if a request is carried out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The same as once: reading, editing, replacing.
    Repeatable,
    /// A second thing: a comment more.
    New,
}

/// What a GitHub server says about its limits, by headers and by its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `retry-after`, in seconds.
    pub retry_after_s: Option<u64>,
    /// `x-ratelimit-remaining`: how many requests are left.
    pub remaining: Option<u64>,
    /// In how many seconds there will be more: `x-ratelimit-reset` from now.
    pub reset_s: Option<u64>,
    /// Whether the message speaks of a limit.
    pub spoken_of: bool,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing, or not all of it: the request may have been carried out.
    Silence,
    /// An answer.
    Answer {
        /// Its HTTP status.
        status: u16,
        /// What it says about limits.
        limits: Limits,
    },
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send it again after this time. What makes a new thing looks first.
    Wait(Duration),
    /// Tell the caller.
    GiveUp,
}

/// Whether a refusal is a limit on how much may be asked, not on what.
pub fn is_limited(status: u16, limits: &Limits) -> bool {
    let says = limits.retry_after_s.is_some() || limits.remaining == Some(0) || limits.spoken_of;
    status == 429 || (status == 403 && says)
}

/// What to do after the `attempt`th try (from 1) of a request, with `left` of the time that all requests have together.
///
/// A pause that would not end in time is not begun. Source: GitHub's "Best practices for using the REST API".
pub fn next(class: Class, heard: Heard, attempt: u32, left: Duration) -> Next {
    let most = match class {
        Class::Repeatable => ATTEMPTS_MAX,
        Class::New => ATTEMPTS_NEW_MAX,
    };
    let doubled = |first: Duration| first.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    let pause = match heard {
        Heard::Answer { status, limits } if is_limited(status, &limits) => match limits {
            Limits { retry_after_s: Some(s), .. } => Duration::from_secs(s),
            // One second more: the server's clock and ours are not the same.
            Limits { remaining: Some(0), reset_s: Some(s), .. } => Duration::from_secs(s.saturating_add(1)),
            _ => doubled(LIMITED),
        },
        // A server that is not there for a while says for how long.
        Heard::Answer { status: 503, limits: Limits { retry_after_s: Some(s), .. } } => Duration::from_secs(s),
        Heard::Silence | Heard::Answer { status: 408 | 500 | 502 | 503 | 504, .. } => doubled(TROUBLE),
        Heard::Answer { .. } => return Next::GiveUp,
    };
    if attempt >= most || pause >= left { Next::GiveUp } else { Next::Wait(pause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    fn answer(status: u16, limits: Limits) -> Heard {
        Heard::Answer { status, limits }
    }

    fn s(seconds: u64) -> Next {
        Next::Wait(Duration::from_secs(seconds))
    }

    #[test]
    fn trouble_on_the_other_side_is_tried_again_with_longer_and_longer_pauses() {
        for heard in [Heard::Silence, answer(500, Limits::default()), answer(502, Limits::default())] {
            let pauses: Vec<Next> = (1..=6).map(|attempt| next(Class::Repeatable, heard, attempt, LONG)).collect();
            assert_eq!(pauses, [s(1), s(2), s(4), s(8), s(16), Next::GiveUp]);
            let pauses: Vec<Next> = (1..=4).map(|attempt| next(Class::New, heard, attempt, LONG)).collect();
            assert_eq!(pauses, [s(1), s(2), s(4), Next::GiveUp]);
        }
    }

    #[test]
    fn what_asking_again_cannot_change_is_not_asked_again() {
        for status in [301, 307, 400, 401, 403, 404, 409, 410, 422, 501] {
            assert_eq!(next(Class::Repeatable, answer(status, Limits::default()), 1, LONG), Next::GiveUp, "{status}");
        }
    }

    #[test]
    fn a_limit_is_waited_for_as_long_as_it_says() {
        let after = Limits { retry_after_s: Some(7), remaining: Some(0), reset_s: Some(3000), spoken_of: true };
        let reset = Limits { retry_after_s: None, ..after };
        let secondary = Limits { spoken_of: true, ..Limits::default() };
        for status in [403, 429] {
            assert_eq!(next(Class::New, answer(status, after), 1, LONG), s(7));
            assert_eq!(next(Class::New, answer(status, reset), 1, LONG), s(3001));
            assert_eq!(next(Class::New, answer(status, secondary), 1, LONG), s(60));
            assert_eq!(next(Class::New, answer(status, secondary), 3, LONG), s(240));
        }
        assert_eq!(next(Class::New, answer(429, Limits::default()), 1, LONG), s(60));
        let maintenance = Limits { retry_after_s: Some(20), ..Limits::default() };
        assert_eq!(next(Class::New, answer(503, maintenance), 1, LONG), s(20));
    }

    #[test]
    fn a_pause_that_would_not_end_in_time_is_not_begun() {
        let after = answer(429, Limits { retry_after_s: Some(60), ..Limits::default() });
        assert_eq!(next(Class::Repeatable, after, 1, Duration::from_mins(1)), Next::GiveUp);
        assert_eq!(next(Class::Repeatable, after, 1, Duration::from_secs(61)), s(60));
        assert_eq!(next(Class::Repeatable, Heard::Silence, 1, Duration::ZERO), Next::GiveUp);
    }

    #[test]
    fn no_number_that_a_server_may_send_overflows() {
        let huge =
            Limits { retry_after_s: Some(u64::MAX), remaining: Some(0), reset_s: Some(u64::MAX), spoken_of: true };
        assert_eq!(next(Class::New, answer(429, huge), u32::MAX, LONG), Next::GiveUp);
        let reset = Limits { retry_after_s: None, ..huge };
        assert_eq!(next(Class::New, answer(429, reset), 1, LONG), Next::GiveUp);
    }
}
