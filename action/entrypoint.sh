#!/usr/bin/env bash
# What the one step of action.yml runs: gets the binary, runs one command, and on a pull request publishes the comment.
# Everything comes in by environment variables, and every value is taken for text: nothing here is evaluated.
# Started with `bash -p`, so that no function and no start-up file comes in from the environment.
# shellcheck disable=SC2016 # backquotes in messages are Markdown
set -euo pipefail

# The one place to fill in when the repository gets its address. On GitHub Enterprise Server too: releases are on github.com.
readonly repository=OWNER/tollgate
readonly archive_bytes_max=67108864

action=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly action

# Escapes text for the message of a workflow command, so that foreign text stays on its line.
escaped() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '%s' "$text"
}

notice() { printf '::notice title=Tollgate::%s\n' "$(escaped "$1")"; }
warn() { printf '::warning title=Tollgate::%s\n' "$(escaped "$1")"; }

# Ends the step: `fail MESSAGE HINT [CODE]`.
fail() {
    printf '::error title=Tollgate::%s\n' "$(escaped "$1"$'\n'"hint: $2")"
    exit "${3:-1}"
}

# Functions of the environment would come to life in every shell that is started from here.
refuse_functions() {
    local entry
    while IFS= read -r -d '' entry; do
        [[ $entry != BASH_FUNC_* ]] || fail "no verdict: the environment holds the shell function ${entry%%=*}" \
            'find the step or the runner that exports it, and `unset -f` it there' 2
    done < <(env -0)
}

# The token goes out of the environment before anything that is measured runs, also out of what /proc shows of this process.
hide_token() {
    if [ -z "${TOLLGATE_TOKEN_HIDDEN:-}" ]; then
        exec 3<<<"${TOLLGATE_INPUT_TOKEN:-}"
        unset TOLLGATE_INPUT_TOKEN GITHUB_TOKEN GH_TOKEN BASH_ENV ENV
        TOLLGATE_TOKEN_HIDDEN=1 exec "${BASH:?}" --noprofile --norc -p "${BASH_SOURCE[0]}"
    fi
    IFS= read -r token <&3 || true
    exec 3<&-
    unset TOLLGATE_TOKEN_HIDDEN
}

# ---- inputs

# Reads every input, and refuses what no command understands.
read_inputs() {
    command=${TOLLGATE_INPUT_COMMAND:-check}
    directory=${TOLLGATE_INPUT_WORKING_DIRECTORY:-.}
    config=${TOLLGATE_INPUT_CONFIG:-}
    base=${TOLLGATE_INPUT_BASE:-}
    key=${TOLLGATE_INPUT_KEY:-tollgate}
    comment=${TOLLGATE_INPUT_COMMENT:-always}
    escalate=${TOLLGATE_INPUT_ESCALATE:-false}
    publishing=(publish "--key=$key" "--comment=$comment")
    fail_on=${TOLLGATE_INPUT_FAIL_ON:-}
    artifact=${TOLLGATE_INPUT_ARTIFACT:-}
    version=${TOLLGATE_INPUT_VERSION:-}
    head_repository=${TOLLGATE_HEAD_REPOSITORY:-}
    more=()
    local line name
    while IFS= read -r line; do
        line=${line%$'\r'}
        [ -z "$line" ] || more+=("$line")
    done <<<"${TOLLGATE_INPUT_ARGS:-}"
    # A second line, shown in the log, could be a command to the runner.
    for name in command directory config base key artifact version; do
        [[ ${!name} != *[[:cntrl:]]* ]] || fail "no verdict: the input for the $name holds a line break or another control character" \
            'give it on one line' 2
    done
    case $command in
        check | publish | respond | baseline-update | selftest) ;;
        *) fail "no verdict: \`command\` is \`$command\`" \
            'it is one of check, publish, respond, baseline-update, selftest' 2 ;;
    esac
    case $comment in
        always | on-change | new | never) ;;
        *) fail "no verdict: \`comment\` is \`$comment\`" 'it is one of always, on-change, new, never' 2 ;;
    esac
    case $escalate in
        true) publishing+=(--escalate) ;;
        false) ;;
        *) fail "no verdict: \`escalate\` is \`$escalate\`" 'it is true or false' 2 ;;
    esac
    [[ $directory != -* && -d $directory ]] || fail "no verdict: \`working-directory\` is \`$directory\`, and there is no such folder" \
        'check the repository out before this step, and give the path relative to the workspace' 2
    [ -z "$fail_on" ] || read_fail_on
    # What is measured sees the job's environment: none of this is its business.
    unset "${!TOLLGATE_INPUT_@}" TOLLGATE_HEAD_REPOSITORY
}

