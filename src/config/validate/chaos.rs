//! What is done to a service on purpose, and by which header backends are told apart. Refuses to know how.

use std::time::Duration;

use crate::config::at::At;
use crate::config::scenario::{Chaos, Level, Profile, Target};
use crate::config::wire;

use super::Reader;

/// So long must the load have run before one is killed: what was before is what the service has to come back to.
const BEFORE_MIN: Duration = Duration::from_secs(1);
/// The longest name of a header, in bytes.
const HEADER_BYTES_MAX: usize = 128;

impl Reader<'_, '_> {
    /// The instance that is killed, where one can be.
    pub(super) fn chaos(
        &mut self,
        wire: &wire::Scenario,
        target: Option<&Target>,
        profile: Option<&Profile>,
    ) -> Option<Chaos> {
        let at = wire.chaos.as_ref()?;
        let several = match target {
            Some(Target::Service(service)) => service.instances >= 2,
            Some(Target::Addresses(_)) => false,
            None => true,
        };
        if !several {
            let help = "set `instances = 2` or more in the `[service.<name>]` that the load goes to".to_owned();
            self.problems.add(&at.span, "`chaos` kills one instance of several, and there are not several", Some(help));
        }
        if profile.is_some_and(|profile| matches!(profile.first(), Some(Level::Users(_)))) {
            let help = "set a `rate` instead of `users`".to_owned();
            let message = "users of an instance that is gone would do nothing but fail, as fast as they can";
            self.problems.add(&at.span, message, Some(help));
        }
        let chaos: Chaos = match at.value.parse::<Chaos>() {
            Ok(chaos) => chaos,
            Err(error) => {
                self.problems.add(&at.span, error.to_string(), error.hint());
                return None;
            }
        };
        let duration = match profile {
            Some(Profile::Load { duration, .. }) => *duration,
            Some(Profile::Stress { .. } | Profile::Spike { .. } | Profile::Soak { .. } | Profile::Custom(_)) | None => {
                return Some(chaos);
            }
        };
        let end = chaos.at + chaos.back_after.unwrap_or_default();
        if chaos.at < BEFORE_MIN || end >= duration {
            let message = "`chaos` leaves no time to compare before it or after it".to_owned();
            let help =
                format!("let it begin after 1 s and be over before the `duration`, {} s, is", duration.as_secs_f64());
            self.problems.add(&at.span, message, Some(help));
        }
        Some(chaos)
    }

    /// The name of a header, in lower case.
    pub(super) fn backend_header(&mut self, header: Option<&At<String>>) -> Option<String> {
        let At { value, span } = header?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if value.is_empty() || value.len() > HEADER_BYTES_MAX || !value.bytes().all(is_token) {
            let help = "write a name such as `x-served-by`".to_owned();
            self.problems.add(span, "`backend-header` is no name of a header", Some(help));
            return None;
        }
        Some(value.to_ascii_lowercase())
    }
}
