//! Every pair of a round on disk as soon as it was measured, so that neither a crash nor Ctrl-C loses it and `check --resume` goes on.
#![expect(clippy::disallowed_methods, reason = "keeps the journal file")]

mod wire;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::machine::MachineTime;
use crate::model::{Arm, MetricId, Sample, Trouble};

use super::bench::Parsed;
use super::rounds::PartId;
use wire::{CanaryLine, Line};

/// The longest line that is read back.
const LINE_BYTES_MAX: u64 = 256 << 20;

/// What one part gave in one round.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// What each arm gave, or why it gave nothing.
    pub arms: BTreeMap<Arm, Result<Parsed, Trouble>>,
    /// How many seconds each arm took; missing where nobody wrote it down.
    pub seconds: BTreeMap<Arm, f64>,
    /// What the machine did beside each arm; missing where nobody knows.
    pub machine: BTreeMap<Arm, MachineTime>,
}

/// What the two runs of the canary gave in one round: nothing where one of them failed.
pub type Twice = Option<[Sample; 2]>;

/// What a journal belongs to: one of another identity is never gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the journal's own format.
    pub schema: u32,
    /// Tollgate's version.
    pub tollgate: String,
    /// Base's tree; empty where head alone is measured.
    pub base: String,
    /// Head's tree.
    pub head: String,
    /// The seed of the coins.
    pub seed: u64,
    /// The plan as text.
    pub plan: String,
}

/// The journal of one run.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Option<File>,
    recorded: BTreeMap<(u32, PartId), Record>,
    canary: BTreeMap<(u32, MetricId), Twice>,
}

/// Why the journal cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be written: the disk is full, say.
    #[error("write {path}")]
    Write {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be read.
    #[error("read {path}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is nothing to go on with.
    #[error("find an interrupted run of the same base, head and plan ({path})")]
    Another {
        /// Its path.
        path: PathBuf,
    },
}

impl JournalError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Write { .. } => {
                "free some space; what was measured so far is kept: `tollgate check --resume` goes on".to_owned()
            }
            Self::Read { .. } => "check the permissions of .tollgate/".to_owned(),
            Self::Another { .. } => {
                "base, head, the plan or the seed changed since; run `tollgate check` without --resume".to_owned()
            }
        })
    }
}

impl Journal {
    /// A journal that is not kept: for tests and for runs that cannot be gone on with.
    pub fn in_memory() -> Self {
        Self { path: PathBuf::new(), file: None, recorded: BTreeMap::new(), canary: BTreeMap::new() }
    }

    /// Starts a new journal at `path`, replacing an older one.
    pub fn create(path: &Path, identity: &Identity) -> Result<Self, JournalError> {
        let write = |source| JournalError::Write { path: path.to_owned(), source };
        let mut file = File::create(path).map_err(write)?;
        let line = serde_json::to_string(identity).map_err(|error| write(error.into()))?;
        writeln!(file, "{line}").map_err(write)?;
        Ok(Self { file: Some(file), path: path.to_owned(), ..Self::in_memory() })
    }

    /// Goes on with the journal at `path`, if it belongs to the same run. A line that was cut short by a crash is forgotten.
    pub fn resume(path: &Path, identity: &Identity) -> Result<Self, JournalError> {
        let another = || JournalError::Another { path: path.to_owned() };
        let read = |source| JournalError::Read { path: path.to_owned(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(another()),
            opened => opened.map_err(read)?,
        };
        let mut reader = BufReader::new(file);
        let first = next_line(&mut reader).map_err(read)?.ok_or_else(another)?;
        if serde_json::from_slice::<Identity>(&first).ok().as_ref() != Some(identity) {
            return Err(another());
        }
        let (mut journal, mut intact) = (Self::in_memory(), first.len() as u64);
        while let Some(line) = next_line(&mut reader).map_err(read)? {
            if journal.take_in(&line).is_none() {
                break;
            }
            intact += line.len() as u64;
        }
        let file = OpenOptions::new().append(true).open(path).map_err(read)?;
        file.set_len(intact).map_err(read)?;
        Ok(Self { path: path.to_owned(), file: Some(file), ..journal })
    }

    /// Takes in one line, of a pair or of the canary; `None` where it is neither.
    fn take_in(&mut self, line: &[u8]) -> Option<()> {
        if let Ok(pair) = serde_json::from_slice::<Line>(line) {
            let (key, record) = pair.into_record()?;
            self.recorded.insert(key, record);
        } else {
            let (key, twice) = serde_json::from_slice::<CanaryLine>(line).ok()?.into_twice()?;
            self.canary.insert(key, twice);
        }
        Some(())
    }

    /// How many pairs were read back.
    pub fn len(&self) -> usize {
        self.recorded.len()
    }

    /// Whether none was read back.
    pub fn is_empty(&self) -> bool {
        self.recorded.is_empty()
    }

    /// Takes out what was recorded of one part in one round.
    pub fn recorded(&mut self, key: &(u32, PartId)) -> Option<Record> {
        self.recorded.remove(key)
    }

    /// Writes down what one part gave in one round.
    pub fn append(&mut self, (round, part): &(u32, PartId), record: &Record) -> Result<(), JournalError> {
        self.write(&Line::new(*round, part, record))
    }

    /// Takes out what was recorded of the canary in one round.
    pub fn canary(&mut self, key: &(u32, MetricId)) -> Option<Twice> {
        self.canary.remove(key)
    }

    /// Writes down what the canary gave in one round.
    pub fn append_canary(&mut self, (round, metric): &(u32, MetricId), twice: &Twice) -> Result<(), JournalError> {
        self.write(&CanaryLine::new(*round, metric, twice))
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), JournalError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let write = |source| JournalError::Write { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(line).map_err(|error| write(error.into()))?;
        line.push(b'\n');
        file.write_all(&line).map_err(write)
    }

    /// Takes the file away: what it held is decided.
    pub fn remove(self) {
        // One that stays is replaced by the next run.
        let _stays = std::fs::remove_file(&self.path);
    }
}

/// The next whole line with its line end; `None` at the end, or where the last line was cut short.
fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    io::Read::take(&mut *reader, LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(line.ends_with(b"\n").then_some(line))
}
