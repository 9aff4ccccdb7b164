# shellcheck shell=bash
# Builds of the tree as it stands that leave the tree itself alone: whether it was configured, and
# how, is the developer's matter. A copy of the sources is kept beside the builds and brought up to
# date each time, so that make has little to do the next time.

: "${tree:?}"

check_path() {
    [[ $tree != *[[:space:]]* ]] ||
        fail "autoconf's configure refuses to work in a folder with a space in its path: $tree"
}

# What a build in the tree may have left there must not be taken for a source: make would find an old
# object file through VPATH, and configure refuses a source folder that is configured.
not_a_source='\.(o|a|fcgi|log|trs)$|\.tar\.[a-z0-9]+$|(^|/)(\.deps|\.dirstamp|autom4te\.cache|__pycache__|node_modules)(/|$)'
not_a_source+='|^(Makefile|config\.status|config\.h|stamp-h1)$'

# list_sources: prints the files to copy, relative to the tree, each ended by a zero byte.
list_sources() {
    if [ -e "$tree/.git" ] && command -v git >/dev/null; then
        git -c safe.directory='*' -C "$tree" ls-files -z --cached --others --exclude-standard
    else
        find "$tree" -path "$tree/.git" -prune -o -path "$tree/build" -prune -o -path "$tree/var" -prune \
            -o -type f -printf '%P\0'
    fi | grep --null-data --invert-match --extended-regexp "$not_a_source" | only_files
}

# What was deleted and not committed is still on git's list.
only_files() {
    local file
    while IFS= read -r -d '' file; do
        [ ! -f "$tree/$file" ] || printf '%s\0' "$file"
    done
}

# copy_listed LIST FOLDER
copy_listed() {
    tar -C "$tree" --create --null --no-recursion --files-from "$1" | tar -C "$2" --extract --no-same-owner
}

# copy_sources FOLDER: makes the folder hold the sources as they are now, with their times of change.
copy_sources() {
    local copy=$1 list=$1.list
    mkdir -p "$copy"
    list_sources | sort --zero-terminated >"$list.new"
    # What was copied before and is gone from the tree goes from the copy.
    if [ -f "$list" ]; then
        comm --zero-terminated -23 "$list" "$list.new" | (cd "$copy" && xargs --null --no-run-if-empty rm -f --)
    fi
    copy_listed "$list.new" "$copy"
    mv "$list.new" "$list"
    [ -x "$copy/configure" ] || (cd "$copy" && ./autogen.sh)
}

# build SOURCES FOLDER [ARGUMENT OF CONFIGURE]...: an up-to-date build of the sources in the folder.
build() {
    local sources=$1 folder=$2 wanted
    shift 2
    wanted=$(printf '%q ' "$sources/configure" "$@")
    if [ ! -f "$folder/Makefile" ] || [ "$(cat "$folder/configured-as" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        (cd "$folder" && "$sources/configure" "$@")
        printf '%s\n' "$wanted" >"$folder/configured-as"
    fi
    make -C "$folder" --jobs="$(nproc)"
}