read_fail_on() {
    local word
    fail_on=${fail_on//[[:space:]]/}
    [[ $fail_on == *[a-z]* ]] || fail 'no verdict: `fail-on` names nothing' 'leave it out, or say `never`' 2
    while IFS= read -r -d , word; do
        case $word in
            regressed | over-budget | inconclusive | never | '') ;;
            *) fail "no verdict: \`fail-on\` names \`$word\`" \
                'it takes some of regressed, over-budget, inconclusive, with commas between, or never' 2 ;;
        esac
    done <<<"$fail_on,"
}

# ---- the binary

# The name of this platform in the archives' names.
platform() {
    case ${RUNNER_OS:-}-${RUNNER_ARCH:-} in
        Linux-X64) echo x86_64-unknown-linux-musl ;;
        Linux-ARM64) echo aarch64-unknown-linux-musl ;;
        macOS-X64) echo x86_64-apple-darwin ;;
        macOS-ARM64) echo aarch64-apple-darwin ;;
        Windows-X64) echo x86_64-pc-windows-msvc ;;
        *) return 1 ;;
    esac
}

# By standard input: a backslash in a name, as on Windows, changes what is printed.
sha256() {
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1"
    else
        shasum -a 256 <"$1"
    fi | cut -d ' ' -f 1
}

# The checksum that the tree pins for an archive; nothing where it pins none.
pinned() {
    local sum name
    while read -r sum name; do
        if [ "$name" = "$1" ] && [[ $sum =~ ^[0-9a-f]{64}$ ]]; then
            printf '%s' "$sum"
        fi
    done <"$action/action/checksums.txt"
}

# Sets `binary`. The archive is kept in the tool cache, and its checksum is computed each time, whoever put it there.
install() {
    [ -n "$version" ] || read -r version <"$action/action/VERSION"
    if [ "$version" = source ]; then
        build
        return
    fi
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "no verdict: \`version\` is \`$version\`" \
        'leave it out, or say `source`, or a version such as 1.4.0'
    local target archive wanted folder
    target=$(platform) || fail "no verdict: there is no binary for ${RUNNER_OS:-an unknown system} on ${RUNNER_ARCH:-an unknown processor}" \
        'say `version: source` to build it on the runner'
    archive=tollgate-$version-$target.tar.gz
    wanted=$(pinned "$archive")
    [ -n "$wanted" ] || fail "no verdict: this action pins no checksum for $archive" \
        'leave `version` out, use the commit of the action that goes with that version, or say `version: source`'
    folder=${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:?}}/tollgate/$version/$target
    mkdir -p -- "$folder"
    if ! [ -f "$folder/$archive" ] || [ "$(sha256 "$folder/$archive")" != "$wanted" ]; then
        download "$archive" "$folder/$archive" "$wanted"
    fi
    unpack "$folder/$archive" "tollgate-$version-$target/tollgate"
}

