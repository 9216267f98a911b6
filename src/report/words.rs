//! Sentences of the model as texts of a report: names marked, numbers scaled. Refuses to escape: each sink does.

use crate::model::Words;
use crate::model::words::Part;

use super::escape;
use super::number::{percent, quantity};
use super::text::Text;

/// The most characters of one text from outside inside a sentence.
const NAME_SHOWN_MAX: usize = 300;

/// A sentence as a text.
pub(super) fn text(words: &Words) -> Text {
    words.parts().iter().fold(Text::default(), |text, part| match part {
        Part::Say(said) => text.say(said),
        Part::Name(name) => text.code(shown(name)),
        Part::Number(number) => text.say(quantity(number.value, &number.unit)),
        Part::Ratio(ratio) => text.say(percent(*ratio)),
    })
}

/// A sentence in one line.
pub(super) fn plain(words: &Words) -> String {
    text(words).line(str::to_owned)
}

/// A text from outside in one line, without what cannot be seen, short enough for a sentence.
pub(super) fn shown(name: &str) -> String {
    let line = name.split_whitespace().collect::<Vec<_>>().join(" ");
    escape::shorten(&escape::visible(&line), NAME_SHOWN_MAX)
}
