//! What the machine is, and when two machines' times may be compared.

use std::fmt;

/// What a run was measured on. Text fields are shown, and compared as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The CPU's model name, `unknown` where the system does not say.
    pub cpu_model: String,
    /// Logical cores that the process may use.
    pub cores: u32,
    /// Main memory in bytes.
    pub memory_bytes: u64,
    /// Operating system and its version.
    pub os: String,
    /// Kernel release.
    pub kernel: String,
    /// Hypervisor or `none`, `unknown` where the system does not say.
    pub hypervisor: String,
    /// The runner image and its version, where there is one.
    pub image: Option<String>,
    /// The toolchain that built the programs, such as `rustc 1.95.0`.
    pub toolchain: String,
}

/// One field in which two environments differ so that their times cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which field.
    pub field: &'static str,
    /// Its value in the stored run.
    pub stored: String,
    /// Its value here.
    pub here: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: stored on `{}`, here `{}`", self.field, self.stored, self.here)
    }
}

impl Environment {
    /// What makes times comparable: CPU model, cores, operating system or runner image, toolchain. Kernel and memory are recorded and shown
    /// but do not split the class: they change under a runner every week, and the between-run variance carries them.
    fn class_fields(&self) -> [(&'static str, String); 4] {
        let image = self.image.clone().unwrap_or_else(|| self.os.clone());
        [
            ("CPU model", self.cpu_model.clone()),
            ("cores", self.cores.to_string()),
            ("image", image),
            ("toolchain", self.toolchain.clone()),
        ]
    }

    /// The readable name of the environment's class: lower-case ASCII letters, digits, `.` and `-`, at most 120 characters, safe as a folder.
    pub fn class(&self) -> String {
        let mut slug = String::new();
        for (field, value) in self.class_fields() {
            let value = if field == "cores" { format!("{value}c") } else { value };
            if !slug.is_empty() {
                slug.push_str("--");
            }
            for c in value.chars() {
                match c {
                    'a'..='z' | '0'..='9' | '.' => slug.push(c),
                    'A'..='Z' => slug.push(c.to_ascii_lowercase()),
                    _ if slug.ends_with('-') => {}
                    _ => slug.push('-'),
                }
            }
            slug.truncate(slug.trim_end_matches('-').len());
        }
        slug.truncate(120);
        slug
    }

    /// What keeps times measured on `stored` from being compared with times measured here; empty where they are comparable.
    pub fn differences(&self, stored: &Self) -> Vec<Difference> {
        self.class_fields()
            .into_iter()
            .zip(stored.class_fields())
            .filter(|((_, here), (_, there))| here != there)
            .map(|((field, here), (_, stored))| Difference { field, stored, here })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Environment {
        Environment {
            cpu_model: "AMD EPYC 7763 (64-Core)".to_owned(),
            cores: 4,
            memory_bytes: 16 << 30,
            os: "Debian 12".to_owned(),
            kernel: "6.1.0".to_owned(),
            hypervisor: "kvm".to_owned(),
            image: None,
            toolchain: "rustc 1.95.0".to_owned(),
        }
    }

    #[test]
    fn the_class_is_a_readable_folder_name() {
        assert_eq!(machine().class(), "amd-epyc-7763-64-core--4c--debian-12--rustc-1.95.0");
        let hostile = Environment { cpu_model: "../../etc\n".to_owned(), ..machine() };
        assert!(!hostile.class().contains('/'));
    }

    #[test]
    fn another_cpu_is_not_comparable_but_another_kernel_is() {
        let other_kernel = Environment { kernel: "6.6.0".to_owned(), ..machine() };
        assert!(machine().differences(&other_kernel).is_empty());
        let other_cpu = Environment { cpu_model: "Xeon".to_owned(), ..machine() };
        assert_eq!(machine().differences(&other_cpu).len(), 1);
    }
}
