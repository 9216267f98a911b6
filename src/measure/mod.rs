//! Runs other people's code and brings back samples: the only place that does. Refuses to judge them.

pub mod bench;
pub mod evidence;
pub mod handicap;
pub mod host;
pub mod journal;
pub mod live;
pub mod load;
pub mod machine;
pub mod probe;
pub mod process;
pub mod proof;
pub mod rounds;
pub mod scripted;
pub mod selection;
pub mod service;
pub mod stop;
pub mod suite;
pub mod surroundings;
