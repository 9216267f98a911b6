//! What this machine is, as far as it says so itself. Refuses to guess: what the system does not tell is `unknown`.
#![expect(clippy::disallowed_methods, reason = "reads the system's description of itself")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crate::model::Environment;

use super::process::{self, ProcessSpec};
use super::surroundings::Surroundings;

/// More than this of a system file is not read: `/proc/cpuinfo` of 512 cores is about 1 MiB.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Longer texts are cut: nobody's CPU needs more.
const TEXT_CHARS_MAX: usize = 120;
/// How long the toolchain may take to say its version; a first `rustc` of a rustup may install one.
const TOOLCHAIN_LIMIT: Duration = Duration::from_mins(1);
/// What the system does not say.
const UNKNOWN: &str = "unknown";

/// The environment of this machine. `toolchain_folder` is where the toolchain is asked for its version, since a repository may pin one.
/// Never fails.
pub fn environment(surroundings: &Surroundings, toolchain_folder: &Path) -> Environment {
    let cpuinfo = text(Path::new("/proc/cpuinfo"));
    Environment {
        cpu_model: cpu_model(&cpuinfo),
        cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
        memory_bytes: memory_bytes(&text(Path::new("/proc/meminfo"))),
        os: os(&text(Path::new("/etc/os-release"))),
        kernel: kernel(),
        hypervisor: hypervisor(&cpuinfo),
        image: image(&surroundings.environment),
        toolchain: toolchain(surroundings, toolchain_folder),
    }
}

/// The text of a system file; empty where there is none.
fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is still true.
    let _rest = fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value as it is kept: one line, no control characters, not long; `unknown` where nothing is left.
fn tidy(value: &str) -> String {
    let one_line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = one_line.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(TEXT_CHARS_MAX).collect();
    if short.is_empty() { UNKNOWN.to_owned() } else { short }
}

/// The value of the first line `key : value` of a `/proc` file.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// x86 says `model name`; ARM says numbers of the implementer and the part, and some boards a `Model`.
fn cpu_model(cpuinfo: &str) -> String {
    if let Some(model) = field(cpuinfo, "model name").or_else(|| field(cpuinfo, "Model")) {
        return tidy(model);
    }
    match (field(cpuinfo, "CPU implementer"), field(cpuinfo, "CPU part")) {
        (Some(implementer), Some(part)) => {
            tidy(&format!("{} implementer {implementer} part {part}", std::env::consts::ARCH))
        }
        _ => UNKNOWN.to_owned(),
    }
}

/// Main memory, 0 where the system does not say.
fn memory_bytes(meminfo: &str) -> u64 {
    let kib = field(meminfo, "MemTotal").and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

/// `PRETTY_NAME`, or what std knows of the system.
fn os(os_release: &str) -> String {
    let pretty = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    pretty.map_or_else(|| std::env::consts::OS.to_owned(), |value| tidy(value.trim().trim_matches(['"', '\''])))
}

#[cfg(unix)]
fn kernel() -> String {
    tidy(&rustix::system::uname().release().to_string_lossy())
}

#[cfg(not(unix))]
fn kernel() -> String {
    UNKNOWN.to_owned()
}

/// The hypervisor by what the firmware calls the machine; `none` on a CPU that says it is a real one.
fn hypervisor(cpuinfo: &str) -> String {
    let flags = field(cpuinfo, "flags").unwrap_or_default();
    if !flags.split_whitespace().any(|flag| flag == "hypervisor") {
        return if flags.is_empty() { UNKNOWN } else { "none" }.to_owned();
    }
    let named = ["/sys/hypervisor/type", "/sys/class/dmi/id/product_name", "/sys/class/dmi/id/sys_vendor"]
        .into_iter()
        .map(|path| tidy(&text(Path::new(path))))
        .find(|name| name != UNKNOWN);
    named.unwrap_or_else(|| "virtual".to_owned())
}

/// The runner image as GitHub's runners name it.
fn image(variables: &BTreeMap<String, String>) -> Option<String> {
    let os = variables.get("ImageOS").filter(|os| !os.trim().is_empty())?;
    let version = variables.get("ImageVersion").map_or("", String::as_str);
    Some(tidy(&format!("{os} {version}")))
}

/// The first two words of `rustc --version`: the commit and its date say no more than the version.
fn toolchain(surroundings: &Surroundings, folder: &Path) -> String {
    let spec = ProcessSpec {
        command: vec!["rustc".to_owned(), "--version".to_owned()],
        directory: folder.to_owned(),
        environment: BTreeMap::new(),
        timeout: TOOLCHAIN_LIMIT,
    };
    let Ok(finished) = process::run_to_success(&spec, surroundings) else {
        return UNKNOWN.to_owned();
    };
    let words = String::from_utf8_lossy(&finished.stdout);
    tidy(&words.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_named_as_the_system_names_it() {
        assert_eq!(cpu_model("processor : 0\nmodel name\t: AMD  EPYC 7763\nflags : fpu\n"), "AMD EPYC 7763");
        let arm = cpu_model("processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n");
        assert!(arm.ends_with("implementer 0x41 part 0xd0c"));
        assert_eq!(cpu_model(""), UNKNOWN);
        assert_eq!(cpu_model("model name : \x1b[2J\u{7}\n"), "[2J");
    }

    #[test]
    fn a_machine_without_the_flag_is_a_real_one_and_without_flags_it_is_unknown() {
        assert_eq!(hypervisor("flags : fpu vme\n"), "none");
        assert_eq!(hypervisor(""), UNKNOWN);
        assert_ne!(hypervisor("flags : fpu hypervisor\n"), "none");
    }

    #[test]
    fn memory_and_system_are_read_from_their_files() {
        assert_eq!(memory_bytes("MemFree: 1 kB\nMemTotal:       16384 kB\n"), 16 << 20);
        assert_eq!([memory_bytes("MemTotal: x kB\n"), memory_bytes("")], [0, 0]);
        assert_eq!(os("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"), "Debian GNU/Linux 12");
        assert_eq!(os(""), std::env::consts::OS);
    }

    #[test]
    fn the_runner_image_is_named_with_its_version() {
        let variables = |pairs: &[(&str, &str)]| {
            image(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(
            variables(&[("ImageOS", "ubuntu24"), ("ImageVersion", "20260101.1")]).unwrap(),
            "ubuntu24 20260101.1"
        );
        assert_eq!(variables(&[("ImageOS", "ubuntu24")]).unwrap(), "ubuntu24");
        assert_eq!(variables(&[("ImageVersion", "1")]), None);
    }
}
