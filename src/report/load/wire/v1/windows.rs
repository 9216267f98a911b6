//! The windows of a drive in JSON: written one after the other, for all of them at once would take most of the memory of a long drive.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::super::result;
use super::Window;

/// The windows of a drive. Those that are kept become [`Window`]s as they are written.
#[derive(Debug)]
pub(in super::super) enum Windows {
    Kept(Vec<result::Window>),
    Read(Vec<Window>),
}

impl Windows {
    /// All of them, as they were read.
    pub(in super::super) fn into_list(self) -> Vec<Window> {
        match self {
            Self::Kept(kept) => kept.iter().map(Window::from).collect(),
            Self::Read(read) => read,
        }
    }

    /// How many.
    pub(in super::super) fn len(&self) -> usize {
        match self {
            Self::Kept(kept) => kept.len(),
            Self::Read(read) => read.len(),
        }
    }
}

impl Serialize for Windows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Kept(kept) => serializer.collect_seq(kept.iter().map(Window::from)),
            Self::Read(read) => serializer.collect_seq(read),
        }
    }
}

impl<'de> Deserialize<'de> for Windows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::Read)
    }
}

impl From<&result::Window> for Window {
    fn from(window: &result::Window) -> Self {
        let response = (&window.response.histogram()).into();
        Self { name: None, ended: window.ended, failed: window.failed, response }
    }
}