# Downloads an archive to where it is kept, if its checksum is the pinned one.
download() {
    local archive=$1 to=$2 wanted=$3 from part got protocols='=https'
    from=${TOLLGATE_MIRROR:-https://github.com/$repository/releases/download}
    [[ $from != https://github.com/OWNER/* ]] || fail 'no verdict: this copy of the action does not know where its releases are' \
        'say `version: source`, or name a mirror in `TOLLGATE_MIRROR`'
    # A mirror in a closed network may have no TLS; the checksum decides all the same.
    [[ $from != http://* ]] || protocols='=http,https'
    part=$(mktemp -- "${RUNNER_TEMP:?}/tollgate.XXXXXX")
    curl --disable --proto "$protocols" --tlsv1.2 --fail --silent --show-error --location --max-redirs 5 \
        --retry 4 --retry-max-time 120 --connect-timeout 15 --max-time 300 --max-filesize "$archive_bytes_max" \
        --output "$part" -- "${from%/}/cli-v$version/$archive" || fail "no verdict: $archive could not be downloaded from $from" \
        'run the job again; where github.com cannot be reached, name a mirror in `TOLLGATE_MIRROR`, or say `version: source`'
    got=$(sha256 "$part")
    [ "$got" = "$wanted" ] || fail "no verdict: the checksum of $archive is $got, not $wanted as pinned" \
        'do not use this file: the download was changed on its way or at its source; report it if it happens again'
    mv -f -- "$part" "$to"
}

# Takes the one program out of an archive.
unpack() {
    local suffix=
    [ "${RUNNER_OS:-}" != Windows ] || suffix=.exe
    local to
    to=$(mktemp -d -- "${RUNNER_TEMP:?}/tollgate.XXXXXX")
    # By standard input: tar takes `C:` in a name for another machine.
    tar -xzf - -C "$to" -- "$2$suffix" <"$1" || fail "no verdict: $1 has no program in it" 'report it: the release is broken'
    binary=$to/$2$suffix
}

# Builds the action's own source, exactly what the workflow pinned.
build() {
    command -v cargo >/dev/null || fail 'no verdict: `version: source` needs cargo, and there is none' \
        'install Rust in a step before this one, or leave `version` out to use the pinned binary'
    local cargo=(cargo) suffix=
    [ "${RUNNER_OS:-}" != Windows ] || suffix=.exe
    echo '::group::Build Tollgate from source'
    # In its own folder: the cargo config of the repository that is measured is not for this build.
    cd -- "$action"
    if command -v rustup >/dev/null && rustup toolchain install stable --profile minimal --no-self-update; then
        cargo=(cargo +stable)
    fi
    env -u RUSTFLAGS -u CARGO_TARGET_DIR -u CARGO_BUILD_TARGET -u RUSTC_WRAPPER -u RUSTUP_TOOLCHAIN \
        "${cargo[@]}" build --release --locked --target-dir "${RUNNER_TEMP:?}/tollgate-build" || fail 'no verdict: Tollgate could not be built' \
        'see the log above; it needs a C compiler and the Rust that Cargo.toml names'
    cd -- "$OLDPWD"
    echo '::endgroup::'
    binary=$RUNNER_TEMP/tollgate-build/release/tollgate$suffix
}

# ---- the commands

# Runs the binary without the token, without what the runner gives for other tokens, and without the files that steer later steps.
measure() {
    local status=0
    env -u GITHUB_ENV -u GITHUB_PATH -u GITHUB_STATE -u ACTIONS_RUNTIME_TOKEN \
        -u ACTIONS_ID_TOKEN_REQUEST_TOKEN -u ACTIONS_ID_TOKEN_REQUEST_URL "$binary" -C "$directory" "$@" || status=$?
    return "$status"
}

# Runs the binary with the token.
with_token() {
    GITHUB_TOKEN=$token "$binary" -C "$directory" "$@"
}

# The last value of an output that the binary has written, if it is a number.
count() {
    local name=$1 line inside='' delimiter='' value=''
    while IFS= read -r line; do
        line=${line%$'\r'}
        if [ -z "$delimiter" ]; then
            [[ $line =~ ^([a-z-]+)'<<'(.+)$ ]] || continue
            inside=${BASH_REMATCH[1]} delimiter=${BASH_REMATCH[2]}
        elif [ "$line" = "$delimiter" ]; then
            delimiter=''
        elif [ "$inside" = "$name" ]; then
            value=$line
        fi
    done <"${GITHUB_OUTPUT:-/dev/null}"
    [[ $value =~ ^[0-9]{1,9}$ ]] && printf '%s' "$value"
}

# Whether `fail-on` names a finding.
listed() { [[ ,$fail_on, == *,"$1",* ]]; }

# Sets `status` to what the step ends with, by `fail-on`. Findings may be set aside, trouble with judging may not.
apply_fail_on() {
    local finding name code number
    case $status in
        0) finding=none ;;
        10) finding=regressed ;;
        11) finding=over-budget ;;
        12) finding=inconclusive ;;
        *) return 0 ;;
    esac
    ! listed "$finding" || return 0
    # A greater finding hides a lesser one in the exit code.
    for name in regressed:regressions:10 over-budget:over-budget:11 inconclusive:inconclusive:12; do
        IFS=: read -r name number code <<<"$name"
        listed "$name" || continue
        number=$(count "$number") || {
            warn "\`fail-on\` is left aside: this version of Tollgate does not count what is $name"
            return 0
        }
        if [ "$((10#$number))" -gt 0 ]; then
            status=$code
            return 0
        fi
    done
    [ "$finding" != none ] || return 0
    if [ "$(count trouble || true)" != 0 ]; then
        warn "\`fail-on\` does not let $finding pass here: something could not be measured or judged beside it, see the report"
        return 0
    fi
    warn "$finding: the step passes because \`fail-on\` is \`$fail_on\`"
    status=0
}

