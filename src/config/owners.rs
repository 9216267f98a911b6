//! A CODEOWNERS file: who answers for which path. Refuses to know where it lies.

use globset::{GlobBuilder, GlobMatcher};

/// Where it may lie in a repository, the first that is there counts, as on GitHub.
pub const CODEOWNERS_FILES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// The most lines that are read.
const LINES_MAX: usize = 5_000;
/// The longest pattern that is read, in bytes.
const PATTERN_BYTES_MAX: usize = 500;
/// The most owners of one line.
const OWNERS_MAX: usize = 15;

/// Owners by path. A line that cannot be understood owns nothing, as on GitHub.
#[derive(Clone, Debug, Default)]
pub struct Owners(Vec<(Vec<GlobMatcher>, Vec<String>)>);

impl Owners {
    /// Reads the text of the file.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().take(LINES_MAX).filter_map(line).collect())
    }

    /// Who owns a file, by the last line that names it; nobody where that line has no owner.
    pub fn of(&self, path: &str) -> &[String] {
        let path = path.trim_start_matches("./");
        let line = self.0.iter().rev().find(|(globs, _)| globs.iter().any(|glob| glob.is_match(path)));
        line.map_or(&[], |(_, owners)| owners)
    }
}

/// A pattern with its owners.
fn line(line: &str) -> Option<(Vec<GlobMatcher>, Vec<String>)> {
    let mut words = line.split('#').next()?.split_whitespace();
    let pattern = words.next().filter(|pattern| pattern.len() <= PATTERN_BYTES_MAX)?;
    // GitHub knows neither of these.
    if pattern.contains(['!', '[', ']', '\\']) {
        return None;
    }
    let bare = pattern.trim_start_matches('/').trim_end_matches('/');
    let anchored = pattern.starts_with('/') || bare.contains('/');
    let place = if anchored { bare.to_owned() } else { format!("**/{bare}") };
    let inside = if bare.is_empty() { "**".to_owned() } else { format!("{place}/**") };
    let whole_folder = pattern.ends_with('/');
    // `docs/*` owns what lies right in it.
    let folder_too = whole_folder || !bare.rsplit('/').next().unwrap_or(bare).contains('*');
    let globs = [(!whole_folder).then_some(place), folder_too.then_some(inside)];
    let globs = globs.into_iter().flatten().map(|glob| {
        // Braces are nothing special on GitHub.
        let glob = glob.replace('{', "[{]").replace('}', "[}]");
        Some(GlobBuilder::new(&glob).literal_separator(true).build().ok()?.compile_matcher())
    });
    let owners = words.filter(|owner| owner.contains('@')).take(OWNERS_MAX).map(str::to_owned).collect();
    Some((globs.collect::<Option<_>>()?, owners))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
* @org/all
*.js @js # a comment
/build/ @build
docs/* docs@example.com
apps/ @apps
/scripts/ok.sh @one @two
/scripts/free.sh
!/no @x
src/[ab] @y
a{b,c} @braces
";

    #[test]
    fn the_last_line_that_names_a_path_says_who_owns_it() {
        let owners = Owners::parse(FILE);
        let of = |path: &str| owners.of(path).join(" ");
        assert_eq!(of("README.md"), "@org/all");
        assert_eq!(of("deep/in/x.js"), "@js");
        assert_eq!(of("build/logs/x.rs"), "@build");
        assert_eq!(of("other/build/x.rs"), "@org/all");
        assert_eq!(of("docs/a.md"), "docs@example.com");
        assert_eq!(of("docs/deep/a.md"), "@org/all");
        assert_eq!(of("x/apps/y/z.rs"), "@apps");
        assert_eq!(of("./scripts/ok.sh"), "@one @two");
        assert_eq!(of("scripts/free.sh"), "");
        assert_eq!(of("src/a"), "@org/all");
        assert_eq!(of("ab"), "@org/all");
        assert_eq!(Owners::parse("").of("x"), [""; 0]);
    }

    #[test]
    fn no_file_takes_long_or_panics() {
        let hostile = format!("{} @a\n{}", "*".repeat(400), "{,".repeat(249) + " @b\n* @c @d x y");
        assert_eq!(Owners::parse(&hostile).of("x/y/z"), ["@c", "@d"]);
    }
}