check() {
    local arguments=(check) status=0 ended
    [ -z "$config" ] || arguments+=("--config=$config")
    [ -z "$base" ] || arguments+=("--base=$base")
    measure "${arguments[@]}" ${more[@]+"${more[@]}"} || status=$?
    ended=$status
    [ -z "${GITHUB_OUTPUT:-}" ] || printf 'exit-code=%s\n' "$ended" >>"$GITHUB_OUTPUT"
    [ -z "$fail_on" ] || apply_fail_on
    # 1 to 3: there is no judgement. 130: somebody stopped it.
    case $ended in
        1 | 2 | 3 | 130) ;;
        *) comment_here ;;
    esac
    exit "$status"
}

# Publishes the comment where this job may. Whatever becomes of it, the verdict stands.
comment_here() {
    local ended=0
    [ "${GITHUB_EVENT_NAME:-}" = pull_request ] && [ "$comment-$escalate" != never-false ] || return 0
    if [ "$head_repository" != "${GITHUB_REPOSITORY:-}" ]; then
        notice 'no comment from this job: the pull request comes from a fork, whose token may not write. The workflow tollgate-comment.yml, which `tollgate init` writes, posts it from the evidence that this one uploads.'
        return 0
    fi
    if [ -z "$token" ]; then
        warn 'no comment: there is no token. The report is on the page of the run.'
        return 0
    fi
    with_token "${publishing[@]}" || ended=$?
    [ "$ended" = 0 ] || warn "no comment: publishing ended with $ended, see the log. The verdict stands, and the report is on the page of the run."
}

# actions/download-artifact with `skip-decompress` leaves one zip file in the folder that it is given: that file is what is meant.
only_zip() {
    local -a inside
    shopt -s nullglob dotglob
    inside=("$directory/$1"/*)
    [[ $1 != /* ]] || inside=("$1"/*)
    shopt -u nullglob dotglob
    if [ "${#inside[@]}" = 1 ] && [[ ${inside[0]} == *.zip && -f ${inside[0]} ]]; then
        printf '%s' "${1%/}/${inside[0]##*/}"
    else
        printf '%s' "$1"
    fi
}

run() {
    local arguments=() status=0
    case $command in
        check) check ;;
        publish)
            arguments=("${publishing[@]}")
            [ -z "$artifact" ] || arguments+=("--from-artifact=$(only_zip "$artifact")")
            with_token "${arguments[@]}" ${more[@]+"${more[@]}"} || status=$?
            ;;
        respond) with_token respond ${more[@]+"${more[@]}"} || status=$? ;;
        baseline-update)
            measure baseline update ${more[@]+"${more[@]}"} || status=$?
            [ "$status" != 0 ] || with_token baseline propose || status=$?
            ;;
        selftest) measure selftest ${more[@]+"${more[@]}"} || status=$? ;;
    esac
    [ -z "${GITHUB_OUTPUT:-}" ] || printf 'exit-code=%s\n' "$status" >>"$GITHUB_OUTPUT"
    exit "$status"
}

token='' binary=''
refuse_functions
hide_token
read_inputs
install
run
